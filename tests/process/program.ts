/** The program as a process of its own, as an operator runs it: what it is given, what it says, how it ends. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
/** No test waits longer for one thing. */
const LONGEST_MILLISECONDS = 30_000;

/** Settings of the program; nothing of the test's own environment that begins like one gets through. */
export type Environment = Readonly<Record<string, string>>;

export type Ended = { code: number | null; output: string; errors: string };

export type Running = {
  child: ChildProcessByStdio<Writable, Readable, Readable>;
  output(): string;
  errors(): string;
  /** Resolves when standard output or standard error has it. Rejects when the process ends without. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  ended: Promise<Ended>;
};

export type Server = Running & {
  url: string;
  metricsUrl: string;
  /** Sends SIGTERM and waits. */
  stop(): Promise<Ended>;
};

/** An empty folder for data, and how to take it away. */
export function emptyFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'ostiary-process-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Starts a script of Node with these words. */
export function startScript(words: readonly string[], environment: Environment, folder?: string): Running {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(OSTIARY|AUTHENTIK|NODE_TEST|NODE_OPTIONS)/.test(name),
  );
  const child = spawn(process.execPath, words, {
    env: { ...Object.fromEntries(inherited), ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(folder && { cwd: folder }),
  });
  let output = '';
  let errors = '';
  const listeners = new Set<() => void>();
  const heard = (): void => {
    for (const listener of listeners) listener();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    heard();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
    heard();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject).once('close', (code) => resolve({ code, output, errors }));
  });
  const says = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(output) ?? pattern.exec(errors);
        if (found) settle(() => resolve(found));
      };
      const fail = (why: string): void => settle(() => reject(new Error(`${why}, and said:\n${output}\n${errors}`)));
      const timer = setTimeout(() => fail(`it did not say ${pattern} in time`), LONGEST_MILLISECONDS);
      const settle = (then: () => void): void => {
        clearTimeout(timer);
        listeners.delete(look);
        then();
      };
      listeners.add(look);
      look();
      void ended.then(() => fail(`it ended without ${pattern}`));
    });
  return { child, output: () => output, errors: () => errors, says, ended };
}

/** Runs one command to its end, with `input` on standard input. */
export async function ostiary(
  words: readonly string[],
  options: { environment?: Environment; input?: string; node?: readonly string[] } = {},
): Promise<Ended> {
  const running = startScript([...(options.node ?? []), MAIN, ...words], options.environment ?? {});
  running.child.stdin.end(options.input ?? '');
  return running.ended;
}

/** Starts a server on free ports and waits until it is ready. `node` are options for Node itself. */
export async function startServer(environment: Environment, node: readonly string[] = []): Promise<Server> {
  const running = startScript([...node, MAIN, 'serve'], {
    OSTIARY_LISTEN__HTTP: '127.0.0.1:0',
    OSTIARY_LISTEN__METRICS: '127.0.0.1:0',
    ...environment,
  });
  const [line] = await running.says(/^.*"Ostiary is ready on .*$/m);
  const { listening, metrics } = JSON.parse(line) as { listening: { port: number }[]; metrics: { port: number }[] };
  return {
    ...running,
    url: `http://localhost:${listening[0]?.port}`,
    metricsUrl: `http://localhost:${metrics[0]?.port}/metrics`,
    stop() {
      running.child.kill('SIGTERM');
      return running.ended;
    },
  };
}
