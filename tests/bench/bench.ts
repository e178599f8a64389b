/**
 * `npm run bench`: what Ostiary costs, as ratios taken in one run. Machines differ and are shared, so every figure is
 * measured in short turns beside what it is compared with, and the median of the ratios counts. Nothing passes or
 * fails here. `--rounds N` and `--out FILE` change how long it takes and where the JSON goes.
 */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { databases, POSTGRES_VARIABLE } from '../environment/databases.ts';
import { startPostgresql } from '../environment/postgresql.ts';
import { findPostgresql } from '../environment/postgresql-binaries.ts';
import { type Answer, Connection, headerOf, rate } from './connection.ts';
import { command, type Server, SIGN_IN_PAGE, startServer } from './server.ts';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, out: { type: 'string', default: 'bench.json' } },
});
const ROUNDS = Number(options.rounds);
const TURN_MILLISECONDS = 1200;
/** Enough to keep the threads of both busy. */
const CONNECTIONS = 16;
const SECRET = 'the secret of the measurements';
const BASIC = { authorization: `Basic ${Buffer.from(`bench:${SECRET}`).toString('base64')}` };
const REDIRECT = 'http://localhost:3000/callback';
const root = join(import.meta.dirname, '..', '..');

type Bare = { port: number; rate(job: string, atOnce: number): Promise<number>; stop(): void };

async function startBare(): Promise<Bare> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'bare.ts'));
  const next = <T>(): Promise<T> => new Promise((resolve) => child.once('message', (message) => resolve(message as T)));
  const { port } = await next<{ port: number }>();
  return {
    port,
    async rate(job, atOnce) {
      child.send({ job, atOnce, milliseconds: TURN_MILLISECONDS });
      return (await next<{ rate: number }>()).rate;
    },
    stop: () => void child.kill(),
  };
}

function expect(answer: Answer, status: number): Answer {
  if (answer.status !== status)
    throw new Error(`${answer.status} instead of ${status}: ${answer.head}\n${answer.body}`);
  return answer;
}

