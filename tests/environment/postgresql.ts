/**
 * A private PostgreSQL server for one run of the tests: its own folder, port, user and password, gone at the end.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readableFor } from './postgresql-binaries.ts';

const run = promisify(execFile);

/** A running server. `url` names a superuser and its database `postgres`; `stop` ends it and deletes its folder. */
export type PostgresqlServer = { url: string; stop(): Promise<void> };

type User = { uid?: number; gid?: number };

/**
 * Starts a server from the given folder of binaries. It syncs to disk as in production, because tests of durability
 * rely on it; what only costs time in a short life is off. Throws with the server's own words when it does not start.
 */
export async function startPostgresql(binaries: string): Promise<PostgresqlServer> {
  const work = await mkdtemp(join(tmpdir(), 'ostiary-postgresql-'));
  const user = unprivileged();
  const bin = user.uid === undefined ? binaries : await readableFor(binaries, work);
  const password = randomBytes(16).toString('hex');
  const data = join(work, 'data');
  const passwordFile = join(work, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user.uid !== undefined && user.gid !== undefined) {
    await chown(work, user.uid, user.gid);
    await chown(passwordFile, user.uid, user.gid);
  }
  await chmod(work, 0o700);
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  const initialise = ['-D', data, '-U', 'ostiary', '-E', 'UTF8', `--locale=${locale()}`, '--no-sync'];
  const authentication = ['--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  await run(join(bin, 'initdb'), [...initialise, ...authentication], { ...user, env, cwd: work });
  const port = await freePort();
  const settings = [...SETTINGS, `port=${port}`, `unix_socket_directories=${process.platform === 'win32' ? '' : work}`];
  const options = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])];
  const server = spawn(join(bin, 'postgres'), options, {
    ...user,
    env,
    cwd: work,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await ready(server);
  return {
    url: `postgres://ostiary:${password}@127.0.0.1:${port}/postgres`,
    stop: async () => {
      await ended(server);
      await rm(work, { recursive: true, force: true });
    },
  };
}

const SETTINGS = [
  'listen_addresses=127.0.0.1',
  'max_connections=300',
  'shared_buffers=64MB',
  'max_wal_size=2GB',
  'checkpoint_timeout=1h',
  'autovacuum=off',
  'jit=off',
  'fsync=on',
  'synchronous_commit=on',
];

function locale(): string {
  return process.platform === 'linux' ? 'C.UTF-8' : 'C';
}

/** PostgreSQL refuses to run as root. The user must have an entry in the password file, or initdb stops. */
function unprivileged(): User {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    try {
      const number = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }));
      return { uid: number('-u'), gid: number('-g') };
    } catch {}
  }
  throw new Error('PostgreSQL refuses root, and there is neither a user postgres nor a user nobody to run it as');
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`PostgreSQL ended with ${code}:\n${said}`)));
    server.stderr?.on('data', (text: Buffer) => {
      // Only the words of the start are kept; the pipe is read to its end, because a full one would stop the server.
      if (said.length < 20_000) said += text.toString();
      if (said.includes('ready to accept connections')) resolve();
    });
  });
}

/** SIGINT is PostgreSQL's fast shutdown: connections are cut and the files are left whole. */
async function ended(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exit = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGINT');
  await exit;
}
