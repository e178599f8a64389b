/** Claims of the person that an access token speaks for (OpenID Connect Core section 5.3). */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hashToken } from '../../core/crypto/tokens.ts';
import { challengeBearer, readBearer } from './bearer.ts';
import { claimsOf, namedClaims, subjectOf } from './claims.ts';
import { findClientByPk } from './clients.store.ts';
import { allowOrigin, allowRegisteredOrigin } from './cors.ts';
import { OAuthError } from './errors.ts';
import { liveAccessToken } from './oauth2.store.ts';
import type { OAuth2 } from './runtime.ts';

/** `GET` and `POST /application/o/userinfo/` */
export async function userinfo(oauth2: OAuth2, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { core, access } = oauth2.services;
  try {
    const token = readBearer(request);
    if (token === undefined) {
      await allowRegisteredOrigin(oauth2, request, reply);
      return challengeBearer(reply, undefined);
    }
    const stored = await liveAccessToken(core.database.read, core.now(), hashToken(token));
    const client = stored && (await findClientByPk(oauth2.services, stored.providerPk));
    if (!stored || !client) throw new OAuthError('invalid_token', 'the token is not valid');
    allowOrigin(client, request, reply);
    const { grant } = stored;
    const context = { oauth_scopes: grant.scopes, oauth_client_id: client.clientId };
    const entry = { clientAddress: request.requestOrigin.clientAddress, context };
    const { user } = await access.mayEnter({ pk: stored.userPk }, client.application, entry);
    if (!user) throw new OAuthError('invalid_token', 'the token is not valid');
    if (!grant.scopes.includes('openid'))
      throw new OAuthError('insufficient_scope', 'the token lacks the scope openid');
    const named = await namedClaims(oauth2.services, client, user, grant.scopes, grant.claims?.userinfo ?? []);
    return await reply.header('cache-control', 'no-store').send({
      ...named,
      sub: subjectOf(client.settings.sub_mode, user),
      ...(grant.nonce !== undefined && { nonce: grant.nonce }),
      ...(await claimsOf(oauth2.services, client, user, grant.scopes)),
    });
  } catch (fault) {
    if (!(fault instanceof OAuthError)) throw fault;
    await allowRegisteredOrigin(oauth2, request, reply);
    return challengeBearer(reply, fault);
  }
}
