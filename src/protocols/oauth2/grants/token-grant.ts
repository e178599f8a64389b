/** The shape of a grant at the token endpoint, and what grants do when something is not right. */
import { recordEvent } from '../../../core/events.ts';
import type { User } from '../../../core/users.ts';
import type { Parameters } from '../../../http/parameters.ts';
import type { AuthenticatedClient } from '../client-authentication.ts';
import { OAuthError } from '../errors.ts';
import type { Minted, Transaction } from '../mint.ts';
import { revokeFamily } from '../oauth2.store.ts';
import type { OAuth2 } from '../runtime.ts';

/** What a grant is handed. */
export type TokenRequest = {
  oauth2: OAuth2;
  form: Parameters;
  grantType: string;
  client: AuthenticatedClient['client'];
  proof: AuthenticatedClient['proof'];
  foreignSecret: string | undefined;
  /** `scheme://host` for the issuer. */
  origin: string;
  /** The `Origin` that a browser says it asks for. */
  browserOrigin: string | undefined;
  clientAddress: string;
  /** The person as they are now, if they may use the application. @throws OAuthError */
  admit(userPk: number, scopes: readonly string[]): Promise<User>;
};

/** Takes what was granted and returns tokens that are stored; throws an OAuthError to refuse. */
export type TokenGrant = (request: TokenRequest) => Promise<{ minted: Minted; scopes: readonly string[] }>;

/** Refuses a client that must prove who it is and has not. Public clients have nothing to prove it with. */
export function requireProof({ client, proof }: Pick<TokenRequest, 'client' | 'proof'>): void {
  if (proof !== 'secret' && client.settings.client_type !== 'public') {
    throw new OAuthError('invalid_client', 'this client must present its secret');
  }
}

/**
 * Somebody has presented what was already used: one of two holds a stolen copy, and nobody can tell which. So
 * everything that came from it ends (RFC 6749 section 4.1.2, RFC 9700 section 4.14.2).
 */
export async function endFamily(
  transaction: Transaction,
  request: TokenRequest,
  used: { familyId: string; userPk: number },
  message: string,
): Promise<void> {
  const { oauth2, client, clientAddress } = request;
  const at = oauth2.services.core.now();
  await revokeFamily(transaction, at, used.familyId);
  if (!oauth2.refusals.isNews(`replay ${used.familyId}`)) return;
  await recordEvent(transaction, at, {
    action: 'suspicious_request',
    app: 'authentik.providers.oauth2',
    clientAddress,
    context: { message, provider: client.name, client_id: client.clientId, user: used.userPk },
  });
}
