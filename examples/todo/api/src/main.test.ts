import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

function run(environment: Record<string, string>): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], { env: environment });
}

test('The process ends with 0 when it is asked to stop', {
  skip: process.platform === 'win32' && 'no signals',
}, async () => {
  const child = run({ OIDC_AUDIENCE: 'client', PORT: '0', TODO_DATABASE_URL: ':memory:' });
  const [line] = await once(child.stdout, 'data');
  const url = /http:\S+/.exec(String(line))?.[0] ?? '';
  assert.equal((await fetch(new URL('/health', url))).status, 200);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('The process says what is missing and ends with 2', async () => {
  const child = run({});
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  assert.equal(code, 2);
  assert.match(said, /OIDC_AUDIENCE is missing/);
});
