/** The real program in a process of its own, as people run it: the bundle, with every listener on. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const root = join(import.meta.dirname, '..', '..');
export const SIGN_IN_PAGE = '/if/flow/default-authentication-flow/';

export type Memory = { residentMegabytes: number; anonymousMegabytes: number };

export type Server = {
  port: number;
  metricsPort: number;
  /** Milliseconds from the start of the process to the first complete page. */
  firstPage: number;
  memory(): Memory;
  /** How many SQL statements the server has run, as its metrics say. */
  statements(): Promise<number>;
  stop(): Promise<void>;
};

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

/** What a child sees: this process's environment without settings that are not its own. */
const surroundings = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:OSTIARY|AUTHENTIK)_/.test(name)));

/** Starts it and waits for its first page. */
export async function startServer(environment: Record<string, string>): Promise<Server> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const started = performance.now();
  const child = spawn(process.execPath, [join(root, 'dist', 'main.js'), 'serve'], {
    env: {
      ...surroundings(),
      ...environment,
      OSTIARY_LISTEN__HTTP: `127.0.0.1:${port}`,
      OSTIARY_LISTEN__METRICS: `127.0.0.1:${metricsPort}`,
      OSTIARY_LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await untilPage(child, port);
  const firstPage = performance.now() - started;
  return {
    port,
    metricsPort,
    firstPage,
    memory() {
      const text = readFileSync(`/proc/${child.pid}/smaps_rollup`, 'utf8');
      const megabytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]) / 1024;
      return { residentMegabytes: megabytes('Rss'), anonymousMegabytes: megabytes('Anonymous') };
    },
    async statements() {
      const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
      const found = /^ostiary_sql_statements_total (\d+)/m.exec(text)?.[1];
      if (found === undefined) throw new Error('the metrics do not count SQL statements');
      return Number(found);
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function untilPage(child: ChildProcess, port: number): Promise<void> {
  while (child.exitCode === null) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}${SIGN_IN_PAGE}`);
      if (answer.ok && (await answer.text()).includes('uid_field')) return;
    } catch {
      // Not listening yet.
    }
    await pause(3);
  }
  throw new Error('the server ended before its first page');
}

/** Runs one command of the program beside the server. */
export async function command(environment: Record<string, string>, words: string[]): Promise<void> {
  const child = spawn(process.execPath, [join(root, 'dist', 'main.js'), ...words], {
    env: { ...surroundings(), ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${String(code)}`);
}
