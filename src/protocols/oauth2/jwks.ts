/** The keys that a client's tokens are checked with (RFC 7517). */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { clientOfPath } from './discovery.ts';
import type { OAuth2 } from './runtime.ts';

/**
 * `GET /application/o/<slug>/jwks/`: the key that signs, those that signed what is still alive, and the one that
 * tokens are encrypted to. Public, so readable from anywhere.
 */
export async function jwks(oauth2: OAuth2, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { key, formerKeys, encryption } = await clientOfPath(oauth2, request);
  const signing = [key, ...formerKeys].flatMap((each) => each.jwk ?? []);
  const keys: object[] = [...new Map(signing.map((each) => [each.kid, each])).values()];
  if (encryption) {
    const jwk = encryption.publicKey.export({ format: 'jwk' });
    keys.push({ ...jwk, kid: encryption.kid, use: 'enc', alg: 'RSA-OAEP-256', enc: 'A256CBC-HS512' });
  }
  // Short, so that a new key is known soon; verifiers ask again for a key id that they do not know.
  reply.header('access-control-allow-origin', '*').header('cache-control', 'public, max-age=60');
  return reply.send({ keys });
}
