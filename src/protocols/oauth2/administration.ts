/** What administrators see of a provider, and whom a token with the scope for it lets use the administration API. */
import { hashToken } from '../../core/crypto/tokens.ts';
import type { Json } from '../../core/declaration.ts';
import { Fault } from '../../core/fault.ts';
import type { StoredObject } from '../../core/objects.ts';
import type { User } from '../../core/users.ts';
import type { ProtocolServices, ProviderView } from '../protocol.ts';
import { claimsOf, subjectOf } from './claims.ts';
import { findClientByPk } from './clients.store.ts';
import { OAuthError } from './errors.ts';
import { ACR, issuerOf } from './mint.ts';
import { liveAccessToken } from './oauth2.store.ts';

const API_SCOPE = 'goauthentik.io/api';

/** The addresses to copy into an application; those that name the application are empty while there is none. */
export async function setupUrls(
  services: ProtocolServices,
  provider: StoredObject,
  { origin, applicationSlug }: ProviderView,
): Promise<Record<string, Json>> {
  const client = await findClientByPk(services, provider.pk as number);
  const base = `${origin}/application/o`;
  const own = (path: string): string => (applicationSlug === undefined ? '' : `${base}/${applicationSlug}/${path}`);
  return {
    issuer: client ? issuerOf(client, origin) : '',
    authorize: `${base}/authorize/`,
    token: `${base}/token/`,
    user_info: `${base}/userinfo/`,
    provider_info: own('.well-known/openid-configuration'),
    logout: own('end-session/'),
    jwks: own('jwks/'),
    dcr_registration: null,
  };
}

/** The claims that an ID token would hold for a person, were all scopes asked for. @throws Fault when one fails */
export async function previewUser(
  services: ProtocolServices,
  provider: StoredObject,
  user: User,
  { origin }: ProviderView,
): Promise<Json> {
  const client = await findClientByPk(services, provider.pk as number);
  if (!client) return {};
  const now = Math.floor(services.core.now() / 1000);
  const scopes = client.mappings.map((each) => each.scope);
  try {
    return {
      iss: issuerOf(client, origin),
      sub: subjectOf(client.settings.sub_mode, user),
      aud: client.clientId,
      exp: now + Math.round(client.lifetimes.accessToken / 1000),
      iat: now,
      auth_time: now,
      acr: ACR,
      ...(await claimsOf(services, client, user, scopes)),
    };
  } catch (fault) {
    if (!(fault instanceof OAuthError)) throw fault;
    throw new Fault('mapping_failed', fault.message, { cause: fault });
  }
}

/** The person for whom an access token was given with the scope of the administration API, if it still counts. */
export async function apiUser(services: ProtocolServices, token: string): Promise<User | undefined> {
  const { core, access } = services;
  const stored = await liveAccessToken(core.database.read, core.now(), hashToken(token));
  if (!stored?.grant.scopes.includes(API_SCOPE)) return undefined;
  const client = await findClientByPk(services, stored.providerPk);
  // What was given once does not count when the scope was taken from the client since.
  if (!client?.mappings.some((each) => each.scope === API_SCOPE)) return undefined;
  const context = { oauth_scopes: stored.grant.scopes, oauth_client_id: client.clientId };
  const entry = { clientAddress: undefined, context };
  return (await access.mayEnter({ pk: stored.userPk }, client.application, entry)).user;
}
