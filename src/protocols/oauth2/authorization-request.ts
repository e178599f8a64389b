/**
 * Reads an authorization request whose client and redirect URI are proven (RFC 6749 section 4.1.1, OpenID Connect
 * Core sections 3.1.2.1 and 3.3.2.1). Pure: what is wrong becomes an OAuthError, which may go back to the client.
 */
import { duplicateName, type Parameters } from '../../http/parameters.ts';
import { configuredScopes } from './claims.ts';
import type { Client } from './clients.store.ts';
import { OAuthError } from './errors.ts';
import { parameter, readScopes } from './form.ts';
import type { RequestedClaims } from './grant.ts';
import { type CodeChallenge, readChallenge } from './pkce.ts';
import { readRequestedClaims } from './requested-claims.ts';

/** Response types by their words in alphabetical order, and the grant type that allows each. */
const RESPONSE_TYPES: Readonly<Record<string, string>> = {
  code: 'authorization_code',
  id_token: 'implicit',
  'id_token token': 'implicit',
  'code token': 'hybrid',
  'code id_token': 'hybrid',
  'code id_token token': 'hybrid',
};

export type ResponseMode = 'query' | 'fragment' | 'form_post';

/** Where and how the client is answered, with errors too. */
export type Target = { redirectUri: string; mode: ResponseMode; state: string | undefined };

/** What a client asks for, as JSON, since it goes through a flow. */
export type AuthorizationRequest = {
  clientId: string;
  redirectUri: string;
  mode: ResponseMode;
  state?: string;
  /** Words in alphabetical order. */
  responseType: string;
  scopes: string[];
  nonce?: string;
  challenge?: CodeChallenge;
  claims?: RequestedClaims;
  /** The `sub` that the client insists on. */
  subject?: string;
  prompts: string[];
  /** Seconds. */
  maxAge?: number;
};

const LONGEST_TEXT = 2048;

/** How the client is to be answered. Never throws: errors go the same way, so a mode that is not known is left out. */
export function readTarget(redirectUri: string, parameters: Parameters): Target {
  const single = (name: string): string | undefined => {
    const values = parameters.get(name);
    return values?.length === 1 && values[0] !== '' ? values[0] : undefined;
  };
  const standard = /token/.test(single('response_type') ?? '') ? 'fragment' : 'query';
  const asked = single('response_mode');
  const isKnown = asked === 'form_post' || asked === 'fragment' || (asked === 'query' && standard === 'query');
  const state = single('state');
  return {
    redirectUri,
    mode: isKnown ? asked : standard,
    state: state && state.length <= LONGEST_TEXT ? state : undefined,
  };
}

/** Reads everything. @throws OAuthError */
export function readAuthorizationRequest(
  client: Client,
  { redirectUri, mode, state }: Target,
  parameters: Parameters,
): AuthorizationRequest {
  refuseForms(parameters);
  const responseType = readResponseType(client, parameters);
  const scopes = readGrantableScopes(client, responseType, parameters);
  const nonce = parameter(parameters, 'nonce');
  // OpenID Connect Core sections 3.2.2.1 and 3.3.2.11.
  if (responseType.includes('id_token') && nonce === undefined)
    throw new OAuthError('invalid_request', 'nonce is missing');
  const challenge = responseType.includes('code') ? readCodeChallenge(client, parameters) : undefined;
  const claims = readRequestedClaims(parameter(parameters, 'claims'));
  const maxAge = readMaxAge(parameters);
  return {
    clientId: client.clientId,
    redirectUri,
    mode,
    ...(state !== undefined && { state }),
    responseType,
    scopes,
    ...(nonce !== undefined && { nonce }),
    ...(challenge && { challenge }),
    ...(claims.requested && { claims: claims.requested }),
    ...(claims.subject !== undefined && { subject: claims.subject }),
    prompts: readPrompts(parameters),
    ...(maxAge !== undefined && { maxAge }),
  };
}

function refuseForms(parameters: Parameters): void {
  if (duplicateName(parameters) !== undefined)
    throw new OAuthError('invalid_request', 'a parameter is given more than once');
  for (const [value = ''] of parameters.values()) {
    if (value.length > LONGEST_TEXT * 2) throw new OAuthError('invalid_request', 'a parameter is too long');
  }
  for (const name of ['state', 'nonce']) {
    if ((parameters.get(name)?.[0] ?? '').length > LONGEST_TEXT)
      throw new OAuthError('invalid_request', `${name} is too long`);
  }
  if (parameter(parameters, 'request') !== undefined) {
    throw new OAuthError('request_not_supported', 'request objects are not supported');
  }
  if (parameter(parameters, 'request_uri') !== undefined) {
    throw new OAuthError('request_uri_not_supported', 'request objects are not supported');
  }
}

function readResponseType(client: Client, parameters: Parameters): string {
  const asked = parameter(parameters, 'response_type');
  if (asked === undefined) throw new OAuthError('invalid_request', 'response_type is missing');
  const responseType = asked.split(' ').toSorted().join(' ');
  const grantType = Object.hasOwn(RESPONSE_TYPES, responseType) ? RESPONSE_TYPES[responseType] : undefined;
  if (grantType === undefined)
    throw new OAuthError('unsupported_response_type', 'this response_type is not known here');
  if (!client.grantTypes.has(grantType)) {
    throw new OAuthError('unauthorized_client', 'this client may not use this response_type');
  }
  if (responseType !== 'code' && parameter(parameters, 'response_mode') === 'query') {
    throw new OAuthError('invalid_request', 'tokens are never put into a query');
  }
  return responseType;
}

/** Unknown scopes are left out. Without any, all that are configured, but for those that give power later on. */
function readGrantableScopes(client: Client, responseType: string, parameters: Parameters): string[] {
  const asked = readScopes(parameter(parameters, 'scope'));
  const all = client.mappings.map((each) => each.scope);
  const scopes =
    asked.length > 0 ? asked : all.filter((each) => each !== 'offline_access' && each !== 'goauthentik.io/api');
  const granted = configuredScopes(client, scopes);
  if (responseType.includes('id_token') && !granted.includes('openid')) {
    throw new OAuthError('invalid_scope', 'this response_type needs the scope openid');
  }
  const mayBeOffline = responseType.includes('code') && client.grantTypes.has('refresh_token');
  return granted.filter((each) => each !== 'offline_access' || mayBeOffline);
}

function readCodeChallenge(client: Client, parameters: Parameters): CodeChallenge | undefined {
  const result = readChallenge(
    client.settings,
    parameter(parameters, 'code_challenge'),
    parameter(parameters, 'code_challenge_method'),
  );
  if ('refusal' in result) throw new OAuthError('invalid_request', result.refusal);
  return result.challenge;
}

function readPrompts(parameters: Parameters): string[] {
  const words = (parameter(parameters, 'prompt') ?? '').split(' ');
  const prompts = ['none', 'login', 'consent', 'select_account'].filter((each) => words.includes(each));
  if (prompts.length > 1 && prompts.includes('none')) {
    if (prompts.includes('consent')) throw new OAuthError('consent_required', 'prompt is none and consent at once');
    throw new OAuthError('invalid_request', 'prompt is none and something else at once');
  }
  return prompts;
}

function readMaxAge(parameters: Parameters): number | undefined {
  const text = parameter(parameters, 'max_age');
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new OAuthError('invalid_request', 'max_age is not a number of seconds');
  return Number(text);
}
