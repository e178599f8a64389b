/** A device asks for a code to show (RFC 8628 sections 3.1 and 3.2). */
import { countedAddress } from '../../http/addresses.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hashToken, randomDigits, randomToken } from '../../core/crypto/tokens.ts';
import { configuredScopes } from './claims.ts';
import { authenticateClient } from './client-authentication.ts';
import { insertDeviceCode } from './device.store.ts';
import { noStore, OAuthError } from './errors.ts';
import { parameter, readForm, readScopes } from './form.ts';
import { DEVICE_CODE_GRANT } from './oauth2.settings.ts';
import type { OAuth2 } from './runtime.ts';

const USER_CODE_DIGITS = 9;
const INTERVAL_SECONDS = 5;
/** From one address without a secret: each code that is out makes guessing one easier. */
const MOST_IN_WINDOW = 20;
const WINDOW_MILLISECONDS = 60 * 60 * 1000;

/** The form in which what a person types is compared: blanks and hyphens do not count. */
export const userCodeHash = (typed: string): string => hashToken(`user code ${typed.replaceAll(/[\s-]/g, '')}`);

/** `POST /application/o/device/` */
export async function deviceAuthorization(
  oauth2: OAuth2,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { core } = oauth2.services;
  const form = readForm(request);
  const { client, proof } = await authenticateClient(oauth2, request, form);
  if (!client.grantTypes.has(DEVICE_CODE_GRANT)) {
    throw new OAuthError('unauthorized_client', 'this client may not use device codes');
  }
  const address = countedAddress(request.requestOrigin.clientAddress);
  const subject = `oauth2 device authorization ${address}`;
  if (proof !== 'secret' && !(await core.attempts.count(subject, MOST_IN_WINDOW, WINDOW_MILLISECONDS))) {
    throw new OAuthError('slow_down', 'too many codes were asked for from here', { status: 429, retryAfter: 600 });
  }
  const scopes = configuredScopes(client, readScopes(parameter(form, 'scope')));
  const deviceCode = randomToken();
  const userCode = randomDigits(USER_CODE_DIGITS);
  const at = core.now();
  await core.database.write((transaction) =>
    insertDeviceCode(transaction, at, {
      deviceHash: hashToken(deviceCode),
      userHash: userCodeHash(userCode),
      providerPk: client.providerPk,
      grant: { scopes, authenticatedAt: 0, methods: [] },
      interval: INTERVAL_SECONDS,
      expiresAt: at + client.lifetimes.code,
    }),
  );
  const page = `${request.requestOrigin.origin}/device`;
  noStore(reply);
  return reply.send({
    device_code: deviceCode,
    user_code: userCode,
    verification_uri: page,
    verification_uri_complete: `${page}?code=${userCode}`,
    expires_in: Math.floor(client.lifetimes.code / 1000),
    interval: INTERVAL_SECONDS,
  });
}
