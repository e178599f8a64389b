/** What a program does to its files, in order, as strace sees it. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { install } from '../environment/system-packages.ts';

/** One step. A `sync` is where it began, the `synced` of the same `call` where it ended well. */
export type Step =
  | { kind: 'write'; path: string; offset: number; data: Buffer }
  | { kind: 'truncate'; path: string; length: number }
  | { kind: 'sync'; path: string; call: number; name: string }
  | { kind: 'synced'; path: string; call: number }
  | { kind: 'said'; line: string };

/** A sentence that says why nothing can be traced here, or false. */
export function cannotTrace(): string | false {
  if (process.platform !== 'linux') return 'strace is for Linux';
  const found = (): boolean => spawnSync('strace', ['-V']).status === 0;
  if (!found()) {
    const remedy = install('strace', 'strace');
    if (remedy) return remedy;
  }
  const works = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;
  return works ? false : 'strace may not trace here (needs the right to ptrace)';
}

const CALLS = 'trace=pwrite64,fdatasync,fsync,ftruncate,write';

/** Runs a program of Node to its end and returns what it did to files and said on standard output. */
export function trace(output: string, program: readonly string[]): Step[] {
  const strace = ['-f', '-y', '-xx', '-s', '70000', '-e', CALLS, '-e', 'signal=none', '-o', output];
  const ran = spawnSync('strace', [...strace, process.execPath, ...program], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (ran.status !== 0) throw new Error(`the traced program ended with ${ran.status}`);
  return read(readFileSync(output, 'latin1'));
}

const bytes = (text: string): Buffer => Buffer.from(text.replaceAll('\\x', ''), 'hex');

function read(text: string): Step[] {
  const steps: Step[] = [];
  /** Calls that other threads interrupted, by thread. */
  const open = new Map<string, { path: string; call: number }>();
  let calls = 0;
  for (const line of text.split('\n')) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/s.exec(line) ?? [];
    const resumed = /^<\.\.\. (\w+) resumed>(.*)$/s.exec(rest);
    const before = resumed ? open.get(thread) : undefined;
    if (resumed && before) {
      open.delete(thread);
      if (rest.endsWith(' = 0')) steps.push({ kind: 'synced', path: before.path, call: before.call });
      continue;
    }
    const call = /^(\w+)\((\d+)<([^>]*)>(?:, "([^"]*)"(\.\.\.)?, \d+)?(?:, (\d+))?/s.exec(rest);
    if (!call) continue;
    const [, name = '', descriptor, hidden = '', data = '', cut, position = '0'] = call;
    const path = hidden.startsWith('\\x') ? bytes(hidden).toString() : hidden;
    if (cut) throw new Error('strace has cut a write short');
    if (name === 'pwrite64') steps.push({ kind: 'write', path, offset: Number(position), data: bytes(data) });
    else if (name === 'ftruncate') steps.push({ kind: 'truncate', path, length: Number(position) });
    else if (name === 'write' && descriptor === '1')
      steps.push({ kind: 'said', line: bytes(data).toString().trimEnd() });
    else if (name === 'fdatasync' || name === 'fsync') {
      calls += 1;
      steps.push({ kind: 'sync', path, call: calls, name });
      if (rest.includes('<unfinished')) open.set(thread, { path, call: calls });
      else if (rest.endsWith(' = 0')) steps.push({ kind: 'synced', path, call: calls });
    }
  }
  return steps;
}
