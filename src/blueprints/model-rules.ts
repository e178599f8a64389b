/** What the declaration of a model does not say: passwords of people, keys of tokens, the facts of certificates. */
import { certificateValues } from '../core/certificate-values.ts';
import type { Core } from '../core/core.ts';
import type { Declaration, Json } from '../core/declaration.ts';
import { findObject, insertObject, type StoredObject, updateObject } from '../core/objects.ts';
import type { Values } from '../core/rows.ts';
import { readSecret } from '../core/secrets.ts';
import { endSessions, sessionIdsOf } from '../core/sessions.ts';
import { createToken, readTokenKey, SHORTEST_KEY, setTokenKey } from '../core/tokens.ts';
import { newUid, passwordHashOf, setPasswordHash } from '../core/users.ts';
import type { Queries } from '../db/database.ts';
import { AttributeFault } from './checked-values.ts';
import type { Preparations } from './preparations.ts';

/** What writing needs. */
export type Writing = { core: Core; transaction: Queries; preparations: Preparations };

const USER = 'authentik_core.user';
const TOKEN = 'authentik_core.token';
const CERTIFICATE = 'authentik_crypto.certificatekeypair';

/** Takes out of the attributes what is no field of the model. */
export function splitAttributes(
  model: string,
  given: Readonly<Record<string, Json>>,
): { plain: Record<string, Json>; apart: string | undefined } {
  const name = model === USER ? 'password' : model === TOKEN ? 'key' : undefined;
  if (name === undefined || !Object.hasOwn(given, name)) return { plain: { ...given }, apart: undefined };
  const { [name]: value, ...plain } = given;
  if (value === null || value === '') return { plain, apart: undefined };
  if (typeof value !== 'string') throw new AttributeFault(name, `${name}: must be text`);
  if (model === TOKEN && value.length < SHORTEST_KEY) {
    throw new AttributeFault(name, `${name}: must have at least ${SHORTEST_KEY} characters`);
  }
  return { plain, apart: value };
}

/** Gives a person the password. True when that changed something. */
export async function givePassword(
  { core, transaction, preparations }: Writing,
  userPk: number,
  plain: string,
): Promise<boolean> {
  if (Buffer.byteLength(plain) > 1024) throw new AttributeFault('password', 'password: has at most 1024 bytes');
  const prepared = preparations.password(plain, await passwordHashOf(transaction, userPk));
  if (!prepared || prepared.unchanged) return false;
  await setPasswordHash(transaction, core.now(), userPk, prepared.hash);
  // Whoever knew the old password may be signed in with it.
  await signOut(core, transaction, userPk);
  return true;
}

const signOut = async (core: Core, transaction: Queries, userPk: number): Promise<void> =>
  endSessions(transaction, core.now(), await sessionIdsOf(transaction, userPk));

/** Makes an object of checked values. */
export async function createOne(
  writing: Writing,
  declaration: Declaration,
  values: Values,
  apart: string | undefined,
  id: string | undefined,
): Promise<StoredObject> {
  const { core, transaction, preparations } = writing;
  preparations.requireExpressions(declaration, values);
  if (declaration.model === TOKEN) {
    const { token } = await createToken(core, transaction, values as Parameters<typeof createToken>[2], apart);
    return token as unknown as StoredObject;
  }
  const own = { ...(id !== undefined && { id }), ...(declaration.model === USER && { uid: newUid() }) };
  const made = await insertObject(core, transaction, declaration, withFacts(declaration, values, undefined), own);
  if (declaration.model === USER && apart !== undefined) await givePassword(writing, made.pk as number, apart);
  return made;
}

/** Changes what differs. True when anything did. */
export async function changeOne(
  writing: Writing,
  declaration: Declaration,
  before: StoredObject,
  changed: Values,
  apart: string | undefined,
): Promise<boolean> {
  const { core, transaction, preparations } = writing;
  let differs = false;
  if (Object.keys(changed).length > 0) {
    preparations.requireExpressions(declaration, changed, before.values);
    const certificate = declaration.model === CERTIFICATE;
    const key = certificate ? await readSecret(core.sealer, transaction, before.id, 'key_data') : undefined;
    const values = withFacts(declaration, changed, { ...before.values, key_data: key ?? '' });
    await updateObject(core, transaction, declaration, before.id, values);
    if (declaration.model === USER && values.is_active === false) await signOut(core, transaction, before.pk as number);
    differs = true;
  }
  if (apart === undefined) return differs;
  if (declaration.model === USER) return (await givePassword(writing, before.pk as number, apart)) || differs;
  if ((await readTokenKey(core.sealer, transaction, before.id)) === apart) return differs;
  await setTokenKey(core.sealer, transaction, before.id, apart);
  return true;
}

function withFacts(declaration: Declaration, values: Values, before: Values | undefined): Values {
  if (declaration.model === USER && before === undefined) return { name: values.username, ...values };
  if (declaration.model !== CERTIFICATE || !('certificate_data' in values || 'key_data' in values)) return values;
  const all = { ...before, ...values };
  return { ...values, ...certificateValues(textOf(all.certificate_data), textOf(all.key_data)) };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Whether a secret field already has the value. */
export async function isSameSecret(
  core: Core,
  transaction: Queries,
  id: string,
  name: string,
  wanted: unknown,
): Promise<boolean> {
  return ((await readSecret(core.sealer, transaction, id, name)) ?? '') === wanted;
}

/** The person with this number. Throws AttributeFault. */
export async function requireUser(
  transaction: Queries,
  declaration: Declaration,
  pk: Json | undefined,
): Promise<StoredObject> {
  const found = typeof pk === 'number' ? await findObject(transaction, declaration, { pk }) : undefined;
  if (!found) throw new AttributeFault('user', 'user: must be the number of a person');
  return found;
}
