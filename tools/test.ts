/**
 * `npm test`: prepares the surroundings (a private PostgreSQL, a browser) and runs every test file.
 * With file names as arguments it runs those only. With CI=true a skipped test is a failure.
 */
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { stripVTControlCharacters } from 'node:util';
import { findChromium } from '../tests/environment/browser.ts';
import { POSTGRES_VARIABLE } from '../tests/environment/databases.ts';
import { startPostgresql } from '../tests/environment/postgresql.ts';
import { findPostgresql } from '../tests/environment/postgresql-binaries.ts';
import { install } from '../tests/environment/system-packages.ts';

const ROOT = join(import.meta.dirname, '..');
const PATTERNS = ['src', 'tests', 'tools', 'examples'].map((folder) => `${folder}/**/*.test.ts`);
/** Folders that are not part of every run: they need other languages' packages, or measure. */
const APART = ['node_modules', 'dist', 'tests/interop', 'tests/bench'];

async function main(): Promise<void> {
  const stop = await prepare();
  const interrupted = (): void => void stop().finally(() => process.exit(130));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    process.exitCode = (await runFiles(testFiles())) ? 0 : 1;
  } finally {
    await stop();
  }
}

/** Starts what the tests use and tells them by environment variables. Returns how to stop it. */
async function prepare(): Promise<() => Promise<void>> {
  process.env.NODE_ENV = 'test';
  if (!findChromium()) tell(install('chromium', 'Chromium'));
  if (process.env[POSTGRES_VARIABLE]) return async () => undefined;
  const found = (await findPostgresql()) ?? (tell(install('postgresql', 'PostgreSQL')), await findPostgresql());
  if (!found) return async () => undefined;
  const server = await startPostgresql(found);
  process.env[POSTGRES_VARIABLE] = server.url;
  return server.stop;
}

function tell(remedy: string | undefined): void {
  if (remedy) console.log(`${remedy}. The tests that need it are skipped.`);
}

function testFiles(): string[] {
  const named = process.argv.slice(2);
  if (named.length > 0) return named.map((name) => join(process.cwd(), name));
  const apart = (path: string): boolean =>
    APART.some((folder) => path === folder || path.startsWith(`${folder}/`) || path.includes(`/${folder}/`));
  const found = globSync(PATTERNS, { cwd: ROOT }).map((path) => path.replaceAll('\\', '/'));
  return found
    .filter((path) => !apart(path))
    .sort()
    .map((path) => join(ROOT, path));
}

/** Runs the files, each in a process of its own, and returns whether all is well. Node's own lines come last. */
async function runFiles(files: string[]): Promise<boolean> {
  if (files.length === 0) throw new Error('no test files were found');
  const skipped: string[] = [];
  let passed = false;
  const events = run({ files, cwd: ROOT, concurrency: availableParallelism(), timeout: 600_000 });
  events.on('test:pass', (event) => {
    if (event.skip !== undefined) skipped.push(`${event.name} (${event.skip || 'no reason given'})`);
  });
  events.on('test:summary', (event) => {
    if (event.file === undefined) passed = event.success;
  });
  const strict = process.env.CI === 'true';
  let told = false;
  for await (const chunk of events.compose(new spec())) {
    const text = String(chunk);
    if (!told && skipped.length > 0 && /^ℹ tests \d/m.test(stripVTControlCharacters(text))) {
      told = true;
      const verdict = strict ? 'skipped, which is a failure when CI=true' : 'skipped';
      process.stdout.write(`\n${skipped.length} ${verdict}:\n${skipped.map((name) => `  ${name}\n`).join('')}\n`);
    }
    process.stdout.write(text);
  }
  return passed && !(strict && skipped.length > 0);
}

await main();
