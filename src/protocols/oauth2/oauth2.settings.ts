/** What an OAuth2/OIDC provider is made of: the settings of one client. */
import { z } from 'zod';
import { randomAlphanumeric } from '../../core/crypto/tokens.ts';
import {
  choice,
  choices,
  declare,
  duration,
  flag,
  numberReferences,
  optionalReference,
  reference,
  references,
  structure,
  text,
  type ValuesOf,
} from '../../core/declaration.ts';
import { checkKeys } from './provider-keys.store.ts';
import { isUsablePattern, isUsableRedirectUri } from './redirect-uri.ts';

export const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
export const TOKEN_EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** One address that the client may be answered at. */
export type RedirectUri = {
  matching_mode: 'strict' | 'regex';
  url: string;
  redirect_uri_type: 'authorization' | 'logout';
};

const redirectUris = (): z.ZodType<RedirectUri[]> =>
  z
    .array(
      z
        .object({
          matching_mode: z.enum(['strict', 'regex']),
          url: z.string().min(1).max(2000),
          redirect_uri_type: z.enum(['authorization', 'logout']).default('authorization'),
        })
        .refine(
          ({ matching_mode, url }) => (matching_mode === 'strict' ? isUsableRedirectUri(url) : isUsablePattern(url)),
          'Enter an absolute address without fragment, or a regular expression that can be read.',
        ),
    )
    .max(100) as unknown as z.ZodType<RedirectUri[]>;

/**
 * Left out on create: what today's clients need. The implicit grants and the password grant are against RFC 9700 and
 * are given only when somebody asks for them by name.
 */
const defaultGrantTypes = () =>
  ['authorization_code', 'refresh_token', 'client_credentials', DEVICE_CODE_GRANT] satisfies string[];

export const oauth2Model = declare({
  model: 'authentik_providers_oauth2.oauth2provider',
  table: 'providers',
  kind: 'oauth2',
  verboseName: 'OAuth2/OpenID Provider',
  verboseNamePlural: 'OAuth2/OpenID Providers',
  component: 'ak-provider-oauth2-form',
  fields: {
    name: text({ min: 1, column: 'name', keyColumn: 'name_key' }),
    authentication_flow: optionalReference('flows', { help: 'Flow used to sign in; the default one without it.' }),
    authorization_flow: reference('flows', { help: 'Flow used when authorizing this provider.' }),
    invalidation_flow: reference('flows', { help: 'Flow used when ending the session from this provider.' }),
    property_mappings: references('property_mappings', { help: 'The scopes that this client can ask for.' }),
    client_type: choice(['confidential', 'public'], {
      default: 'confidential',
      help: 'Confidential clients can keep a secret; public ones, such as browser applications, cannot.',
    }),
    grant_types: choices(
      [
        'authorization_code',
        'implicit',
        'hybrid',
        'refresh_token',
        'client_credentials',
        'password',
        DEVICE_CODE_GRANT,
        TOKEN_EXCHANGE_GRANT,
      ],
      { default: defaultGrantTypes },
    ),
    client_id: text({ min: 1, max: 255, column: 'client_id', default: () => randomAlphanumeric(40) }),
    client_secret: text({
      max: 255,
      secret: true,
      disclosure: 'detail',
      default: () => randomAlphanumeric(128),
    }),
    access_code_validity: duration('minutes=1', { help: 'How long an authorization code or a device code holds.' }),
    access_token_validity: duration('hours=1'),
    refresh_token_validity: duration('days=30'),
    refresh_token_threshold: duration('seconds=0', {
      help: 'A refresh token that holds longer than this is not replaced when it is used. Zero replaces it always.',
    }),
    include_claims_in_id_token: flag(true, {
      help: 'Puts the claims of the scopes into tokens, for clients that never ask userinfo.',
    }),
    signing_key: optionalReference('certificates', {
      help: 'Key used to sign the tokens. Without it the client secret signs.',
    }),
    encryption_key: optionalReference('certificates', { help: 'Key to which the tokens are encrypted.' }),
    redirect_uris: structure<RedirectUri[]>(redirectUris, { widget: 'redirect-uris' }),
    logout_uri: {
      ...text({ default: '' }),
      schema: () =>
        z
          .string()
          .max(2000)
          .refine((value) => value === '' || isUsableRedirectUri(value), 'Enter an absolute address without fragment.'),
    },
    logout_method: choice(['backchannel', 'frontchannel'], { default: 'backchannel' }),
    sub_mode: choice(['hashed_user_id', 'user_id', 'user_uuid', 'user_username', 'user_email', 'user_upn'], {
      default: 'hashed_user_id',
      help: 'What the subject of the tokens is.',
    }),
    issuer_mode: choice(['global', 'per_provider'], { default: 'per_provider' }),
    jwt_federation_sources: references('objects', { help: 'Sources whose tokens let this client in.' }),
    jwt_federation_providers: numberReferences('providers', { help: 'Providers whose tokens let this client in.' }),
    pkce_mode: choice(['automatic', 'required', 'optional'], {
      default: 'automatic',
      help: 'Whether a code must be bound to its asker (PKCE). Automatic asks it of public clients.',
    }),
    pkce_plain_allowed: flag(false, { help: 'Accepts the method plain too, which protects less.' }),
    loopback_public_exception: flag(true, {
      help: 'A browser application on this machine may redeem its code without the secret.',
    }),
    logout_scope: choice(['everywhere', 'application'], {
      default: 'everywhere',
      help: 'Whether signing out of this application ends the whole session or only what this application was given.',
    }),
  },
  check: ({ values }, stored) => checkKeys(values, stored),
});

export type OAuth2Settings = ValuesOf<typeof oauth2Model.fields>;
