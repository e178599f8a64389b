/**
 * The real server is killed at random moments while people sign in and applications redeem and refresh. What was
 * answered stays, nothing is spent twice, and nothing is half there.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { hashToken } from '../../src/core/crypto/tokens.ts';
import { type Database, openDatabase } from '../../src/db/database.ts';
import { databases, type TestDatabase } from '../environment/databases.ts';
import { type OAuth2Client, startOstiary, type TestOstiary } from '../environment/ostiary.ts';
import { codeFor, redeem, tokens } from '../environment/relying-party.ts';
import { Visitor } from '../environment/visitor.ts';
import { startServer } from '../process/program.ts';

const KILLS = 20;
const SECRET_KEY = 'a secret key for tests of at least 32 characters';
const PEOPLE = ['ann', 'bob', 'eve'] as const;

/** What was answered to one person's browser and application. */
type Told = {
  visitor: Visitor | undefined;
  /** Codes that were answered, redeemed with an answer, and sent without one. */
  codes: Set<string>;
  redeemed: Set<string>;
  /** Refresh tokens that were answered, and those of them that were used with an answer. */
  refresh: Set<string>;
  used: Set<string>;
  access: Set<string>;
  unanswered: { kind: 'code' | 'refresh'; token: string } | undefined;
};

for (const engine of databases()) {
  describe(`the server killed on ${engine.name}`, { timeout: 240_000 }, () => {
    let place: TestDatabase;
    let folder: string;
    let client: OAuth2Client;
    let database: Database;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'ostiary-crash-'));
      // The server finds its file in the folder.
      const file = { url: `sqlite://${join(folder, 'ostiary.db')}`, drop: async () => {} };
      place = engine.name === 'sqlite' ? file : await engine.make();
      const kept = { name: engine.name, make: async () => ({ url: place.url, drop: async () => {} }) };
      const ostiary = await startOstiary({ engine: kept, environment: { OSTIARY_SECRET_KEY: SECRET_KEY } });
      client = await ostiary.oauth2('todo');
      for (const name of PEOPLE) await ostiary.person(name);
      await ostiary.stop();
      database = await openDatabase({ url: place.url });
    });
    after(async () => {
      await database.close();
      await place.drop();
      await rm(folder, { recursive: true, force: true });
    });

    const environment = (): Record<string, string> => ({
      OSTIARY_DATA_DIR: folder,
      OSTIARY_SECRET_KEY: SECRET_KEY,
      ...(engine.name === 'postgresql' && { OSTIARY_DATABASE_URL: place.url }),
    });

    it(`${KILLS} times, and every answer still holds`, async () => {
      const all = PEOPLE.map((name) => ({ name, told: nothing() }));
      for (let kill = 0; kill < KILLS; kill += 1) {
        const server = await startServer(environment());
        const remote = { url: server.url } as TestOstiary;
        for (const { told } of all) await repeat(remote, client, told);
        let killed = false;
        const work = Promise.all(
          all.map(async ({ name, told }) => {
            // The connection breaks when the server dies; until then no answer may be wrong.
            // oxlint-disable-next-line no-unmodified-loop-condition -- it is set below.
            while (!killed)
              await act(remote, client, name, told).catch((fault: unknown) => {
                if (!killed || !isBroken(fault)) throw fault;
              });
          }),
        );
        await Promise.race([work, new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 500))]);
        killed = true;
        server.child.kill('SIGKILL');
        await work;
        await server.ended;
        await check(
          database,
          all.map(({ told }) => told),
        );
      }
      for (const { told, name } of all) assert.ok(told.access.size > 0, `${name} got somewhere`);
    });
  });
}

const nothing = (): Told => ({
  visitor: undefined,
  codes: new Set(),
  redeemed: new Set(),
  refresh: new Set(),
  used: new Set(),
  access: new Set(),
  unanswered: undefined,
});

const isBroken = (fault: unknown): boolean => fault instanceof TypeError || (fault as Error).name === 'SocketError';

