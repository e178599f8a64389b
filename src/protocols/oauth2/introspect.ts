/** What a token says, for the service that was shown it (RFC 7662). Only for the client it was given to, and friends. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hashToken } from '../../core/crypto/tokens.ts';
import { claimsOf, subjectOf } from './claims.ts';
import { authenticateClient } from './client-authentication.ts';
import { type Client, findClientByPk } from './clients.store.ts';
import { allowOrigin } from './cors.ts';
import { noStore, OAuthError } from './errors.ts';
import { parameter, readForm } from './form.ts';
import { ACR, issuerOf, sessionClaim } from './mint.ts';
import { liveAccessToken, refreshTokenByHash, type StoredGrant } from './oauth2.store.ts';
import type { OAuth2 } from './runtime.ts';

/** `POST /application/o/introspect/` */
export async function introspect(oauth2: OAuth2, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const form = readForm(request);
  const { client, proof } = await authenticateClient(oauth2, request, form);
  if (proof !== 'secret') throw new OAuthError('invalid_client', 'introspection needs the secret of the client');
  const token = parameter(form, 'token');
  if (token === undefined) throw new OAuthError('invalid_request', 'token is missing');
  allowOrigin(client, request, reply);
  noStore(reply);
  return reply.send((await describe(oauth2, request, client, token)) ?? { active: false });
}

async function describe(
  oauth2: OAuth2,
  request: FastifyRequest,
  asker: Client,
  token: string,
): Promise<Record<string, unknown> | undefined> {
  const { core, access } = oauth2.services;
  const { read } = core.database;
  const hash = hashToken(token);
  const stored =
    (await liveAccessToken(read, core.now(), hash)) ?? liveRefresh(await refreshTokenByHash(read, hash), core.now());
  // Section 4: a token of somebody else's is as unknown as one that never was.
  const isFor = stored && (stored.providerPk === asker.providerPk || asker.federatedProviders.has(stored.providerPk));
  const client = isFor ? await findClientByPk(oauth2.services, stored.providerPk) : undefined;
  if (!stored || !client) return undefined;
  const { grant } = stored;
  const context = { oauth_scopes: grant.scopes, oauth_client_id: client.clientId };
  const entry = { clientAddress: request.requestOrigin.clientAddress, context };
  const { user } = await access.mayEnter({ pk: stored.userPk }, client.application, entry);
  if (!user) return undefined;
  const told = client.settings.include_claims_in_id_token
    ? await claimsOf(oauth2.services, client, user, grant.scopes)
    : {};
  return {
    ...told,
    active: true,
    scope: grant.scopes.join(' '),
    client_id: client.clientId,
    username: user.username,
    token_type: 'Bearer',
    iss: issuerOf(client, request.requestOrigin.origin),
    sub: subjectOf(client.settings.sub_mode, user),
    aud: client.clientId,
    exp: Math.floor(stored.expiresAt / 1000),
    iat: Math.floor(stored.createdAt / 1000),
    auth_time: Math.floor(grant.authenticatedAt / 1000),
    acr: ACR,
    ...(grant.methods.length > 0 && { amr: grant.methods }),
    ...(stored.sessionId !== null && { sid: sessionClaim(stored.sessionId) }),
  };
}

function liveRefresh(stored: StoredGrant | undefined, now: number): StoredGrant | undefined {
  const isLive = stored && stored.redeemedAt === null && stored.revokedAt === null && stored.expiresAt > now;
  return isLive ? stored : undefined;
}
