import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { openExpressions } from './expressions.testing.ts';

/** Runs a module in a process of its own, and gives what it printed. Fails when the process does not end by itself. */
const inOwnProcess = async (source: string): Promise<string> => {
  const program = ['--input-type=module-typescript', '--eval', source];
  const { stdout } = await promisify(execFile)(process.execPath, program, {
    timeout: 20_000,
    cwd: import.meta.dirname,
  });
  return stdout.trim();
};
const room = JSON.stringify(new URL('./expressions.ts', import.meta.url).href);

test('importing the room and making expressions loads no virtual machine and starts no thread', async () => {
  const printed = await inOwnProcess(`
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ resolve: (name, context, next) => { loaded.push(name); return next(name, context); } });
    const { makeExpressions } = await import(${room});
    makeExpressions();
    console.log(JSON.stringify({ loaded, resources: process.getActiveResourcesInfo() }));
  `);
  const { loaded, resources } = JSON.parse(printed) as { loaded: string[]; resources: string[] };
  assert.ok(loaded.includes('./evaluations.ts'));
  assert.deepEqual(
    loaded.filter((name) => /quickjs|wasm|sandbox\.worker/.test(name)),
    [],
  );
  assert.deepEqual(
    resources.filter((name) => /Worker|MessagePort/.test(name)),
    [],
  );
});

test('a thread at rest does not keep the process alive, one at work does', async () => {
  const printed = await inOwnProcess(`
    import { makeExpressions } from ${room};
    const expressions = makeExpressions({ limits: { idleMilliseconds: 600_000 } });
    const result = await expressions.evaluate({ language: 'javascript', source: 'return 7', context: {} });
    console.log(result.value);
  `);
  assert.equal(printed, '7');
});

test('a thread that ended because there was no work comes back when there is', async () => {
  const printed = await inOwnProcess(`
    import { makeExpressions } from ${room};
    const expressions = makeExpressions({ limits: { idleMilliseconds: 1 } });
    const run = (source) => expressions.evaluate({ language: 'javascript', source, context: {} });
    const threads = () => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
    const kept = setInterval(() => {}, 1_000);
    await run('return 1');
    while (threads() > 0) await new Promise((resolve) => setImmediate(resolve));
    console.log((await run('return 2')).value);
    clearInterval(kept);
  `);
  assert.equal(printed, '2');
});

test('a thread that cannot be started is a failure, not a wait', async () => {
  const lost = openExpressions({ workerUrl: new URL('./no-such.worker.ts', import.meta.url) });
  assert.match((await lost.failure('return 1')).message, /could not be started/);
  const elsewhere = openExpressions({ workerUrl: new URL('https://example.org/sandbox.worker.js') });
  assert.match((await elsewhere.failure('return 1')).message, /could not be started/);
  const empty = openExpressions({ wasmUrl: new URL('./no-such.wasm', import.meta.url) });
  assert.match((await empty.failure('return 1')).message, /could not be started/);
  assert.match((await empty.failure('return 1')).message, /could not be started/);
});

test('the room works when it is bundled into two files', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'expressions-'));
  t.after(() => rm(folder, { recursive: true }));
  const bundle = await rolldown({
    input: {
      main: join(import.meta.dirname, 'expressions.ts'),
      'sandbox.worker': join(import.meta.dirname, 'sandbox.worker.ts'),
    },
    platform: 'node',
  });
  await bundle.write({ dir: folder, format: 'esm', entryFileNames: '[name].mjs' });
  await bundle.close();
  const printed = await inOwnProcess(`
    import { makeExpressions } from ${JSON.stringify(pathToFileURL(join(folder, 'main.mjs')).href)};
    const expressions = makeExpressions({
      workerUrl: new URL(${JSON.stringify(pathToFileURL(join(folder, 'sandbox.worker.mjs')).href)}),
      wasmUrl: new URL(${JSON.stringify(import.meta.resolve('quickjs-wasi/quickjs.wasm'))}),
    });
    const result = await expressions.evaluate({ language: 'javascript', source: 'return 7', context: {} });
    console.log(result.value);
  `);
  assert.equal(printed, '7');
});
