/**
 * `npm run build`: bundles the server, its workers and the pages' scripts into dist/. Does nothing when nothing
 * changed since the last build. The new build replaces the old one only when it is whole.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { build, type InputOptions } from 'rolldown';
import { modulePlaces } from './build/module-places.ts';
import { plainText } from './build/plain-text.ts';
import { isStale, stampOf } from './stamp.mjs';

const ROOT = join(import.meta.dirname, '..');
const SOURCES = join(ROOT, 'src');
const DIST = join(ROOT, 'dist');

/** Native code, and what pg looks for and does without. Everything else is part of the bundle. */
const EXTERNAL = ['@node-rs/argon2', 'pg-native', 'pg-cloudflare'];

/** Faults that do not stop a bundler but would stop the program. */
const FATAL = ['UNRESOLVED_IMPORT', 'MISSING_EXPORT', 'IMPORT_IS_UNDEFINED'];

const onLog: NonNullable<InputOptions['onLog']> = (level, log, keep) => {
  if (log.code !== undefined && FATAL.includes(log.code)) throw new Error(log.message);
  if (level === 'warn' && !log.message.includes('node_modules')) keep(level, log);
};

/** The server and the workers share chunks; dynamic imports stay files of their own, loaded when first used. */
async function bundleServer(target: string): Promise<void> {
  const workers = globSync('**/*.worker.ts', { cwd: SOURCES });
  const entries = ['main.ts', ...workers].map((path) => [basename(path, '.ts'), join(SOURCES, path)] as const);
  await build({
    input: Object.fromEntries(entries),
    cwd: ROOT,
    platform: 'node',
    external: EXTERNAL,
    plugins: [modulePlaces(SOURCES, 'main.ts'), plainText()],
    onLog,
    output: {
      dir: target,
      format: 'esm',
      sourcemap: true,
      minify: false,
      // Names and lines stay, for whoever reads a stack; comments cost memory, but for the licences.
      comments: { legal: true, annotation: false, jsdoc: false },
      entryFileNames: '[name].js',
      chunkFileNames: 'chunk-[name]-[hash].js',
      assetFileNames: '[name][extname]',
    },
  });
}

/** Scripts for browsers: src/web/<part>/<part>.ts, each to the same place below dist/. */
async function bundlePages(target: string): Promise<void> {
  const folders = globSync('web/*', { cwd: SOURCES });
  const scripts = folders
    .map((folder) => join(folder, basename(folder)))
    .filter((path) => existsSync(join(SOURCES, `${path}.ts`)));
  for (const script of scripts) {
    const output = { file: join(target, `${script}.js`), format: 'esm' as const, minify: true };
    await build({ input: join(SOURCES, `${script}.ts`), cwd: ROOT, platform: 'browser', onLog, output });
  }
}

/** Everything below src/ that is not program text: stylesheets, images, blueprints, templates. */
function copyAssets(target: string): void {
  const files = globSync('**/*', { cwd: SOURCES, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const file of files) {
    if (/\.tsx?$|\.md$/.test(file.name)) continue;
    const path = join(file.parentPath, file.name);
    const copy = join(target, path.slice(SOURCES.length));
    mkdirSync(dirname(copy), { recursive: true });
    cpSync(path, copy);
  }
}

if (isStale(ROOT)) {
  const started = performance.now();
  const stamp = stampOf(ROOT);
  const fresh = mkdtempSync(`${DIST}.new-`);
  try {
    await bundleServer(fresh);
    await bundlePages(fresh);
    copyAssets(fresh);
    writeFileSync(join(fresh, 'package.json'), '{ "type": "module" }\n');
    writeFileSync(join(fresh, 'stamp'), stamp);
    chmodSync(fresh, 0o755);
    rmSync(DIST, { recursive: true, force: true });
    renameSync(fresh, DIST);
    console.error(`Built dist/ in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
