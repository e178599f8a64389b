/** People: finding them, their groups with all parents, what they may do, and their passwords. */
import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Database, Queries } from '../db/database.ts';
import { prepare } from '../db/prepared.ts';
import type { Core } from './core.ts';
import type { Json, ValuesOf } from './declaration.ts';
import { userModel } from './models/people.ts';
import { normalisedKey } from './names.ts';
import { insertObject, type StoredObject } from './objects.ts';

/** A person as the rest of the program knows them. The password hash is read apart. */
export type User = {
  pk: number;
  id: string;
  /** Stable, opaque and unlinkable to the rest: the `sub` of tokens. */
  uid: string;
  username: string;
  name: string;
  email: string;
  isActive: boolean;
  type: string;
  path: string;
  attributes: Record<string, Json>;
  lastLoginAt: number | null;
  passwordChangedAt: number;
};

/** A group that a person is in, directly or through a parent. */
export type Membership = { id: string; name: string; isSuperuser: boolean; attributes: Record<string, Json> };

const columns = [
  'pk',
  'id',
  'uid',
  'username',
  'name',
  'email',
  'is_active',
  'type',
  'path',
  'attributes',
  'last_login_at',
  'password_changed_at',
] as const;

type UserRow = {
  pk: number;
  id: string;
  uid: string;
  username: string;
  name: string;
  email: string;
  is_active: number;
  type: string;
  path: string;
  attributes: string;
  last_login_at: number | null;
  password_changed_at: number;
};

/** Turns a row into a person. */
export const userOfRow = (row: UserRow): User => ({
  pk: row.pk,
  id: row.id,
  uid: row.uid,
  username: row.username,
  name: row.name,
  email: row.email,
  isActive: row.is_active === 1,
  type: row.type,
  path: row.path,
  attributes: JSON.parse(row.attributes) as Record<string, Json>,
  lastLoginAt: row.last_login_at,
  passwordChangedAt: row.password_changed_at,
});

/** The columns to select for `userOfRow`. */
export const userColumns = columns;

const byPk = prepare((queries, { pk }: { pk: number }) =>
  queries.selectFrom('users').select(columns).where('pk', '=', pk),
);

const byName = {
  username_key: prepare((queries, { key }: { key: string }) =>
    queries.selectFrom('users').select(columns).where('username_key', '=', key).limit(2),
  ),
  email_key: prepare((queries, { key }: { key: string }) =>
    queries.selectFrom('users').select(columns).where('email_key', '=', key).limit(2),
  ),
};

/** The person with this number, or undefined. */
export async function userByPk(queries: Queries, pk: number): Promise<User | undefined> {
  const [row] = await byPk(queries, { pk });
  return row && userOfRow(row);
}

/** Which fields people may name themselves by. */
export type IdentifierField = 'username' | 'email' | 'upn';

/**
 * The person named by what was typed. A mail address that several share names nobody. Names are compared in their
 * normalised form; `exactCase` also wants the very same letters.
 */
export async function userByIdentifier(
  { engine, read }: Pick<Database, 'engine' | 'read'>,
  typed: string,
  fields: readonly IdentifierField[],
  exactCase = false,
): Promise<User | undefined> {
  const key = normalisedKey(typed);
  if (key === '' || key.includes('\0')) return undefined;
  for (const field of fields) {
    const rows = (
      field === 'upn'
        ? await rowsByUpn(engine, read, typed)
        : await byName[field === 'email' ? 'email_key' : 'username_key'](read, { key })
    ).map(userOfRow);
    const found = rows.length === 1 ? rows[0] : undefined;
    const same = field === 'email' ? found?.email : field === 'username' ? found?.username : typed;
    if (found && (!exactCase || same === typed)) return found;
  }
  return undefined;
}

/** No index helps with an attribute, so it stays a rare choice. */
function rowsByUpn(engine: Database['engine'], read: Queries, upn: string): Promise<UserRow[]> {
  const value = engine === 'sqlite' ? sql<string>`attributes ->> '$.upn'` : sql<string>`attributes::json ->> 'upn'`;
  return read.selectFrom('users').select(columns).where(value, '=', upn).limit(2).execute();
}

/** The stored hash, or null when the account has no password. */
export async function passwordHashOf(queries: Queries, userPk: number): Promise<string | null> {
  const [row] = await hashByPk(queries, { userPk });
  return row?.password_hash ?? null;
}

const hashByPk = prepare((queries, { userPk }: { userPk: number }) =>
  queries.selectFrom('users').select('password_hash').where('pk', '=', userPk),
);

/** Stores a hash that `Core.passwords` made; null takes the password away. */
export async function setPasswordHash(
  transaction: Queries,
  at: number,
  userPk: number,
  hash: string | null,
): Promise<void> {
  await transaction
    .updateTable('users')
    .set({ password_hash: hash, password_changed_at: at, updated_at: at })
    .where('pk', '=', userPk)
    .execute();
}

/** Remembers when a person last signed in. */
export async function noteLogin(transaction: Queries, at: number, userPk: number): Promise<void> {
  await transaction.updateTable('users').set({ last_login_at: at }).where('pk', '=', userPk).execute();
}

const groupsHeld = prepare((queries, { userPk }: { userPk: number }) =>
  queries
    .withRecursive('held', (query) =>
      query
        .selectFrom('group_members as m')
        .select('m.group_id as id')
        .where('m.user_pk', '=', userPk)
        .union(
          query.selectFrom('group_parents as p').innerJoin('held', 'held.id', 'p.group_id').select('p.parent_id as id'),
        ),
    )
    .selectFrom('groups as g')
    .innerJoin('held', 'held.id', 'g.id')
    .select(['g.id', 'g.name', 'g.is_superuser', 'g.settings'])
    .orderBy('g.name'),
);

/** All groups of a person: those they are in, and every parent above. A cycle of parents ends by itself. */
export async function membershipsOf(queries: Queries, userPk: number): Promise<Membership[]> {
  const rows = await groupsHeld(queries, { userPk });
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    isSuperuser: row.is_superuser === 1,
    attributes: (JSON.parse(row.settings) as { attributes?: Record<string, Json> }).attributes ?? {},
  }));
}

/** The attributes that count for a person: those of their groups in order of name, then their own. */
export function effectiveAttributes(user: User, memberships: readonly Membership[]): Record<string, Json> {
  return Object.assign({}, ...memberships.map((each) => each.attributes), user.attributes) as Record<string, Json>;
}

/** A new identifier that says nothing of the person: 64 hexadecimal digits. */
export const newUid = (): string => createHash('sha256').update(randomBytes(32)).digest('hex');

/** Makes an account. The password is set apart. Throws `invalid` when the name is taken. */
export async function createUser(
  core: Pick<Core, 'database' | 'sealer' | 'now'>,
  transaction: Queries,
  values: Partial<ValuesOf<typeof userModel.fields>> & { username: string },
  uid: string = newUid(),
): Promise<StoredObject<typeof userModel.fields>> {
  return insertObject(core, transaction, userModel, { name: values.username, ...values }, { uid });
}
