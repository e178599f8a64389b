/** The real program in a process of its own, as `npm start` runs it: the bundle, with every listener on. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Memory, memoryOf, processorSecondsOf, stop, watch } from './children.ts';
import { Connection } from './connection.ts';

const root = join(import.meta.dirname, '..', '..');
const launcher = join(root, 'tools', 'start.mjs');
const LONGEST_START_MILLISECONDS = 60_000;
export const SIGN_IN_PAGE = '/if/flow/default-authentication-flow/';

export type Server = {
  port: number;
  /** Milliseconds from the start of the process to the first complete page. */
  firstPage: number;
  memory(): Memory | undefined;
  /** Seconds of processor taken so far. */
  processorSeconds(): number | undefined;
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
  const own = {
    OSTIARY_LISTEN__HTTP: `127.0.0.1:${port}`,
    OSTIARY_LISTEN__METRICS: `127.0.0.1:${metricsPort}`,
    OSTIARY_LOG_LEVEL: 'warn',
  };
  const started = performance.now();
  const child = spawn(process.execPath, [launcher, 'serve'], {
    env: { ...surroundings(), ...environment, ...own },
    stdio: ['ignore', 2, 2],
  });
  watch(child);
  await untilPage(child, port);
  const firstPage = performance.now() - started;
  return {
    port,
    firstPage,
    memory: () => memoryOf(child),
    processorSeconds: () => processorSecondsOf(child),
    async statements() {
      const signal = AbortSignal.timeout(10_000);
      const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`, { signal })).text();
      const found = /^ostiary_sql_statements_total (\d+)/m.exec(text)?.[1];
      if (found === undefined) throw new Error('the metrics do not count SQL statements');
      return Number(found);
    },
    stop: () => stop(child),
  };
}

async function once(port: number, path: string): ReturnType<Connection['get']> {
  const connection = new Connection(port);
  try {
    return await connection.get(path);
  } finally {
    connection.close();
  }
}

async function untilPage(child: ChildProcess, port: number): Promise<void> {
  const latest = performance.now() + LONGEST_START_MILLISECONDS;
  while (child.exitCode === null && performance.now() < latest) {
    const answer = await once(port, SIGN_IN_PAGE).catch(() => undefined);
    if (answer?.body.includes('uid_field')) return;
    // Not listening yet, or not set up: anything else would be seen here as well.
    if (answer) throw new Error(`the first page is not the sign-in page: ${answer.head}`);
    await pause(2);
  }
  await stop(child);
  throw new Error('the server has shown no page');
}

/** Runs one command of the program beside the server. */
export async function command(environment: Record<string, string>, words: string[]): Promise<void> {
  const child = spawn(process.execPath, [launcher, ...words], {
    env: { ...surroundings(), ...environment },
    stdio: ['ignore', 'ignore', 2],
  });
  watch(child);
  const late = setTimeout(() => child.kill('SIGKILL'), LONGEST_START_MILLISECONDS);
  const code = await new Promise((resolve) => child.once('exit', resolve));
  clearTimeout(late);
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${String(code)}`);
}
