import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');

/** A working copy in small: this project's tools and packages around a program of a few lines. */
const SOURCES = {
  'main.ts': `import { readBeside } from './room/room.ts';
    if (import.meta.main) {
      const { later } = await import('./room/later.ts');
      console.log(JSON.stringify({ args: process.argv.slice(2), beside: readBeside(), later, thread: await later() }));
    }`,
  'room/room.ts': `import { readFileSync } from 'node:fs';
    export const readBeside = (): string => readFileSync(new URL('beside.txt', import.meta.url), 'utf8') +
      readFileSync(import.meta.dirname + '/beside.txt', 'utf8');`,
  'room/later.ts': `import { once } from 'node:events';
    import { Worker } from 'node:worker_threads';
    export const later = async (): Promise<unknown> => {
      const worker = new Worker(new URL('./thread.worker.ts', import.meta.url));
      const [words] = await once(worker, 'message');
      return words;
    };`,
  'room/thread.worker.ts': `import { readFileSync } from 'node:fs';
    import { parentPort } from 'node:worker_threads';
    const bytes = readFileSync(new URL(import.meta.resolve('quickjs-wasi/quickjs.wasm')));
    parentPort?.postMessage(bytes.subarray(1, 4).toString());`,
  'room/beside.txt': 'beside ',
  'web/flow/flow.ts': 'const greeting: string = "hello"; console.log(greeting);',
  'web/flow/flow.css': 'p { color: red }',
};

describe('the build and the start', () => {
  const copy = mkdtempSync(join(tmpdir(), 'ostiary-build-'));
  after(() => rmSync(copy, { recursive: true }));
  for (const [path, text] of Object.entries(SOURCES)) {
    mkdirSync(dirname(join(copy, 'src', path)), { recursive: true });
    writeFileSync(join(copy, 'src', path), text);
  }
  for (const path of ['tools', 'bin', 'package.json', 'package-lock.json']) {
    cpSync(join(ROOT, path), join(copy, path), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'), 'dir');

  const start = (...words: string[]): { out: string; told: string } => {
    const done = spawnSync(join(copy, 'bin', 'ostiary'), words, { encoding: 'utf8', cwd: tmpdir() });
    assert.equal(done.status, 0, done.stderr);
    return { out: done.stdout, told: done.stderr };
  };

  test('the first start builds, and the bundle finds what lies beside its sources', () => {
    const { out, told } = start('apply', 'a file');
    assert.match(told, /Built dist\//);
    const said = JSON.parse(out);
    assert.deepEqual(said.args, ['apply', 'a file']);
    assert.equal(said.beside, 'beside beside ');
    assert.equal(said.thread, 'asm');
  });

  test('scripts of pages are compiled to their place, stylesheets are copied', () => {
    assert.match(readFileSync(join(copy, 'dist/web/flow/flow.js'), 'utf8'), /hello/);
    assert.doesNotMatch(readFileSync(join(copy, 'dist/web/flow/flow.js'), 'utf8'), /: string/);
    assert.ok(existsSync(join(copy, 'dist/web/flow/flow.css')));
  });

  test('a second start builds nothing; a changed source is built again', () => {
    const before = statSync(join(copy, 'dist/main.js')).mtimeMs;
    assert.equal(start().told, '');
    assert.equal(statSync(join(copy, 'dist/main.js')).mtimeMs, before);
    writeFileSync(join(copy, 'src/room/beside.txt'), 'changed ');
    const { out, told } = start();
    assert.match(told, /Built dist\//);
    assert.equal(JSON.parse(out).beside, 'changed changed ');
  });

  test('a source that cannot be bundled stops the start and leaves the old build', () => {
    writeFileSync(join(copy, 'src/room/room.ts'), "import { gone } from './gone.ts'; export const readBeside = gone;");
    const failed = spawnSync(join(copy, 'bin', 'ostiary'), { encoding: 'utf8' });
    assert.notEqual(failed.status, 0);
    assert.match(failed.stderr, /gone/);
    assert.match(readFileSync(join(copy, 'dist/main.js'), 'utf8'), /beside/);
  });
});
