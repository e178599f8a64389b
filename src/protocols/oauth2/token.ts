/**
 * The token endpoint (RFC 6749 section 3.2). It owns the phases: the form, the client, the grant, the answer; a grant
 * fills in what is taken and for whom. Every grant asks `admit` before anything is minted, and has no other way to
 * a person.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { authenticateClient } from './client-authentication.ts';
import { allowOrigin } from './cors.ts';
import { OAuthError } from './errors.ts';
import { parameter, readForm } from './form.ts';
import { authorizationCode } from './grants/authorization-code.ts';
import { clientCredentials, standsForSecret } from './grants/client-credentials.ts';
import { deviceCode } from './grants/device-code.ts';
import { refreshToken } from './grants/refresh-token.ts';
import type { TokenGrant } from './grants/token-grant.ts';
import { DEVICE_CODE_GRANT } from './oauth2.settings.ts';
import type { OAuth2 } from './runtime.ts';

const grants: Readonly<Record<string, TokenGrant>> = {
  authorization_code: authorizationCode,
  refresh_token: refreshToken,
  client_credentials: clientCredentials,
  password: clientCredentials,
  [DEVICE_CODE_GRANT]: deviceCode,
};

/** `POST /application/o/token/` */
export async function token(oauth2: OAuth2, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const form = readForm(request);
  const grantType = parameter(form, 'grant_type');
  if (grantType === undefined) throw new OAuthError('invalid_request', 'grant_type is missing');
  const takesForeign = grantType === 'client_credentials' || grantType === 'password';
  const { client, proof, foreignSecret } = await authenticateClient(
    oauth2,
    request,
    form,
    takesForeign ? standsForSecret : undefined,
  );
  if (request.headers.origin !== undefined) allowOrigin(client, request, reply);
  const grant = Object.hasOwn(grants, grantType) ? grants[grantType] : undefined;
  if (!grant) throw new OAuthError('unsupported_grant_type', 'this grant_type is not known here');
  if (!client.grantTypes.has(grantType))
    throw new OAuthError('invalid_grant', 'this client may not use this grant_type');
  const { clientAddress } = request.requestOrigin;
  const { minted, scopes } = await grant({
    oauth2,
    form,
    grantType,
    client,
    proof,
    foreignSecret,
    origin: request.requestOrigin.origin,
    browserOrigin: request.headers.origin,
    clientAddress,
    async admit(userPk, asked) {
      const context = { oauth_scopes: [...asked], oauth_grant_type: grantType, oauth_client_id: client.clientId };
      const entry = { clientAddress, context };
      const { user } = await oauth2.services.access.mayEnter({ pk: userPk }, client.application, entry);
      if (!user) throw new OAuthError('invalid_grant', 'this account may not use this application');
      return user;
    },
  });
  // Every answer of the server says `Cache-Control: no-store`, unless it says otherwise itself.
  return reply.header('pragma', 'no-cache').send({
    access_token: minted.accessToken,
    token_type: 'Bearer',
    scope: scopes.join(' '),
    expires_in: minted.expiresIn,
    ...(minted.refreshToken !== undefined && { refresh_token: minted.refreshToken }),
    ...(minted.idToken !== undefined && { id_token: minted.idToken }),
  });
}
