/** What is done under load, and what each is compared with. */
import type { BareJob } from './bare.ts';
import { type Connection, expect, type Work } from './connection.ts';
import { BASIC, codeAndToken, signIn } from './person.ts';
import { SIGN_IN_PAGE } from './server.ts';

export type Measured = {
  work: Work;
  /** What the bare process does in turns with it. */
  beside: BareJob | 'answers';
  /** How many of those are in one of these; 1 when left out. */
  contains?: number;
};

/** The works, for a server that blueprint.yaml was applied to. */
export async function makeWorks(connection: Connection): Promise<Record<string, Measured>> {
  const cookie = await signIn(connection, 0);
  const { access_token: token } = await codeAndToken(connection, cookie);
  const bearer = { authorization: `Bearer ${token}` };
  const plain = { grant_type: 'client_credentials', scope: 'email' };
  const get =
    (path: string, headers?: Record<string, string>): Work =>
    async (each) =>
      void expect(await each.get(path, headers), 200);
  const post =
    (path: string, form: Record<string, string>): Work =>
    async (each) =>
      void expect(await each.post(path, form, BASIC), 200);
  return {
    clientCredentials: { beside: 'signatures', work: post('/application/o/token/', plain) },
    signInWithLiveSession: {
      beside: 'signatures',
      contains: 2,
      work: async (each) => void (await codeAndToken(each, cookie)),
    },
    signInWithPassword: {
      beside: 'hashes',
      work: async (each, index) => void (await codeAndToken(each, await signIn(each, index))),
    },
    discovery: { beside: 'answers', work: get('/application/o/bench/.well-known/openid-configuration') },
    jwks: { beside: 'answers', work: get('/application/o/bench/jwks/') },
    userinfo: { beside: 'answers', work: get('/application/o/userinfo/', bearer) },
    introspection: { beside: 'answers', work: post('/application/o/introspect/', { token }) },
    signInPage: { beside: 'answers', work: get(SIGN_IN_PAGE) },
  };
}
