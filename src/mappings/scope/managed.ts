/**
 * The scopes that every installation has, by their managed identifier. Their expressions are stored for reading;
 * what runs is here, so that signing in needs no sandbox.
 */
import type { Json } from '../../core/declaration.ts';
import { effectiveAttributes } from '../../core/users.ts';
import type { Mapping, MappingInput } from '../mapping.ts';

const nothing = (): Record<string, Json> => ({});

/** OpenID Connect Core section 5.4. Addresses are not verified here, so nobody may rely on that they were. */
const email = ({ user }: MappingInput): Record<string, Json> => ({ email: user.email, email_verified: false });

const profile = ({ user, memberships }: MappingInput): Record<string, Json> => ({
  name: user.name,
  given_name: user.name,
  preferred_username: user.username,
  nickname: user.username,
  groups: memberships.map((each) => each.name),
});

const entitlements = ({ context }: MappingInput): Record<string, Json> => {
  const held = Array.isArray(context.entitlements) ? context.entitlements : [];
  return { entitlements: held, roles: held };
};

const proxy = ({ user, memberships }: MappingInput): Record<string, Json> => ({
  ak_proxy: {
    user_attributes: effectiveAttributes(user, memberships),
    is_superuser: memberships.some((each) => each.isSuperuser),
  },
});

export const managedScopes: Mapping['managed'] = {
  'goauthentik.io/providers/oauth2/scope-openid': nothing,
  'goauthentik.io/providers/oauth2/scope-email': email,
  'goauthentik.io/providers/oauth2/scope-profile': profile,
  'goauthentik.io/providers/oauth2/scope-entitlements': entitlements,
  'goauthentik.io/providers/oauth2/scope-offline_access': nothing,
  'goauthentik.io/providers/oauth2/scope-authentik_api': nothing,
  'goauthentik.io/providers/proxy/scope-proxy': proxy,
};
