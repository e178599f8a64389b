import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

/** Runs `npm test` on one file that holds the given tests. The database is said to be there, so that none is started. */
function run(tests: string, ci: boolean): { status: number | null; out: string } {
  const folder = mkdtempSync(join(tmpdir(), 'ostiary-tests-'));
  try {
    writeFileSync(join(folder, 'a.test.mjs'), `import { test } from 'node:test';\n${tests}`);
    const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
    const env = { ...environment, OSTIARY_TEST_POSTGRES: 'postgres://nobody@localhost/none', CI: String(ci) };
    const runner = [join(import.meta.dirname, 'test.ts'), 'a.test.mjs'];
    const done = spawnSync(process.execPath, runner, { cwd: folder, env, encoding: 'utf8' });
    return { status: done.status, out: done.stdout };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const PASSING = "test('fine', () => {});";
const SKIPPED = "test('browser', { skip: 'needs Chromium' }, () => {});";

test('passing tests pass, and the closing lines come last', () => {
  const { status, out } = run(PASSING, true);
  assert.equal(status, 0, out);
  assert.match(out, /ℹ tests 1\n[\s\S]*ℹ duration_ms [\d.]+\s*$/);
});

test('a failing test fails the run', () => {
  const { status, out } = run(`${PASSING} test('bad', () => { throw new Error('no') });`, false);
  assert.equal(status, 1);
  assert.match(out, /ℹ fail 1/);
});

test('a skipped test is named with its reason, and with CI=true it fails the run', () => {
  const alone = run(PASSING + SKIPPED, false);
  assert.equal(alone.status, 0);
  assert.match(alone.out, /1 skipped:\n {2}browser \(needs Chromium\)/);
  const strict = run(PASSING + SKIPPED, true);
  assert.equal(strict.status, 1);
  assert.match(strict.out, /skipped, which is a failure/);
});