/** Signs in once, then gets a code, redeems it, and uses the refresh token; notes each answer. */
async function act(ostiary: TestOstiary, client: OAuth2Client, name: string, told: Told): Promise<void> {
  if (!told.visitor) {
    const visitor = new Visitor(ostiary.url);
    await visitor.open('/if/flow/default-authentication-flow/?next=/-/health/live/');
    await visitor.submit({ uid_field: name });
    const answer = await visitor.submit({ password: `password of ${name}` });
    assert.ok(answer.url.endsWith('/-/health/live/'), `${name} signs in: ${answer.status}`);
    told.visitor = visitor;
  }
  const browser = new Visitor(ostiary.url);
  for (const [cookie, value] of told.visitor.cookies) browser.cookies.set(cookie, value);
  const code = await codeFor(browser, client, { scope: 'openid offline_access' });
  told.codes.add(code);
  let refresh = await use(ostiary, client, told, 'code', code);
  for (let index = 0; index < 2; index += 1) refresh = await use(ostiary, client, told, 'refresh', refresh);
}

const send = (ostiary: TestOstiary, client: OAuth2Client, kind: 'code' | 'refresh', token: string) =>
  kind === 'code'
    ? redeem(ostiary, client, token)
    : tokens(ostiary, client, { grant_type: 'refresh_token', refresh_token: token });

async function use(
  ostiary: TestOstiary,
  client: OAuth2Client,
  told: Told,
  kind: 'code' | 'refresh',
  token: string,
): Promise<string> {
  told.unanswered = { kind, token };
  const { status, json } = await send(ostiary, client, kind, token);
  told.unanswered = undefined;
  assert.equal(status, 200, JSON.stringify(json));
  (kind === 'code' ? told.redeemed : told.used).add(token);
  told.access.add(String(json.access_token));
  told.refresh.add(String(json.refresh_token));
  return String(json.refresh_token);
}

/** What was sent without an answer is sent again, twice at once: at most one of all three may be granted. */
async function repeat(ostiary: TestOstiary, client: OAuth2Client, told: Told): Promise<void> {
  if (!told.unanswered) return;
  const { kind, token } = told.unanswered;
  told.unanswered = undefined;
  const answers = await Promise.all([1, 2].map(() => send(ostiary, client, kind, token)));
  const granted = answers.filter((answer) => answer.status === 200);
  assert.ok(granted.length <= 1, `a ${kind} was granted twice`);
  for (const answer of answers) if (answer.status !== 200) assert.equal(answer.json.error, 'invalid_grant');
}

/** Looks at the tables after a kill. */
async function check(database: Database, all: readonly Told[]): Promise<void> {
  const { read } = database;
  const codes = await read
    .selectFrom('authorization_codes')
    .select(['code_hash', 'family_id', 'redeemed_at'])
    .execute();
  const refresh = await read.selectFrom('refresh_tokens').select(['token_hash', 'family_id', 'redeemed_at']).execute();
  const access = await read.selectFrom('access_tokens').select(['token_hash', 'family_id']).execute();
  const byHash = new Map([
    ...codes.map((row) => [row.code_hash, row.redeemed_at] as const),
    ...refresh.map((row) => [row.token_hash, row.redeemed_at] as const),
  ]);
  const accessHashes = new Set(access.map((row) => row.token_hash));
  for (const told of all) {
    for (const each of [...told.codes, ...told.refresh])
      assert.ok(byHash.has(hashToken(each)), 'what was given is known');
    for (const each of [...told.redeemed, ...told.used])
      assert.ok(byHash.get(hashToken(each)), 'what was used stays used');
    for (const each of told.access) assert.ok(accessHashes.has(hashToken(each)), 'a token that was given is known');
  }
  for (const code of codes) {
    const family = refresh.filter((row) => row.family_id === code.family_id);
    const live = access.filter((row) => row.family_id === code.family_id).length;
    const used = family.filter((row) => row.redeemed_at !== null).length;
    // One pair of tokens for the code and one for each use of a refresh token, and none without.
    const expected = code.redeemed_at === null ? 0 : 1 + used;
    assert.equal(family.length, expected, 'refresh tokens of a family');
    assert.equal(live, expected, 'access tokens of a family');
  }
}
