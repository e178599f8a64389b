/** Proves who asks for an authorization and where the answer may go. What fails here is told to the person alone. */
import type { FastifyRequest } from 'fastify';
import type { Json } from '../../core/declaration.ts';
import { Fault } from '../../core/fault.ts';
import type { Parameters } from '../../http/parameters.ts';
import { type Client, findClient } from './clients.store.ts';
import { matchRedirectUri } from './redirect-uri.ts';
import { bounded } from './refusals.ts';
import type { OAuth2 } from './runtime.ts';

/** The client and its address. @throws Fault, which is shown as a page with the request id */
export async function proveClient(
  oauth2: OAuth2,
  request: FastifyRequest,
  parameters: Parameters,
): Promise<{ client: Client; redirectUri: string }> {
  const [clientId = '', ...otherIds] = parameters.get('client_id') ?? [];
  const [redirectUri = '', ...otherUris] = parameters.get('redirect_uri') ?? [];
  const isName = clientId !== '' && clientId.length <= 255 && otherIds.length === 0;
  const client = isName ? await findClient(oauth2.services, clientId) : undefined;
  if (!client) {
    throw await refuse(oauth2, request, `client ${clientId}`, 'Client ID Error: this application is not known here.', {
      client_id: bounded(clientId),
    });
  }
  const isOne = redirectUri !== '' && otherUris.length === 0;
  if (!isOne || !matchRedirectUri(client.redirectUris, redirectUri)) {
    const message = 'Redirect URI Error: the address to go back to is not registered for this application.';
    throw await refuse(oauth2, request, `redirect ${clientId} ${redirectUri}`, message, {
      provider: client.name,
      client_id: client.clientId,
      received: bounded(redirectUri),
      registered: client.redirectUris
        .slice(0, 20)
        .map(({ uri }) => ({ url: uri.url, matching_mode: uri.matching_mode })),
    });
  }
  return { client, redirectUri };
}

async function refuse(
  { refusals }: OAuth2,
  request: FastifyRequest,
  key: string,
  message: string,
  received: Record<string, Json>,
): Promise<Fault> {
  const { clientAddress } = request.requestOrigin;
  const context = { message, request_id: request.id, ...received };
  await refusals.record(key, { action: 'configuration_error', clientAddress, context });
  return new Fault(key.startsWith('client') ? 'invalid_client' : 'invalid_redirect_uri', message);
}
