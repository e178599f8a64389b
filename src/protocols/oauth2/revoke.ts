/** Gives a token back (RFC 7009): a refresh token with everything that came from it, an access token alone. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hashToken } from '../../core/crypto/tokens.ts';
import { authenticateClient } from './client-authentication.ts';
import { allowOrigin } from './cors.ts';
import { noStore, OAuthError } from './errors.ts';
import { parameter, readForm } from './form.ts';
import { requireProof } from './grants/token-grant.ts';
import { liveAccessToken, refreshTokenByHash, revokeAccessToken, revokeFamily } from './oauth2.store.ts';
import type { OAuth2 } from './runtime.ts';

/** `POST /application/o/revoke/`. A token that is unknown or somebody else's is none of this client's (section 2.2). */
export async function revoke(oauth2: OAuth2, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { core } = oauth2.services;
  const form = readForm(request);
  const { client, proof } = await authenticateClient(oauth2, request, form);
  requireProof({ client, proof });
  const token = parameter(form, 'token');
  if (token === undefined) throw new OAuthError('invalid_request', 'token is missing');
  allowOrigin(client, request, reply);
  const hash = hashToken(token);
  const refresh = await refreshTokenByHash(core.database.read, hash);
  if (refresh?.providerPk === client.providerPk) {
    await core.database.write((transaction) => revokeFamily(transaction, core.now(), refresh.familyId));
  } else {
    const access = await liveAccessToken(core.database.read, core.now(), hash);
    if (access?.providerPk === client.providerPk) {
      await core.database.write((transaction) => revokeAccessToken(transaction, core.now(), access.pk));
    }
  }
  noStore(reply);
  return reply.send({});
}
