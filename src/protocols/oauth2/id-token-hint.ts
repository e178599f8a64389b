/** `id_token_hint`: an ID token of ours that says whom a request is about. It counts after its end too. */
import { verifyOwnJwt } from '../../core/crypto/jwt.ts';
import type { ProtocolServices } from '../protocol.ts';
import type { Client } from './clients.store.ts';
import { OAuthError } from './errors.ts';

export type Hint = { sub: string; sid: string | undefined };

/**
 * Reads a hint; undefined when there is none. Encrypted ones are for the client alone and cannot be read here.
 *
 * @throws OAuthError when it is not an ID token that this server gave this client.
 */
export async function readHint(
  services: ProtocolServices,
  client: Client,
  hint: string | undefined,
  issuer: string,
): Promise<Hint | undefined> {
  if (hint === undefined || (client.encryption && hint.split('.').length === 5)) return undefined;
  const keys = [client.key, ...client.formerKeys].map((each) => each.signing);
  const now = services.core.now();
  const verdict = verifyOwnJwt(hint, keys, { issuer, audience: client.clientId, allowExpired: true, now });
  // Access tokens are signed by the same keys, and are shown to others; only ID tokens name the hash of one.
  const isIdToken = verdict.valid && typeof verdict.claims.at_hash === 'string';
  if (!isIdToken || typeof verdict.claims.sub !== 'string') {
    throw new OAuthError('invalid_request', 'id_token_hint is not an ID token of this server for this client');
  }
  const { sub, sid } = verdict.claims;
  return { sub, sid: typeof sid === 'string' ? sid : undefined };
}
