/** The `claims` parameter (OpenID Connect Core section 5.5): claims asked for by name. Pure. */
import { OAuthError } from './errors.ts';
import type { RequestedClaims } from './grant.ts';
import { ACR } from './mint.ts';

const MOST_CLAIMS = 50;
/** People read the names when they are asked for consent, so nobody may write sentences there. */
const NAME = /^[A-Za-z][\w.:/#-]{0,99}$/;
/** Told in every token, or not of the person: nothing to choose. */
const ALWAYS = new Set(['iss', 'sub', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'acr', 'amr', 'azp']);

type Member = { essential: boolean; values: unknown[] };

/** Reads the parameter. @throws OAuthError for what is not as the specification has it, or cannot be met. */
export function readRequestedClaims(text: string | undefined): {
  requested: RequestedClaims | undefined;
  subject: string | undefined;
} {
  if (text === undefined) return { requested: undefined, subject: undefined };
  const whole = parse(text);
  const idToken = membersOf(whole.id_token);
  const userinfo = membersOf(whole.userinfo);
  const acr = idToken.get('acr');
  // Section 5.5.1.1: an essential context that cannot be reached fails the request.
  if (acr?.essential && acr.values.length > 0 && !acr.values.includes(ACR)) {
    throw new OAuthError('unmet_authentication_requirements', 'this acr cannot be reached');
  }
  const [subject] = (idToken.get('sub') ?? userinfo.get('sub'))?.values ?? [];
  if (subject !== undefined && typeof subject !== 'string') throw malformed();
  const names = (members: Map<string, Member>): string[] => [...members.keys()].filter((name) => !ALWAYS.has(name));
  const requested = { idToken: names(idToken), userinfo: names(userinfo) };
  const isEmpty = requested.idToken.length === 0 && requested.userinfo.length === 0;
  return { requested: isEmpty ? undefined : requested, subject };
}

function parse(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed();
  }
  if (!isObject(value)) throw malformed();
  return value;
}

function membersOf(value: unknown): Map<string, Member> {
  if (value === undefined || value === null) return new Map();
  if (!isObject(value)) throw malformed();
  const entries = Object.entries(value);
  if (entries.length > MOST_CLAIMS) throw malformed();
  return new Map(
    entries.map(([name, member]) => {
      if (!NAME.test(name)) throw malformed();
      if (member === null) return [name, { essential: false, values: [] }];
      if (!isObject(member)) throw malformed();
      const { essential, value: one, values } = member;
      const several: unknown[] = Array.isArray(values) ? values : one === undefined ? [] : [one];
      return [name, { essential: essential === true, values: several }];
    }),
  );
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const malformed = (): OAuthError =>
  new OAuthError('invalid_request', 'claims is not as OpenID Connect Core section 5.5 has it');
