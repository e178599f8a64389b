/**
 * What a client learns of a person: the subject, and the claims of the scopes that it was granted. Owns the choice
 * and the running of scope mappings. Does not own what else stands in a token (mint.ts).
 */
import type { Json } from '../../core/declaration.ts';
import { recordEvent } from '../../core/events.ts';
import { personInScope } from '../../core/person-in-scope.ts';
import { type Membership, membershipsOf, type User, userByIdentifier } from '../../core/users.ts';
import type { ProtocolServices } from '../protocol.ts';
import type { Client, ScopeMapping } from './clients.store.ts';
import { OAuthError } from './errors.ts';
import type { OAuth2Settings } from './oauth2.settings.ts';

export type Claims = Record<string, Json>;

/** Managed mappings that look at nothing but the account, so that groups need not be read for them. */
const LOOK_AT_ACCOUNT_ONLY: ReadonlySet<string> = new Set([
  'goauthentik.io/providers/oauth2/scope-openid',
  'goauthentik.io/providers/oauth2/scope-email',
  'goauthentik.io/providers/oauth2/scope-offline_access',
  'goauthentik.io/providers/oauth2/scope-authentik_api',
]);

/**
 * The `sub` of a person for a client: stable as long as what it is made of. Never empty, since everybody without a
 * mail address would be one person to the client.
 */
export function subjectOf(mode: OAuth2Settings['sub_mode'], user: User): string {
  switch (mode) {
    case 'hashed_user_id':
      return user.uid;
    case 'user_id':
      return String(user.pk);
    case 'user_uuid':
      return user.id;
    case 'user_username':
      return user.username;
    case 'user_email':
      return user.email || user.uid;
    case 'user_upn':
      return typeof user.attributes.upn === 'string' ? user.attributes.upn || user.uid : user.uid;
  }
}

/**
 * Refuses a subject that would be somebody else's too (OpenID Connect Core section 2: locally unique, never
 * reassigned). Mail addresses may be shared by accounts.
 */
export async function requireOwnSubject({ core }: ProtocolServices, client: Client, user: User): Promise<void> {
  if (client.settings.sub_mode !== 'user_email' || user.email === '') return;
  const named = await userByIdentifier(core.database, user.email, ['email']);
  if (named?.pk === user.pk) return;
  throw new OAuthError('invalid_grant', 'several accounts have this mail address, so it does not say who this is');
}

/** Of the scopes asked for, those that are configured; order kept, each once. */
export function configuredScopes(client: Client, asked: readonly string[]): string[] {
  const configured = new Set(client.mappings.map((each) => each.scope));
  // `openid` switches the protocol on and needs no mapping (OpenID Connect Core section 3.1.2.1).
  return [...new Set(asked)].filter((scope) => scope === 'openid' || configured.has(scope));
}

/** The claims of these scopes. Throws an OAuthError when one of them cannot be told: then nothing is given. */
export function claimsOf(
  services: ProtocolServices,
  client: Client,
  user: User,
  scopes: readonly string[],
): Promise<Claims> {
  const mappings = client.mappings.filter((each) => scopes.includes(each.scope));
  return evaluate(services, client, user, mappings, scopes);
}

/** Claims asked for by name, from whatever mapping of the client can tell them. */
export async function namedClaims(
  services: ProtocolServices,
  client: Client,
  user: User,
  scopes: readonly string[],
  names: readonly string[],
): Promise<Claims> {
  if (names.length === 0) return {};
  const all = await evaluate(services, client, user, client.mappings, scopes);
  return Object.fromEntries(names.flatMap((name) => (Object.hasOwn(all, name) ? [[name, all[name] ?? null]] : [])));
}

async function evaluate(
  services: ProtocolServices,
  client: Client,
  user: User,
  mappings: readonly ScopeMapping[],
  scopes: readonly string[],
): Promise<Claims> {
  if (mappings.length === 0) return {};
  const needsGroups = mappings.some((each) => each.managed === null || !LOOK_AT_ACCOUNT_ONLY.has(each.managed));
  const memberships = needsGroups ? await membershipsOf(services.core.database.read, user.pk) : [];
  const claims: Claims = {};
  for (const mapping of mappings) {
    Object.assign(claims, await runMapping(services, client, user, memberships, mapping, scopes));
  }
  return claims;
}

async function runMapping(
  services: ProtocolServices,
  client: Client,
  user: User,
  memberships: readonly Membership[],
  mapping: ScopeMapping,
  scopes: readonly string[],
): Promise<Claims> {
  const known = services.mappings.scope?.managed ?? {};
  const native = mapping.managed !== null && Object.hasOwn(known, mapping.managed) ? known[mapping.managed] : undefined;
  if (native) return native({ user, memberships, context: {} });
  const result = await services.expressions.evaluate({
    language: mapping.language,
    source: mapping.expression,
    context: scopeOf(client, user, memberships, scopes),
  });
  if (result.ok && (result.value === null || isObject(result.value))) return result.value ?? {};
  const message = result.ok ? 'the expression returned no object' : result.message;
  await reportFailure(services, client, user, mapping, message);
  // What decides about rights may be missing from a token that lacks its claims, so none is given.
  throw new OAuthError('invalid_scope', `the claims of the scope ${mapping.scope} cannot be told`);
}

/** The names that an expression sees. */
function scopeOf(
  client: Client,
  user: User,
  memberships: readonly Membership[],
  scopes: readonly string[],
): Record<string, Json> {
  const person = personInScope(user, memberships);
  return {
    user: person,
    request: { user: person },
    provider: { pk: client.providerPk, name: client.name, client_id: client.clientId },
    token: { scope: [...scopes] },
  };
}

const isObject = (value: Json): value is Claims => typeof value === 'object' && value !== null && !Array.isArray(value);

async function reportFailure(
  services: ProtocolServices,
  client: Client,
  user: User,
  mapping: ScopeMapping,
  message: string,
): Promise<void> {
  const { core } = services;
  await core.database.write((transaction) =>
    recordEvent(transaction, core.now(), {
      action: 'property_mapping_exception',
      app: 'authentik.providers.oauth2',
      user: { pk: user.pk, username: user.username, email: user.email },
      context: { message, mapping: mapping.name, scope: mapping.scope, provider: client.name },
    }),
  );
}
