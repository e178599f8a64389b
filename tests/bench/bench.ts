/**
 * `npm run bench`: what Ostiary costs, as ratios taken in one run, on SQLite and on PostgreSQL. Nothing passes or
 * fails here: docs/performance.md says what each figure means. Options after `--`: `--rounds N`, `--out FILE`,
 * `--only sqlite`, `--works clientCredentials,jwks`.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type DatabaseEngine, databases, POSTGRES_VARIABLE } from '../environment/databases.ts';
import { startPostgresql } from '../environment/postgresql.ts';
import { findPostgresql } from '../environment/postgresql-binaries.ts';
import { startBare, type Bare } from './beside.ts';
import { Connection } from './connection.ts';
import { people, signInPage } from './person.ts';
import { print, type Report, type EngineReport } from './print.ts';
import { command, type Server, startServer } from './server.ts';
import { median, takeTurns } from './turns.ts';
import { makeWorks } from './works.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    out: { type: 'string', default: 'bench.json' },
    only: { type: 'string' },
    works: { type: 'string' },
  },
});
const rounds = Math.max(1, Number(options.rounds) || 5);
const IDLE_MILLISECONDS = 5000;
const root = join(import.meta.dirname, '..', '..');

/** Runs with a connection that is closed afterwards. */
async function connected<T>(server: Server, ask: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = new Connection(server.port);
  try {
    return await ask(connection);
  } finally {
    connection.close();
  }
}

async function applyBlueprint(environment: Record<string, string>): Promise<void> {
  const path = join(environment.OSTIARY_DATA_DIR ?? '', 'bench.yaml');
  writeFileSync(path, readFileSync(join(import.meta.dirname, 'blueprint.yaml'), 'utf8') + people());
  await command(environment, ['apply', path]);
}

async function measure(bare: Bare, environment: Record<string, string>): Promise<EngineReport> {
  const first = await startServer(environment);
  await first.stop();
  const starts: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const each = await startServer(environment);
    starts.push(each.firstPage);
    await each.stop();
  }
  const server = await startServer(environment);
  try {
    await pause(IDLE_MILLISECONDS);
    const idle = server.memory();
    const before = await server.statements();
    await pause(IDLE_MILLISECONDS);
    const idleStatements = (await server.statements()) - before;
    const page = await connected(server, signInPage);
    await applyBlueprint(environment);
    const works = await connected(server, makeWorks);
    const chosen = options.works?.split(',');
    const figures = await takeTurns(
      server,
      bare,
      Object.fromEntries(Object.entries(works).filter(([name]) => chosen?.includes(name) ?? true)),
      rounds,
    );
    return {
      firstPageMilliseconds: {
        onEmptyDatabase: Math.round(first.firstPage),
        onExistingDatabase: median(starts) ?? 0,
      },
      memory: { idle, loaded: server.memory() },
      idleStatements,
      signInPage: page,
      figures,
    };
  } finally {
    await server.stop();
  }
}

async function measureOn(engine: DatabaseEngine, bare: Bare): Promise<EngineReport> {
  const database = await engine.make();
  const folder = mkdtempSync(join(tmpdir(), 'ostiary-bench-'));
  try {
    return await measure(bare, {
      OSTIARY_DATA_DIR: folder,
      OSTIARY_SECRET_KEY: randomBytes(32).toString('hex'),
      OSTIARY_BOOTSTRAP_PASSWORD: randomBytes(12).toString('hex'),
      ...(engine.name === 'postgresql' && { OSTIARY_DATABASE_URL: database.url }),
    });
  } finally {
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  }
}

execFileSync(process.execPath, [join(root, 'tools', 'build.ts')], { stdio: ['ignore', 2, 2] });
const wanted = (name: string): boolean => options.only === undefined || options.only === name;
const found = process.env[POSTGRES_VARIABLE] || !wanted('postgresql') ? undefined : await findPostgresql();
const postgresql = found ? await startPostgresql(found) : undefined;
if (postgresql) process.env[POSTGRES_VARIABLE] = postgresql.url;
// A signal ends everything that was started, too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void (postgresql?.stop() ?? Promise.resolve()).finally(() => process.exit(1)));
}
try {
  const bare = await startBare();
  const report: Report = {
    command: 'npm run bench',
    date: new Date().toISOString(),
    node: process.version,
    processors: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    rounds,
    engines: {},
  };
  for (const engine of databases().filter(({ name }) => wanted(name))) {
    console.error(`Measuring on ${engine.name} …`);
    report.engines[engine.name] = await measureOn(engine, bare);
  }
  await bare.stop();
  writeFileSync(options.out, `${JSON.stringify(report, null, 2)}\n`);
  console.log(`${print(report)}\nWritten to ${options.out}.`);
} finally {
  await postgresql?.stop();
}
