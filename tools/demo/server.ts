/** Ostiary as a process of its own, as `npm start` runs it. */
import { spawn } from 'node:child_process';
import { setTimeout as after } from 'node:timers/promises';

/** `ended` resolves with 1 when it ends by itself; `stop` ends it and waits. */
export type Server = { ended: Promise<number>; stop: () => Promise<unknown> };

const LONGEST_START_MILLISECONDS = 60_000;

/** Starts it and waits until it is ready. Throws when it ends before, having said why itself. */
export async function startServer(start: string, env: NodeJS.ProcessEnv, url: string): Promise<Server> {
  // In a group of its own: Ctrl-C is for the demonstration, which then stops it once.
  const detached = process.platform !== 'win32';
  const child = spawn(process.execPath, [start, 'serve'], { env, detached, stdio: ['ignore', 2, 2] });
  const exit = new Promise<void>((done, fail) => child.once('error', fail).once('exit', () => done()));
  const ended = exit.then(() => 1);
  const stop = (): Promise<unknown> => {
    child.kill('SIGTERM');
    return exit;
  };
  const deadline = performance.now() + LONGEST_START_MILLISECONDS;
  while (!(await isReady(url))) {
    const isOver = child.exitCode !== null || child.signalCode !== null;
    if (isOver) throw new Error('Ostiary did not start.');
    if (performance.now() > deadline) {
      await stop();
      throw new Error('Ostiary is not ready after a minute.');
    }
    await Promise.race([after(50), exit]);
  }
  return { ended, stop };
}

async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/-/health/ready/`, { signal: AbortSignal.timeout(5_000) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}
