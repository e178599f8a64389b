/** A relying party for tests: makes requests as applications make them, and reads what comes back. */
import { createHash, randomBytes } from 'node:crypto';
import { mappings } from '../../src/registry.ts';
import type { OAuth2Client, TestOstiary } from './ostiary.ts';
import type { Answer, Visitor } from './visitor.ts';

export type Json = Record<string, unknown>;
export type Reply = { status: number; headers: Headers; json: Json };
export type Parameters = Record<string, string | undefined>;

/** A verifier and its S256 challenge. */
export function pkce(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

const given = (parameters: Parameters): Record<string, string> =>
  Object.fromEntries(
    Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );

/** The path of an authorization request; `undefined` leaves a parameter out. */
export function authorizePath(client: OAuth2Client, more: Parameters = {}): string {
  const standard = {
    client_id: client.clientId,
    redirect_uri: client.redirectUri,
    response_type: 'code',
    scope: 'openid profile email',
    state: 'the state',
  };
  return `/application/o/authorize/?${new URLSearchParams(given({ ...standard, ...more }))}`;
}

/** What an answer to the client carries, in query or fragment. */
export function answerOf(answer: Answer): Record<string, string> {
  if (answer.location === undefined) throw new Error(`no redirect but ${answer.status}: ${answer.body.slice(0, 3000)}`);
  const url = new URL(answer.location);
  return Object.fromEntries(new URLSearchParams(url.hash ? url.hash.slice(1) : url.search));
}

/** Goes through an authorization and returns the code. */
export async function codeFor(visitor: Visitor, client: OAuth2Client, more: Parameters = {}): Promise<string> {
  const { code, ...rest } = answerOf(await visitor.open(authorizePath(client, more)));
  if (code === undefined) throw new Error(`no code but ${JSON.stringify(rest)}`);
  return code;
}

/** Posts a form to an endpoint of programs. */
export async function post(
  ostiary: TestOstiary,
  endpoint: string,
  form: Parameters,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const response = await fetch(`${ostiary.url}/application/o/${endpoint}/`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(given(form)).toString(),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, json: text === '' ? {} : (JSON.parse(text) as Json) };
}

/** Asks for tokens with the client's secret, unless the form says otherwise. */
export function tokens(
  ostiary: TestOstiary,
  client: OAuth2Client,
  form: Parameters,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const own = { client_id: client.clientId, client_secret: client.clientSecret };
  return post(ostiary, 'token', { ...own, ...form }, headers);
}

/** Redeems a code. */
export function redeem(
  ostiary: TestOstiary,
  client: OAuth2Client,
  code: string,
  form: Parameters = {},
  headers: Record<string, string> = {},
): Promise<Reply> {
  const { redirectUri } = client;
  return tokens(
    ostiary,
    client,
    { grant_type: 'authorization_code', code, redirect_uri: redirectUri, ...form },
    headers,
  );
}

/** Asks userinfo with a bearer token. */
export async function userinfo(ostiary: TestOstiary, token: unknown): Promise<Reply> {
  const response = await fetch(`${ostiary.url}/application/o/userinfo/`, {
    headers: { authorization: `Bearer ${String(token)}` },
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, json: text === '' ? {} : (JSON.parse(text) as Json) };
}

/** Whether a token is alive, as introspection says. */
export async function isAlive(ostiary: TestOstiary, client: OAuth2Client, token: unknown): Promise<boolean> {
  const { clientId: client_id, clientSecret: client_secret } = client;
  const { json } = await post(ostiary, 'introspect', { client_id, client_secret, token: String(token) });
  return json.active === true;
}

/** The claims of a token, unverified. */
export const claimsOfToken = (token: unknown): Json =>
  JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString()) as Json;

/** The settings of a client whose address is on its own machine. */
export const strict = (...urls: string[]): { matching_mode: string; url: string; redirect_uri_type: string }[] =>
  urls.map((url) => ({ matching_mode: 'strict', url, redirect_uri_type: 'authorization' }));

/** Makes a scope with an expression; returns its identifier. */
export async function scopeMappingOf(
  ostiary: TestOstiary,
  scope: string,
  expression: string,
  language: 'python' | 'javascript',
): Promise<string> {
  const kind = mappings.find((each) => each.kind === 'scope');
  if (!kind) throw new Error('scope mappings are not registered');
  const values = { name: `the scope ${scope}`, scope_name: scope, expression, language, description: '' };
  return (await ostiary.make(kind.declaration, values)).id;
}
