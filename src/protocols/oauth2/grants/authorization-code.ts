/** A code for tokens (RFC 6749 section 4.1.3, RFC 7636 section 4.5). */
import { hashToken } from '../../../core/crypto/tokens.ts';
import { sessionById } from '../../../core/sessions.ts';
import type { Client } from '../clients.store.ts';
import { OAuthError } from '../errors.ts';
import { parameter } from '../form.ts';
import { mint, storeMinted } from '../mint.ts';
import { codeByHash, type StoredGrant, takeCode } from '../oauth2.store.ts';
import { provesChallenge } from '../pkce.ts';
import { isLoopback, matchRedirectUri, webOrigin } from '../redirect-uri.ts';
import { endFamily, requireProof, type TokenGrant } from './token-grant.ts';

const REFUSED = 'the code is not valid, or not for this client and address';
const REPLAYED = 'an authorization code was used twice';

/**
 * Checks everything, mints, and takes the code in the unit of work that stores the tokens. Of several who come with
 * the same code one takes it; whoever comes later ends what the first was given.
 */
export const authorizationCode: TokenGrant = async (request) => {
  const { oauth2, form, client, proof, browserOrigin, origin } = request;
  const { core } = oauth2.services;
  const code = parameter(form, 'code');
  if (code === undefined) throw new OAuthError('invalid_request', 'code is missing');
  const stored = await codeByHash(core.database.read, hashToken(code));
  const isOwn = stored?.providerPk === client.providerPk;
  if (proof !== 'secret' && !(stored && isOwn && isLoopbackException(client, stored, browserOrigin))) {
    requireProof(request);
  }
  if (!stored || !isOwn) throw new OAuthError('invalid_grant', REFUSED);
  if (stored.redeemedAt !== null) {
    await core.database.write((transaction) => endFamily(transaction, request, stored, REPLAYED));
    throw new OAuthError('invalid_grant', REFUSED);
  }
  const { grant, userPk, sessionId, familyId } = stored;
  if (stored.expiresAt <= core.now() || grant.redirectUri !== parameter(form, 'redirect_uri')) {
    throw new OAuthError('invalid_grant', REFUSED);
  }
  if (!provesChallenge(grant.challenge, parameter(form, 'code_verifier'))) {
    throw new OAuthError('invalid_grant', 'code_verifier does not belong to this code');
  }
  if (sessionId !== null && !(await sessionById(core.database.read, core.now(), sessionId))) {
    throw new OAuthError('invalid_grant', 'the person has signed out');
  }
  const user = await request.admit(userPk, grant.scopes);
  const now = core.now();
  const isOffline = grant.scopes.includes('offline_access') && client.grantTypes.has('refresh_token');
  const refreshUntil = isOffline ? now + client.lifetimes.refreshToken : undefined;
  const minted = await mint(oauth2.services, { client, user, grant, familyId, sessionId, origin, refreshUntil });
  const keepUntil = Math.max(minted.rows.access.expiresAt, refreshUntil ?? 0);
  const given = await storeMinted(oauth2.services, client, minted, async (transaction) => {
    if (await takeCode(transaction, core.now(), stored.pk, keepUntil)) return true;
    await endFamily(transaction, request, stored, REPLAYED);
    return false;
  });
  if (!given) throw new OAuthError('invalid_grant', REFUSED);
  return { minted, scopes: grant.scopes };
};

/**
 * A page on this very machine that belongs to a confidential client and has no secret: its code must be bound by
 * S256, its address registered exactly, and the browser must say that the page is at that address.
 */
function isLoopbackException(client: Client, { grant }: StoredGrant, browserOrigin: string | undefined): boolean {
  const { redirectUri, challenge } = grant;
  if (!client.settings.loopback_public_exception || challenge?.method !== 'S256' || redirectUri === undefined)
    return false;
  if (!isLoopback(redirectUri) || browserOrigin === undefined || browserOrigin !== webOrigin(redirectUri)) return false;
  return matchRedirectUri(client.redirectUris, redirectUri)?.uri.matching_mode === 'strict';
}
