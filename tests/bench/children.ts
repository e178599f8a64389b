/** Processes beside the measurements. None outlives them, however they end. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

const LONGEST_STOP_MILLISECONDS = 15_000;
/** The unit of the times in /proc/PID/stat; Linux shows a hundredth of a second everywhere. */
const TICK_SECONDS = 0.01;

export type Memory = { residentMegabytes: number; anonymousMegabytes: number };

/** Ends the process with this one. */
export function watch(child: ChildProcess): void {
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
}

/** Asks the process to end, and makes it end when it takes too long. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const late = setTimeout(() => child.kill('SIGKILL'), LONGEST_STOP_MILLISECONDS);
  await new Promise((resolve) => {
    child.once('exit', resolve);
    child.kill('SIGTERM');
  });
  clearTimeout(late);
}

/** What the process holds, from `smaps_rollup`; undefined where the system does not tell. */
export function memoryOf(child: ChildProcess): Memory | undefined {
  const text = proc(child, 'smaps_rollup');
  if (text === undefined) return undefined;
  const megabytes = (name: string): number =>
    Math.round(Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]) / 102.4) / 10;
  return { residentMegabytes: megabytes('Rss'), anonymousMegabytes: megabytes('Anonymous') };
}

/** Seconds of processor that all threads of the process have taken; undefined where the system does not tell. */
export function processorSecondsOf(child: ChildProcess): number | undefined {
  const text = proc(child, 'stat');
  // The name of the process, in brackets, may hold spaces.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields && (Number(fields[11]) + Number(fields[12])) * TICK_SECONDS;
}

function proc(child: ChildProcess, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${child.pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}
