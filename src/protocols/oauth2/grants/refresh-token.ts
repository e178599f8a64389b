/** A refresh token for new tokens (RFC 6749 section 6), replaced each time it is used (RFC 9700 section 4.14.2). */
import { hashToken } from '../../../core/crypto/tokens.ts';
import { configuredScopes } from '../claims.ts';
import { OAuthError } from '../errors.ts';
import { parameter, readScopes } from '../form.ts';
import { mint, storeMinted } from '../mint.ts';
import { refreshTokenByHash, takeRefreshToken } from '../oauth2.store.ts';
import { endFamily, requireProof, type TokenGrant } from './token-grant.ts';

const REFUSED = 'the refresh token is not valid, or not for this client';
const REPLAYED = 'a refresh token was used after it was replaced or revoked';

/** As with codes: the token is taken in the unit of work that stores what it is given for. */
export const refreshToken: TokenGrant = async (request) => {
  const { oauth2, form, client, origin } = request;
  const { core } = oauth2.services;
  requireProof(request);
  const token = parameter(form, 'refresh_token');
  if (token === undefined) throw new OAuthError('invalid_request', 'refresh_token is missing');
  const stored = await refreshTokenByHash(core.database.read, hashToken(token));
  if (!stored || stored.providerPk !== client.providerPk) throw new OAuthError('invalid_grant', REFUSED);
  if (stored.redeemedAt !== null || stored.revokedAt !== null) {
    await core.database.write((transaction) => endFamily(transaction, request, stored, REPLAYED));
    throw new OAuthError('invalid_grant', REFUSED);
  }
  const now = core.now();
  if (stored.expiresAt <= now) throw new OAuthError('invalid_grant', REFUSED);
  // What is no longer configured is no longer given, whatever was granted once.
  const held = configuredScopes(client, stored.grant.scopes);
  if (!held.includes('offline_access')) throw new OAuthError('invalid_grant', REFUSED);
  const asked = readScopes(parameter(form, 'scope'));
  if (!asked.every((each) => stored.grant.scopes.includes(each))) {
    throw new OAuthError('invalid_scope', 'a refresh cannot add scopes');
  }
  const scopes = asked.length === 0 ? held : held.filter((each) => asked.includes(each));
  const user = await request.admit(stored.userPk, scopes);
  const { refreshThreshold, refreshToken: lifetime } = client.lifetimes;
  const rotated = refreshThreshold === 0 || stored.expiresAt - now < refreshThreshold;
  const minted = await mint(oauth2.services, {
    client,
    user,
    grant: { ...stored.grant, scopes },
    refreshGrant: stored.grant,
    familyId: stored.familyId,
    sessionId: null,
    origin,
    refreshUntil: rotated ? now + lifetime : undefined,
  });
  const given = await storeMinted(oauth2.services, client, minted, async (transaction) => {
    if (await takeRefreshToken(transaction, core.now(), stored.pk, rotated)) return true;
    await endFamily(transaction, request, stored, REPLAYED);
    return false;
  });
  if (!given) throw new OAuthError('invalid_grant', REFUSED);
  return { minted, scopes };
};
