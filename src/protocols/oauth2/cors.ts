/**
 * Which pages of other origins may read our answers (Fetch, CORS protocol): those of registered addresses. A page
 * names its client only with the request itself, so a preflight is answered for the addresses of all clients.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Client, registeredOrigins } from './clients.store.ts';
import type { OAuth2 } from './runtime.ts';

/** Lets the page read the answer when its origin is one of this client's. */
export function allowOrigin(client: Client, request: FastifyRequest, reply: FastifyReply): void {
  const { origin } = request.headers;
  if (origin === undefined) return;
  reply.header('vary', 'Origin');
  if (client.redirectUris.some((each) => each.origin === origin)) permit(reply, origin);
}

/** Answers a preflight. */
export async function preflight(oauth2: OAuth2, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { origin } = request.headers;
  reply.header('vary', 'Origin, Access-Control-Request-Headers');
  if (origin !== undefined && (await registeredOrigins(oauth2.services)).has(origin)) {
    permit(reply, origin);
    reply
      .header('access-control-allow-methods', 'GET, POST, OPTIONS')
      .header('access-control-allow-headers', 'Authorization, Content-Type, DPoP')
      .header('access-control-max-age', '600');
  }
  return reply.code(204).send();
}

/** Lets a page read errors that came before the client was known: they tell nothing that the page did not send. */
export async function allowRegisteredOrigin(
  oauth2: OAuth2,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { origin } = request.headers;
  if (origin === undefined || reply.hasHeader('access-control-allow-origin')) return;
  reply.header('vary', 'Origin');
  if ((await registeredOrigins(oauth2.services)).has(origin)) permit(reply, origin);
}

function permit(reply: FastifyReply, origin: string): void {
  reply.header('access-control-allow-origin', origin).header('access-control-allow-credentials', 'true');
}
