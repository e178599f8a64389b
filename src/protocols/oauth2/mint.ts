/** Makes tokens: their claims, their signatures, their encryption, and what the database keeps of them. */
import { hash } from 'node:crypto';
import { encryptJwt, signJwt } from '../../core/crypto/jwt.ts';
import type { SigningAlgorithm } from '../../core/crypto/keys.ts';
import { hashToken, randomToken } from '../../core/crypto/tokens.ts';
import type { User } from '../../core/users.ts';
import type { ProtocolServices } from '../protocol.ts';
import { type Claims, claimsOf, namedClaims, requireOwnSubject, subjectOf } from './claims.ts';
import type { Client } from './clients.store.ts';
import type { Grant } from './grant.ts';
import { insertTokens, type NewTokens, noteKeyUse } from './oauth2.store.ts';

/** What tokens are to be made of. */
export type Order = {
  client: Client;
  user: User;
  grant: Grant;
  familyId: string;
  /** Tokens bound to a session end with it. */
  sessionId: string | null;
  /** `scheme://host` for the issuer. */
  origin: string;
  /** A fresh refresh token that holds until then; none when left out. */
  refreshUntil?: number | undefined;
  /** What the refresh token remembers, when the access token is to have fewer scopes. */
  refreshGrant?: Grant;
  /** The code given along with the tokens by the hybrid flow. */
  code?: string;
  /** False for the response type `code token`, which has none. */
  withIdToken?: boolean;
};

/** What a unit of work is done with. */
export type Transaction = Parameters<typeof insertTokens>[0];

/** Tokens that nobody has been given yet. `rows` must be stored first. */
export type Minted = {
  accessToken: string;
  idToken: string | undefined;
  refreshToken: string | undefined;
  /** Seconds. */
  expiresIn: number;
  rows: NewTokens;
};

/** The authentication context that every sign-in here has. */
export const ACR = 'goauthentik.io/providers/oauth2/default';

/** What a mapping may not overwrite: a relying party's checks rest on it. */
const PROTECTED = ['iss', 'aud', 'exp', 'iat', 'nbf', 'jti', 'nonce', 'auth_time', 'at_hash', 'c_hash', 'azp', 'sid'];

/** `iss` of a client's tokens. */
export function issuerOf(client: Client, origin: string): string {
  return client.settings.issuer_mode === 'global'
    ? `${origin}/`
    : `${origin}/application/o/${client.application.values.slug}/`;
}

/** What of a code's grant goes on into the tokens. */
function tokenGrant({ scopes, authenticatedAt, methods, nonce, claims }: Grant): Grant {
  return { scopes, authenticatedAt, methods, ...(nonce !== undefined && { nonce }), ...(claims && { claims }) };
}

/**
 * A name for everything that comes of one authorization. It begins with the time, so that those of one moment lie
 * together in the index.
 */
export const newFamily = (at: number): string => `${at.toString(36)}-${randomToken(16)}`;

/** Says which session of a person a token is about, without naming it. */
export const sessionClaim = (sessionId: string): string => hashToken(`session ${sessionId}`);

