/** Tokens that act for a user: stored as a hash, and sealed for those who may read the key again. */
import { isUniqueViolation, type Queries } from '../db/database.ts';
import type { Sealer } from './crypto/seal.ts';
import { hashToken, randomAlphanumeric } from './crypto/tokens.ts';
import { declare, text, type ValuesOf } from './declaration.ts';
import { invalid } from './fault.ts';
import { type tokenIntents, tokenModel } from './models/people.ts';
import { insertObject, type ObjectStore, type StoredObject } from './objects.ts';
import { readSecret, writeSecret } from './secrets.ts';
import { type User, userColumns, userOfRow } from './users.ts';

export type TokenValues = ValuesOf<typeof tokenModel.fields>;
export type Token = StoredObject<typeof tokenModel.fields>;
export type TokenIntent = (typeof tokenIntents)[number];

const KEY = 'key';
/** Below this a key can be guessed. Keys that are made here have 60 characters. */
export const SHORTEST_KEY = 16;

/** The column of the hash is nobody's to set, so only this file knows of it. */
const storedTokenModel = declare({
  ...(tokenModel as Omit<typeof tokenModel, 'check' | 'expressions'>),
  fields: { ...tokenModel.fields, key_hash: text({ column: 'key_hash', readOnly: true, disclosure: 'hidden' }) },
});

/** A fresh key of letters and digits. */
export const newTokenKey = (length = 60): string => randomAlphanumeric(length);

/** Makes a token and its key. Throws `invalid` when the identifier is taken or the user is not there. */
export async function createToken(
  store: ObjectStore,
  transaction: Queries,
  values: Partial<TokenValues> & { identifier: string; user: number },
  key: string = newTokenKey(),
): Promise<{ token: Token; key: string }> {
  const made = await insertObject(store, transaction, storedTokenModel, { ...values, key_hash: hashToken(key) });
  await writeSecret(store.sealer, transaction, made.id, KEY, key);
  const { key_hash: _, ...shown } = made.values;
  return { token: { ...made, values: shown }, key };
}

/** Replaces the key of a token. Throws `invalid` for one that another token has: one key leads to one account. */
export async function setTokenKey(sealer: Sealer, transaction: Queries, id: string, key: string): Promise<void> {
  const key_hash = hashToken(key);
  try {
    await transaction.updateTable('tokens').set({ key_hash }).where('id', '=', id).execute();
  } catch (fault) {
    if (!isUniqueViolation(fault)) throw fault;
    throw invalid({ key: ['Choose another key.'] });
  }
  await writeSecret(sealer, transaction, id, KEY, key);
}

/** Reads the key of a token again, or undefined when there is no sealed copy. */
export function readTokenKey(sealer: Sealer, queries: Queries, id: string): Promise<string | undefined> {
  return readSecret(sealer, queries, id, KEY);
}

/** The live token of this key and intent with its active user; undefined otherwise. */
export async function tokenByKey(
  queries: Queries,
  at: number,
  key: string,
  intent: TokenIntent,
): Promise<{ id: string; identifier: string; user: User } | undefined> {
  const row = await queries
    .selectFrom('tokens as t')
    .innerJoin('users as u', 'u.pk', 't.user_pk')
    .select([
      't.id as token_id',
      't.identifier',
      't.expires_at',
      't.settings',
      ...userColumns.map((each) => `u.${each}` as const),
    ])
    .where('t.key_hash', '=', hashToken(key))
    .where('t.intent', '=', intent)
    .where('u.is_active', '=', 1)
    .executeTakeFirst();
  if (!row) return undefined;
  const { expiring = true } = JSON.parse(row.settings) as { expiring?: boolean };
  if (expiring && row.expires_at !== null && row.expires_at <= at) return undefined;
  return { id: row.token_id, identifier: row.identifier, user: userOfRow(row) };
}
