/** What a client can read of us instead of being told (OpenID Connect Discovery 1.0, RFC 8414), and where from. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../../core/fault.ts';
import type { User } from '../../core/users.ts';
import { brandOfHost } from '../../core/brands.ts';
import { queryParameters } from '../../http/parameters.ts';
import { type Client, findApplicationSlug, findClientBySlug } from './clients.store.ts';
import { allowOrigin } from './cors.ts';
import { ACR, issuerOf } from './mint.ts';
import type { OAuth2 } from './runtime.ts';

type Slug = { slug: string };

/** Stands for scheme and host in what is kept. */
const ANY_ORIGIN = 'https://any.invalid';

/** The client whose application a path names. @throws Fault 404 */
export async function clientOfPath(oauth2: OAuth2, request: FastifyRequest): Promise<Client> {
  const client = await findClientBySlug(oauth2.services, (request.params as Slug).slug);
  if (!client) throw new Fault('not_found', 'There is no such application.', { status: 404 });
  return client;
}

/** `GET /application/o/<slug>/` */
export async function providerRoot(
  oauth2: OAuth2,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const client = await clientOfPath(oauth2, request);
  return reply.redirect(`/application/o/${client.application.values.slug}/.well-known/openid-configuration`, 302);
}

/** `GET /application/o/<slug>/.well-known/openid-configuration` */
export async function discovery(oauth2: OAuth2, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const client = await clientOfPath(oauth2, request);
  allowOrigin(client, request, reply);
  const { configuration } = oauth2.services.core;
  // Kept once for all names under which we answer: whoever asks chooses the name, and must not fill the memory.
  const text = await configuration.get(`oauth2 discovery ${client.clientId}`, async () =>
    JSON.stringify(describe(oauth2, client, ANY_ORIGIN), undefined, 2),
  );
  return reply.type('application/json; charset=utf-8').send(text.replaceAll(ANY_ORIGIN, request.requestOrigin.origin));
}

function describe(oauth2: OAuth2, client: Client, origin: string): Record<string, unknown> {
  const { settings, grantTypes, application } = client;
  const base = `${origin}/application/o`;
  const own = `${base}/${application.values.slug}`;
  const responseTypes = [
    ...(grantTypes.has('authorization_code') ? ['code'] : []),
    ...(grantTypes.has('implicit') ? ['id_token', 'id_token token'] : []),
    ...(grantTypes.has('hybrid') ? ['code token', 'code id_token', 'code id_token token'] : []),
  ];
  const authentication = ['client_secret_post', 'client_secret_basic'];
  return {
    issuer: issuerOf(client, origin),
    authorization_endpoint: `${base}/authorize/`,
    token_endpoint: `${base}/token/`,
    userinfo_endpoint: `${base}/userinfo/`,
    end_session_endpoint: `${own}/end-session/`,
    introspection_endpoint: `${base}/introspect/`,
    revocation_endpoint: `${base}/revoke/`,
    device_authorization_endpoint: `${base}/device/`,
    jwks_uri: `${own}/jwks/`,
    response_types_supported: responseTypes,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    grant_types_supported: settings.grant_types,
    id_token_signing_alg_values_supported: [client.key.signing.algorithm],
    ...(client.encryption && {
      id_token_encryption_alg_values_supported: ['RSA-OAEP-256'],
      id_token_encryption_enc_values_supported: ['A256CBC-HS512'],
    }),
    subject_types_supported: ['public'],
    token_endpoint_auth_methods_supported:
      settings.client_type === 'public' ? [...authentication, 'none'] : authentication,
    acr_values_supported: [ACR],
    scopes_supported: [...new Set(['openid', ...client.mappings.map((each) => each.scope)])],
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    claims_supported: claimsSupported(oauth2, client),
    claims_parameter_supported: true,
    code_challenge_methods_supported: settings.pkce_plain_allowed ? ['plain', 'S256'] : ['S256'],
    authorization_response_iss_parameter_supported: true,
  };
}

/** Nobody: asked for the names of claims only. */
const NOBODY: User = {
  pk: 0,
  id: '',
  uid: '',
  username: '',
  name: '',
  email: '',
  isActive: false,
  type: 'internal',
  path: '',
  attributes: {},
  lastLoginAt: null,
  passwordChangedAt: 0,
};

/** Of expressions nobody knows what they tell without running them, so only the managed mappings count. */
function claimsSupported({ services }: OAuth2, client: Client): string[] {
  const managed = services.mappings.scope?.managed ?? {};
  const told = client.mappings.flatMap((each) => {
    const native = each.managed === null ? undefined : managed[each.managed];
    return native ? Object.keys(native({ user: NOBODY, memberships: [], context: {} })) : [];
  });
  return [...new Set(['sub', 'iss', 'aud', 'exp', 'iat', 'auth_time', 'acr', 'amr', 'nonce', ...told])];
}

/** `GET /.well-known/webfinger` (RFC 7033): the issuer of the application that the brand names as its default. */
export async function webFinger(oauth2: OAuth2, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { services } = oauth2;
  const [resource = ''] = queryParameters(request).get('resource') ?? [];
  if (!/^(acct:[^@\s]+@[^@\s]+|https?:\/\/\S+)$/.test(resource) || resource.length > 500) {
    throw new Fault('bad_resource', 'resource names an account.');
  }
  const brand = await brandOfHost(services.core, request.requestOrigin.host);
  const id = brand?.values.default_application;
  const slug = typeof id === 'string' ? await findApplicationSlug(services, id) : undefined;
  const client = slug === undefined ? undefined : await findClientBySlug(services, slug);
  if (!client) throw new Fault('not_found', 'Not found.', { status: 404 });
  const href = `${request.requestOrigin.origin}/application/o/${client.application.values.slug}/`;
  const links = [{ rel: 'http://openid.net/specs/connect/1.0/issuer', href }];
  return reply
    .header('access-control-allow-origin', '*')
    .type('application/jrd+json')
    .send(JSON.stringify({ subject: resource, links }));
}
