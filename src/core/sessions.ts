/** Sessions of people who have signed in. Read each time, so that ending one counts with the next request. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Database, Queries } from '../db/database.ts';
import { prepare } from '../db/prepared.ts';
import type { Core } from './core.ts';
import { type User, userColumns, userOfRow } from './users.ts';

/** How a person proved who they are: RFC 8176 method references. */
export type AuthenticationMethods = readonly string[];

export type Session = {
  id: string;
  user: User;
  createdAt: number;
  expiresAt: number;
  /** When the person last proved who they are: the `auth_time` of tokens. */
  authenticatedAt: number;
  /** When it was last seen in use, to the hour. */
  lastUsedAt: number;
  methods: AuthenticationMethods;
  address: string;
  binding: { network?: string };
};

/** The hash under which a browser's token is known. */
export const hashOfToken = (token: string): string => createHash('sha256').update(token).digest('hex');
/** A fresh token for a browser: 256 random bits. */
export const newBrowserToken = (): string => randomBytes(32).toString('base64url');

export type NewSession = {
  userPk: number;
  lifetimeMilliseconds: number;
  methods: AuthenticationMethods;
  address: string;
  userAgent: string;
  binding: { network?: string };
};

/** Makes a session and returns the token for the browser; only its hash is stored. */
export async function createSession(
  transaction: Queries,
  at: number,
  input: NewSession,
): Promise<{ id: string; token: string }> {
  const token = newBrowserToken();
  const id = randomUUID();
  await transaction
    .insertInto('sessions')
    .values({
      id,
      token_hash: hashOfToken(token),
      user_pk: input.userPk,
      created_at: at,
      expires_at: at + input.lifetimeMilliseconds,
      last_used_at: at,
      authenticated_at: at,
      methods: JSON.stringify(input.methods),
      address: input.address,
      user_agent: input.userAgent.slice(0, 500),
      binding: JSON.stringify(input.binding),
    })
    .execute();
  return { id, token };
}

/** The live session of a browser's token, with its active person; undefined otherwise. */
export async function sessionByToken(database: Database, at: number, token: string): Promise<Session | undefined> {
  return liveSession(database.read, at, 'token_hash', hashOfToken(token));
}

/** The live session with this identifier, with its active person; undefined otherwise. */
export async function sessionById(queries: Queries, at: number, id: string): Promise<Session | undefined> {
  return liveSession(queries, at, 'id', id);
}

const liveBy = (column: 'token_hash' | 'id') =>
  prepare((queries, { value, at }: { value: string; at: number }) =>
    queries
      .selectFrom('sessions as s')
      .innerJoin('users as u', 'u.pk', 's.user_pk')
      .select([
        's.id as session_id',
        's.created_at',
        's.expires_at',
        's.authenticated_at',
        's.last_used_at',
        's.methods',
        's.address',
        's.binding',
        ...userColumns.map((each) => `u.${each}` as const),
      ])
      .where(`s.${column}`, '=', value)
      .where('s.expires_at', '>', at)
      .where('u.is_active', '=', 1),
  );
const live = { token_hash: liveBy('token_hash'), id: liveBy('id') };

async function liveSession(
  queries: Queries,
  at: number,
  column: 'token_hash' | 'id',
  value: string,
): Promise<Session | undefined> {
  const [row] = await live[column](queries, { value, at });
  if (!row) return undefined;
  return {
    id: row.session_id,
    user: userOfRow(row),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    authenticatedAt: row.authenticated_at,
    lastUsedAt: row.last_used_at,
    methods: JSON.parse(row.methods) as string[],
    address: row.address,
    binding: JSON.parse(row.binding) as { network?: string },
  };
}

/** How exactly it is known when a session was last used. */
const USE_MILLISECONDS = 3_600_000;

/** Notes that a session is in use, once in an hour, and lets nobody wait for it. Not for use inside a unit of work. */
export function noteSessionUse({ database, log, now }: Pick<Core, 'database' | 'log' | 'now'>, session: Session): void {
  const at = now();
  if (at - session.lastUsedAt < USE_MILLISECONDS) return;
  session.lastUsedAt = at;
  database
    .write((transaction) =>
      transaction
        .updateTable('sessions')
        .set({ last_used_at: at })
        .where('id', '=', session.id)
        .where('last_used_at', '<=', at - USE_MILLISECONDS)
        .execute(),
    )
    // Nobody is hurt by a time that is too old, also when the server is just stopping.
    .catch((err: unknown) => log.debug({ err, session: session.id }, 'the use of a session was not noted'));
}

/** A statement has room for so many identifiers and more. */
const MOST_AT_ONCE = 1000;

/** Ends sessions and everything that lives only as long as they do. Refresh tokens with `offline_access` outlive them. */
export async function endSessions(transaction: Queries, at: number, ids: readonly string[]): Promise<void> {
  for (let start = 0; start < ids.length; start += MOST_AT_ONCE) {
    const some = ids.slice(start, start + MOST_AT_ONCE);
    await transaction
      .updateTable('access_tokens')
      .set({ revoked_at: at })
      .where('session_id', 'in', some)
      .where('revoked_at', 'is', null)
      .execute();
    await transaction.deleteFrom('sessions').where('id', 'in', some).execute();
  }
}

/** The identifiers of a person's sessions, but for one. */
export async function sessionIdsOf(queries: Queries, userPk: number, except?: string): Promise<string[]> {
  const rows = await queries.selectFrom('sessions').select('id').where('user_pk', '=', userPk).execute();
  return rows.map((row) => row.id).filter((id) => id !== except);
}
