/** A person with a browser, and the application that they sign in to. */
import { createHash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type Answer, type Connection, expect, headerOf } from './connection.ts';
import { SIGN_IN_PAGE } from './server.ts';

/** As many people as connections: guesses at one account are bounded, and unfinished ones count. */
export const PEOPLE = 16;
/** As blueprint.yaml has them. */
const REDIRECT = 'http://localhost:3000/callback';
const PASSWORD = 'the password of the measurements';
const SECRET = 'the secret of the measurements';
export const BASIC = { authorization: `Basic ${Buffer.from(`bench:${SECRET}`).toString('base64')}` };

/** Entries of a blueprint that makes the people. */
export const people = (): string =>
  Array.from({ length: PEOPLE }, (_, index) => {
    const attributes = `{ name: Bench, email: bench-${index}@example.org, password: ${PASSWORD} }`;
    return `  - model: authentik_core.user\n    identifiers: { username: bench-${index} }\n    attrs: ${attributes}\n`;
  }).join('');

/** Asks for a code with a live session and exchanges it: two requests, two signatures. */
export async function codeAndToken(connection: Connection, cookie: string): Promise<{ access_token: string }> {
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    client_id: 'bench',
    response_type: 'code',
    redirect_uri: REDIRECT,
    scope: 'openid profile email',
    state: 'state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const authorized = expect(await connection.get(`/application/o/authorize/?${query}`, { cookie }), 302);
  const code = new URL(headerOf(authorized, 'location') ?? '').searchParams.get('code') ?? '';
  const form = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT, code_verifier: verifier };
  return JSON.parse(expect(await connection.post('/application/o/token/', form, BASIC), 200).body);
}

/** Signs in with name and password, as a browser without scripts does: four requests. Returns the session's cookie. */
export async function signIn(connection: Connection, person: number): Promise<string> {
  const page = expect(await connection.get(SIGN_IN_PAGE), 200);
  const cookie = cookieOf(page);
  const name = { ...hidden(page), uid_field: `bench-${person}` };
  const named = expect(await connection.post(SIGN_IN_PAGE, name, { cookie }), 303);
  const asked = expect(await connection.get(headerOf(named, 'location') ?? '', { cookie }), 200);
  const typed = { ...hidden(asked), password: PASSWORD };
  return cookieOf(expect(await connection.post(SIGN_IN_PAGE, typed, { cookie }), 303));
}

const cookieOf = (answer: Answer): string => /authentik_session=[^;\r]+/.exec(answer.head)?.[0] ?? '';

const hidden = (page: Answer): Record<string, string> =>
  Object.fromEntries(
    [...page.body.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(([, name, value]) => [
      name,
      value,
    ]),
  );

export type PageSize = { requests: number; bytes: number; gzipBytes: number };

/** What a browser loads to show the sign-in page: the page, and everything of ours that it names. */
export async function signInPage(connection: Connection): Promise<PageSize> {
  const page = expect(await connection.get(SIGN_IN_PAGE), 200).body;
  const named = [...page.matchAll(/(?:href|src|srcset)="(\/[^"]+)"/g)].map((found) => found[1] ?? '');
  const texts = [page];
  for (const path of new Set(named.filter((each) => each.startsWith('/static/'))))
    texts.push(expect(await connection.get(path), 200).body);
  const total = (sizes: number[]): number => sizes.reduce((sum, each) => sum + each, 0);
  return {
    requests: texts.length,
    bytes: total(texts.map((each) => Buffer.byteLength(each, 'latin1'))),
    gzipBytes: total(texts.map((each) => gzipSync(Buffer.from(each, 'latin1')).length)),
  };
}