/** Asks for a code with a live session and exchanges it. */
async function codeAndToken(connection: Connection, cookie: string): Promise<{ access_token: string }> {
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

/** Signs in with name and password, as a browser without scripts does; returns the session's cookie. */
async function signIn(connection: Connection): Promise<string> {
  const page = expect(await connection.get(SIGN_IN_PAGE), 200);
  let cookie = cookieOf(page);
  const named = expect(await connection.post(SIGN_IN_PAGE, { ...hidden(page), uid_field: 'bench' }, { cookie }), 303);
  const asked = expect(await connection.get(headerOf(named, 'location') ?? '', { cookie }), 200);
  const typed = { ...hidden(asked), password: 'the password of the measurements' };
  const done = expect(await connection.post(SIGN_IN_PAGE, typed, { cookie }), 303);
  cookie = cookieOf(done);
  return cookie;
}

const cookieOf = (answer: Answer): string => /authentik_session=[^;\r]+/.exec(answer.head)?.[0] ?? '';
const hidden = (page: Answer): Record<string, string> =>
  Object.fromEntries(
    [...page.body.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(([, name, value]) => [
      name,
      value,
    ]),
  );

async function signInPage(port: number): Promise<{ requests: number; gzipBytes: number }> {
  const page = await (await fetch(`http://127.0.0.1:${port}${SIGN_IN_PAGE}`)).text();
  const parts = [...page.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map((found) => found[1] ?? '');
  let gzipBytes = gzipSync(page).length;
  for (const part of new Set(parts))
    gzipBytes += gzipSync(await (await fetch(`http://127.0.0.1:${port}${part}`)).text()).length;
  return { requests: 1 + new Set(parts).size, gzipBytes };
}

const median = (all: number[]): number => all.toSorted((one, other) => one - other)[Math.floor(all.length / 2)] ?? 0;

async function measure(bare: Bare, environment: Record<string, string>): Promise<Record<string, unknown>> {
  const first = await startServer(environment);
  await first.stop();
  const starts: number[] = [];
  let server: Server = await startServer(environment);
  for (let round = 1; round < ROUNDS; round += 1) {
    starts.push(server.firstPage);
    await server.stop();
    server = await startServer(environment);
  }
  starts.push(server.firstPage);
  await pause(3000);
  const before = await server.statements();
  const idle = server.memory();
  await pause(5000);
  const idleStatements = (await server.statements()) - before;
  const page = await signInPage(server.port);
  await command(environment, ['apply', join(import.meta.dirname, 'blueprint.yaml')]);

  const { port } = server;
  const connection = new Connection(port);
  const cookie = await signIn(connection);
  const { access_token: accessToken } = await codeAndToken(connection, cookie);
  connection.close();
  const bearer = { authorization: `Bearer ${accessToken}` };
  const plain = { grant_type: 'client_credentials', scope: 'email' };
  const works: Record<
    string,
    { beside: string; work: (connection: Connection) => Promise<void>; connections?: number }
  > = {
    clientCredentials: {
      beside: 'signatures',
      work: async (each) => void expect(await each.post('/application/o/token/', plain, BASIC), 200),
    },
    signInWithLiveSession: { beside: 'signatures', work: async (each) => void (await codeAndToken(each, cookie)) },
    signInWithPassword: {
      beside: 'hashes',
      work: async (each) => void (await codeAndToken(each, await signIn(each))),
    },
    discovery: {
      beside: 'answers',
      work: async (each) => void expect(await each.get('/application/o/bench/.well-known/openid-configuration'), 200),
    },
    jwks: { beside: 'answers', work: async (each) => void expect(await each.get('/application/o/bench/jwks/'), 200) },
    userinfo: {
      beside: 'answers',
      work: async (each) => void expect(await each.get('/application/o/userinfo/', bearer), 200),
    },
    introspection: {
      beside: 'answers',
      work: async (each) =>
        void expect(await each.post('/application/o/introspect/', { token: accessToken }, BASIC), 200),
    },
    signInPage: { beside: 'answers', work: async (each) => void expect(await each.get(SIGN_IN_PAGE), 200) },
  };
  const rates: Record<string, number[]> = {};
  const ratios: Record<string, number[]> = {};
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, { beside, work }] of Object.entries(works)) {
      const other =
        beside === 'answers'
          ? await rate(bare.port, CONNECTIONS, TURN_MILLISECONDS, async (each) => void expect(await each.get('/'), 200))
          : await bare.rate(beside, beside === 'hashes' ? 2 : CONNECTIONS);
      const own = await rate(port, CONNECTIONS, TURN_MILLISECONDS, work);
      (rates[name] ??= []).push(own);
      (rates[beside] ??= []).push(other);
      (ratios[name] ??= []).push(own / other);
    }
  }
  const loaded = server.memory();
  await server.stop();
  return {
    firstPageMilliseconds: { onEmptyDatabase: round(first.firstPage), onExistingDatabase: round(median(starts)) },
    memory: { idle, loaded },
    statementsInFiveIdleSeconds: idleStatements,
    signInPage: page,
    ratios: Object.fromEntries(
      Object.entries(ratios).map(([name, all]) => [`${name} / ${works[name]?.beside}`, round(median(all), 3)]),
    ),
    perSecond: Object.fromEntries(Object.entries(rates).map(([name, all]) => [name, round(median(all))])),
  };
}

const round = (value: number, digits = 0): number => Number(value.toFixed(digits));

execFileSync(process.execPath, [join(root, 'tools', 'build.ts')], { stdio: ['ignore', 2, 2] });
const found = process.env[POSTGRES_VARIABLE] ? undefined : await findPostgresql();
const postgresql = found ? await startPostgresql(found) : undefined;
if (postgresql) process.env[POSTGRES_VARIABLE] = postgresql.url;
const bare = await startBare();
const report: Record<string, unknown> = {
  node: process.version,
  processors: `${cpus().length} × ${cpus()[0]?.model}`,
  date: new Date().toISOString(),
  command: 'npm run bench',
};
for (const engine of databases()) {
  const database = await engine.make();
  const folder = mkdtempSync(join(tmpdir(), 'ostiary-bench-'));
  const environment: Record<string, string> = {
    OSTIARY_DATA_DIR: folder,
    OSTIARY_SECRET_KEY: 'the secret key of the measurements, 32 and more',
    OSTIARY_BOOTSTRAP_PASSWORD: randomBytes(12).toString('hex'),
    ...(engine.name === 'postgresql' && { OSTIARY_DATABASE_URL: database.url }),
  };
  try {
    report[engine.name] = await measure(bare, environment);
  } finally {
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  }
}
bare.stop();
await postgresql?.stop();
writeFileSync(options.out, `${JSON.stringify(report, null, 2)}\n`);
console.log(JSON.stringify(report, null, 2));
