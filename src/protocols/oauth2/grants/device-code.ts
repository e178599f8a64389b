/** A device asks whether somebody has let it in (RFC 8628 sections 3.4 and 3.5). */
import { hashToken } from '../../../core/crypto/tokens.ts';
import { type DeviceCode, deviceFamily, findDeviceCode, notePoll, takeDeviceCode } from '../device.store.ts';
import { configuredScopes } from '../claims.ts';
import { OAuthError } from '../errors.ts';
import { parameter } from '../form.ts';
import { mint, storeMinted } from '../mint.ts';
import { endFamily, requireProof, type TokenGrant, type TokenRequest } from './token-grant.ts';

const REFUSED = 'the device code is not valid, or not for this client';
const REPLAYED = 'a device code was used twice';

/** As with codes: the device code is taken in the unit of work that stores the tokens. */
export const deviceCode: TokenGrant = async (request) => {
  const { oauth2, form, client, origin } = request;
  const { core } = oauth2.services;
  requireProof(request);
  const code = parameter(form, 'device_code');
  if (code === undefined) throw new OAuthError('invalid_request', 'device_code is missing');
  const stored = await findDeviceCode(core.database.read, 'device_code_hash', hashToken(code));
  if (!stored || stored.providerPk !== client.providerPk) throw new OAuthError('invalid_grant', REFUSED);
  const userPk = await decisionOf(request, stored);
  const family = { familyId: deviceFamily(stored.pk), userPk };
  const grant = { ...stored.grant, scopes: configuredScopes(client, stored.grant.scopes) };
  const user = await request.admit(userPk, grant.scopes);
  const now = core.now();
  const isOffline = grant.scopes.includes('offline_access') && client.grantTypes.has('refresh_token');
  const refreshUntil = isOffline ? now + client.lifetimes.refreshToken : undefined;
  // Not bound to the session in which it was allowed: the device is another than the browser.
  const sessionId = null;
  const minted = await mint(oauth2.services, { ...family, client, user, grant, sessionId, origin, refreshUntil });
  const keepUntil = Math.max(minted.rows.access.expiresAt, refreshUntil ?? 0);
  const given = await storeMinted(oauth2.services, client, minted, async (transaction) => {
    if (await takeDeviceCode(transaction, core.now(), stored.pk, keepUntil)) return true;
    await endFamily(transaction, request, family, REPLAYED);
    return false;
  });
  if (!given) throw new OAuthError('invalid_grant', REFUSED);
  return { minted, scopes: grant.scopes };
};

/** Who has let the device in. @throws OAuthError when nobody has yet, or nobody will */
async function decisionOf(request: TokenRequest, stored: DeviceCode): Promise<number> {
  const { core } = request.oauth2.services;
  if (stored.redeemedAt !== null && stored.userPk !== null) {
    const family = { familyId: deviceFamily(stored.pk), userPk: stored.userPk };
    await core.database.write((transaction) => endFamily(transaction, request, family, REPLAYED));
    throw new OAuthError('invalid_grant', REFUSED);
  }
  if (stored.expiresAt <= core.now()) throw new OAuthError('expired_token', 'the device code has expired');
  if (stored.status === 'denied') throw new OAuthError('access_denied', 'the device was not let in');
  if (stored.status === 'allowed' && stored.userPk !== null) return stored.userPk;
  const inTime = await core.database.write((transaction) => notePoll(transaction, core.now(), stored));
  if (!inTime) throw new OAuthError('slow_down', 'ask less often', { retryAfter: stored.intervalSeconds + 5 });
  throw new OAuthError('authorization_pending', 'nobody has let the device in yet');
}