/** Makes the tokens and stores nothing: see `storeMinted`. */
export async function mint(services: ProtocolServices, order: Order): Promise<Minted> {
  const { client, user, grant, familyId, sessionId } = order;
  await requireOwnSubject(services, client, user);
  const at = services.core.now();
  const issuedAt = Math.floor(at / 1000);
  const lifetime = Math.max(1, Math.round(client.lifetimes.accessToken / 1000));
  const openid = grant.scopes.includes('openid');
  const told = client.settings.include_claims_in_id_token
    ? safe(await claimsOf(services, client, user, grant.scopes))
    : {};
  const base: Claims = {
    iss: issuerOf(client, order.origin),
    sub: subjectOf(client.settings.sub_mode, user),
    aud: client.clientId,
    exp: issuedAt + lifetime,
    iat: issuedAt,
    auth_time: Math.floor(grant.authenticatedAt / 1000),
    acr: ACR,
    ...(grant.methods.length > 0 && { amr: grant.methods }),
    ...(grant.nonce !== undefined && { nonce: grant.nonce }),
    ...(sessionId !== null && { sid: sessionClaim(sessionId) }),
  };
  const jti = randomToken();
  const accessClaims = { ...base, jti, azp: client.clientId, uid: jti, scope: grant.scopes.join(' '), ...told };
  const accessToken = await sealed(client, accessClaims);
  let idToken: string | undefined;
  if (openid && order.withIdToken !== false) {
    const asked = await namedClaims(services, client, user, grant.scopes, grant.claims?.idToken ?? []);
    const { algorithm } = client.key.signing;
    idToken = await sealed(client, {
      ...base,
      at_hash: halfHash(algorithm, accessToken),
      ...(order.code !== undefined && { c_hash: halfHash(algorithm, order.code) }),
      ...told,
      ...safe(asked),
    });
  }
  const row = { familyId, providerPk: client.providerPk, userPk: user.pk };
  const kept = tokenGrant(grant);
  const rows: NewTokens = {
    access: { ...row, hash: hashToken(accessToken), sessionId, grant: kept, expiresAt: (issuedAt + lifetime) * 1000 },
  };
  let refreshToken: string | undefined;
  if (order.refreshUntil !== undefined) {
    refreshToken = randomToken(64);
    // Made for when nobody is there, it outlives the session (OpenID Connect Core section 11).
    const refresh = { ...row, hash: hashToken(refreshToken), sessionId: null, expiresAt: order.refreshUntil };
    rows.refresh = { ...refresh, grant: order.refreshGrant ?? kept };
  }
  return { accessToken, idToken, refreshToken, expiresIn: lifetime, rows };
}

/**
 * Stores minted tokens in the unit of work that takes what they are given for: both happen or neither. `take` says
 * whether this caller may have them; what it writes on a refusal is kept. Then, and only then, they may be given.
 *
 * The signing came before, because nothing but the database may be awaited inside a unit of work, and because a key
 * that fails must not cost the client its code. A token that was signed and not stored is of no use to anybody: it
 * never leaves this process.
 */
export async function storeMinted(
  services: ProtocolServices,
  client: Client,
  minted: Minted,
  take: (transaction: Transaction) => Promise<boolean>,
): Promise<boolean> {
  const { core } = services;
  const { certificateId } = client.key;
  const { expiresAt } = minted.rows.access;
  // Written once in a while and not with each token: the record is for longer than this token lives.
  const noted = certificateId !== undefined && expiresAt > client.keyNotedUntil;
  const until = expiresAt + client.lifetimes.accessToken;
  const given = await core.database.write(async (transaction) => {
    if (!(await take(transaction))) return false;
    await insertTokens(transaction, core.now(), minted.rows);
    if (noted) await noteKeyUse(transaction, client.providerPk, certificateId, until);
    return true;
  });
  if (given && noted) client.keyNotedUntil = until;
  return given;
}

async function sealed(client: Client, claims: Claims): Promise<string> {
  const jwt = await signJwt(client.key.signing, {}, claims);
  return client.encryption ? encryptJwt(jwt, client.encryption.publicKey, client.encryption.kid) : jwt;
}

function safe(claims: Claims): Claims {
  for (const name of PROTECTED) delete claims[name];
  return claims;
}

/** The left half of the hash that goes with the signature (OpenID Connect Core section 3.1.3.6). */
function halfHash(algorithm: SigningAlgorithm, text: string): string {
  const digest =
    algorithm === 'ES384' ? 'sha384' : algorithm === 'ES512' || algorithm === 'EdDSA' ? 'sha512' : 'sha256';
  const bytes = hash(digest, text, 'buffer');
  return bytes.subarray(0, bytes.length / 2).toString('base64url');
}
