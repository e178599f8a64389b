/** What an administrator sees of a provider beside its settings, and who may use the API with an access token. */
import { hashToken } from '../../core/crypto/tokens.ts';
import type { Json } from '../../core/declaration.ts';
import type { StoredObject } from '../../core/objects.ts';
import type { User } from '../../core/users.ts';
import type { ProtocolServices, ProviderView } from '../protocol.ts';
import { claimsOf, subjectOf } from './claims.ts';
import { findClientByPk } from './clients.store.ts';
import { ACR, issuerOf } from './mint.ts';
import { liveAccessToken } from './oauth2.store.ts';

const API_SCOPE = 'goauthentik.io/api';

/** The addresses that people copy into an application. Without an application those of its own are empty. */
export async function setupUrls(
  services: ProtocolServices,
  provider: StoredObject,
  { origin, applicationSlug }: ProviderView,
): Promise<Record<string, Json>> {
  const base = `${services.core.baseUrl ?? origin}/application/o`;
  const own = (path: string): string => (applicationSlug === undefined ? '' : `${base}/${applicationSlug}/${path}`);
  return {
    issuer: provider.values.issuer_mode === 'global' ? `${services.core.baseUrl ?? origin}/` : own(''),
    authorize: `${base}/authorize/`,
    token: `${base}/token/`,
    user_info: `${base}/userinfo/`,
    provider_info: own('.well-known/openid-configuration'),
    logout: own('end-session/'),
    jwks: own('jwks/'),
    dcr_registration: null,
  };
}

/** The claims that an ID token for this person would have, with every scope that the provider offers. */
export async function previewUser(
  services: ProtocolServices,
  provider: StoredObject,
  user: User,
  { origin }: ProviderView,
): Promise<Json> {
  const client = await findClientByPk(services, provider.pk as number);
  if (!client) return {};
  const scopes = client.mappings.map((each) => each.scope);
  const issuedAt = Math.floor(services.core.now() / 1000);
  return {
    iss: issuerOf(client, services.core.baseUrl ?? origin),
    sub: subjectOf(client.settings.sub_mode, user),
    aud: client.clientId,
    exp: issuedAt + Math.round(client.lifetimes.accessToken / 1000),
    iat: issuedAt,
    auth_time: issuedAt,
    acr: ACR,
    ...(await claimsOf(services, client, user, scopes)),
  };
}

/** The person whom an access token with the scope of the API speaks for, if they may still use its application. */
export async function apiUser(services: ProtocolServices, token: string): Promise<User | undefined> {
  const { core, access } = services;
  const stored = await liveAccessToken(core.database.read, core.now(), hashToken(token));
  if (!stored?.grant.scopes.includes(API_SCOPE)) return undefined;
  const client = await findClientByPk(services, stored.providerPk);
  if (!client) return undefined;
  const context = { oauth_scopes: stored.grant.scopes, oauth_client_id: client.clientId };
  const { user } = await access.mayEnter({ pk: stored.userPk }, client.application, {
    clientAddress: undefined,
    context,
  });
  return user;
}
