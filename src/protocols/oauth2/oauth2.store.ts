/**
 * Codes and tokens in the database. Single use is one `UPDATE … RETURNING` that says whether this caller took it;
 * rows stay until their family has ended, so that a second use is recognised.
 */
import type { Queries } from '../../db/database.ts';
import { prepare } from '../../db/prepared.ts';
import type { Grant } from './grant.ts';

/** A code or token as it was found. Times are milliseconds since 1970. */
export type StoredGrant = {
  pk: number;
  familyId: string;
  providerPk: number;
  userPk: number;
  sessionId: string | null;
  grant: Grant;
  createdAt: number;
  expiresAt: number;
  redeemedAt: number | null;
  revokedAt: number | null;
};

export type NewGrant = {
  hash: string;
  familyId: string;
  providerPk: number;
  userPk: number;
  sessionId: string | null;
  grant: Grant;
  expiresAt: number;
};

/** Tokens that were minted together. */
export type NewTokens = { access: NewGrant; refresh?: NewGrant };

type Row = {
  pk: number;
  family_id: string;
  provider_pk: number;
  user_pk: number;
  session_id: string | null;
  grant: string;
  created_at: number;
  expires_at: number;
  redeemed_at?: number | null;
  revoked_at?: number | null;
};

const columns = [
  'pk',
  'family_id',
  'provider_pk',
  'user_pk',
  'session_id',
  'grant',
  'created_at',
  'expires_at',
] as const;

const grantOfRow = (row: Row): StoredGrant => ({
  pk: row.pk,
  familyId: row.family_id,
  providerPk: row.provider_pk,
  userPk: row.user_pk,
  sessionId: row.session_id,
  grant: JSON.parse(row.grant) as Grant,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  redeemedAt: row.redeemed_at ?? null,
  revokedAt: row.revoked_at ?? null,
});

const rowOfGrant = (at: number, made: NewGrant) => ({
  family_id: made.familyId,
  provider_pk: made.providerPk,
  user_pk: made.userPk,
  session_id: made.sessionId,
  grant: JSON.stringify(made.grant),
  created_at: at,
  expires_at: made.expiresAt,
});

type GrantRow = ReturnType<typeof rowOfGrant> & { hash: string };

/** Names the columns, which a prepared query must be told one by one. */
const columnsOf = (row: GrantRow) => ({
  family_id: row.family_id,
  provider_pk: row.provider_pk,
  user_pk: row.user_pk,
  session_id: row.session_id,
  grant: row.grant,
  created_at: row.created_at,
  expires_at: row.expires_at,
});

const addCode = prepare((queries, row: GrantRow) =>
  queries.insertInto('authorization_codes').values({ code_hash: row.hash, ...columnsOf(row) }),
);
const addAccessToken = prepare((queries, row: GrantRow) =>
  queries.insertInto('access_tokens').values({ token_hash: row.hash, ...columnsOf(row) }),
);
const addRefreshToken = prepare((queries, row: GrantRow) =>
  queries.insertInto('refresh_tokens').values({ token_hash: row.hash, ...columnsOf(row) }),
);

/** Stores a code that is about to be sent. */
export async function insertCode(transaction: Queries, at: number, code: NewGrant): Promise<void> {
  await addCode(transaction, { hash: code.hash, ...rowOfGrant(at, code) });
}

/** The code with this hash, also when it was redeemed. */
export async function codeByHash(queries: Queries, hash: string): Promise<StoredGrant | undefined> {
  const [row] = await findCode(queries, { hash });
  return row && grantOfRow(row);
}

const findCode = prepare((queries, { hash }: { hash: string }) =>
  queries
    .selectFrom('authorization_codes')
    .select([...columns, 'redeemed_at'])
    .where('code_hash', '=', hash),
);

/** Takes the code; false when somebody else has, or it is over. It is kept until its tokens have ended. */
export async function takeCode(transaction: Queries, at: number, pk: number, keepUntil: number): Promise<boolean> {
  return (await redeemCode(transaction, { at, pk, keepUntil })).length === 1;
}

const redeemCode = prepare((queries, { at, pk, keepUntil }: { at: number; pk: number; keepUntil: number }) =>
  queries
    .updateTable('authorization_codes')
    .set({ redeemed_at: at, expires_at: keepUntil })
    .where('pk', '=', pk)
    .where('redeemed_at', 'is', null)
    .where('expires_at', '>', at)
    .returning('pk'),
);

/** Stores tokens before they are given. */
export async function insertTokens(transaction: Queries, at: number, { access, refresh }: NewTokens): Promise<void> {
  await addAccessToken(transaction, { hash: access.hash, ...rowOfGrant(at, access) });
  if (refresh) await addRefreshToken(transaction, { hash: refresh.hash, ...rowOfGrant(at, refresh) });
}

/** The refresh token with this hash, also when it was used or revoked. */
export async function refreshTokenByHash(queries: Queries, hash: string): Promise<StoredGrant | undefined> {
  const [row] = await findRefreshToken(queries, { hash });
  return row && grantOfRow(row);
}

const findRefreshToken = prepare((queries, { hash }: { hash: string }) =>
  queries
    .selectFrom('refresh_tokens')
    .select([...columns, 'redeemed_at', 'revoked_at'])
    .where('token_hash', '=', hash),
);

/**
 * Uses a refresh token: takes it when it is `rotated`, else only makes sure that it is alive, holding its row so that
 * the end of its family waits for us. False when somebody else has taken or revoked it.
 */
export async function takeRefreshToken(
  transaction: Queries,
  at: number,
  pk: number,
  rotated: boolean,
): Promise<boolean> {
  return (await redeemRefreshToken(transaction, { at, pk, redeemedAt: rotated ? at : null })).length === 1;
}

const redeemRefreshToken = prepare(
  (queries, { at, pk, redeemedAt }: { at: number; pk: number; redeemedAt: number | null }) =>
    queries
      .updateTable('refresh_tokens')
      .set({ redeemed_at: redeemedAt })
      .where('pk', '=', pk)
      .where('redeemed_at', 'is', null)
      .where('revoked_at', 'is', null)
      .where('expires_at', '>', at)
      .returning('pk'),
);

/** The access token with this hash, if it may be used: not over, not revoked, and its session, if it has one, lives. */
export async function liveAccessToken(queries: Queries, at: number, hash: string): Promise<StoredGrant | undefined> {
  const [row] = await findLiveAccessToken(queries, { at, hash });
  if (!row) return undefined;
  if (row.session_id !== null && (row.session_expires_at ?? 0) <= at) return undefined;
  return grantOfRow(row);
}

const findLiveAccessToken = prepare((queries, { at, hash }: { at: number; hash: string }) =>
  queries
    .selectFrom('access_tokens as t')
    .leftJoin('sessions as s', 's.id', 't.session_id')
    .select([...columns.map((each) => `t.${each}` as const), 's.expires_at as session_expires_at'])
    .where('t.token_hash', '=', hash)
    .where('t.expires_at', '>', at)
    .where('t.revoked_at', 'is', null),
);

/**
 * Ends everything that came from one authorization. A refresh that runs at the same time holds the row of its token;
 * once we have waited for it, its new token is there to be found, so we look until nothing is left.
 */
export async function revokeFamily(transaction: Queries, at: number, familyId: string): Promise<void> {
  for (;;) {
    const revoked = await transaction
      .updateTable('refresh_tokens')
      .set({ revoked_at: at })
      .where('family_id', '=', familyId)
      .where('revoked_at', 'is', null)
      .returning('pk')
      .execute();
    if (revoked.length === 0) break;
  }
  await transaction
    .updateTable('access_tokens')
    .set({ revoked_at: at })
    .where('family_id', '=', familyId)
    .where('revoked_at', 'is', null)
    .execute();
}

/** Ends one access token. */
export async function revokeAccessToken(transaction: Queries, at: number, pk: number): Promise<void> {
  await transaction
    .updateTable('access_tokens')
    .set({ revoked_at: at })
    .where('pk', '=', pk)
    .where('revoked_at', 'is', null)
    .execute();
}

/** Ends the tokens that one client was given in one session. */
export async function revokeSessionTokens(
  transaction: Queries,
  at: number,
  providerPk: number,
  sessionId: string,
): Promise<void> {
  await transaction
    .updateTable('access_tokens')
    .set({ revoked_at: at })
    .where('session_id', '=', sessionId)
    .where('provider_pk', '=', providerPk)
    .where('revoked_at', 'is', null)
    .execute();
}

/** Puts on record that tokens signed with a certificate's key may live until then. */
export async function noteKeyUse(
  transaction: Queries,
  providerPk: number,
  certificateId: string,
  until: number,
): Promise<void> {
  await transaction
    .insertInto('signing_key_uses')
    .values({ provider_pk: providerPk, certificate_id: certificateId, used_until: until })
    .onConflict((conflict) => conflict.columns(['provider_pk', 'certificate_id']).doUpdateSet({ used_until: until }))
    .execute();
}
