/**
 * Starts Ostiary from a working copy: checks Node's version, builds when the sources changed, and runs the command
 * line in this same process. Plain JavaScript, because an old Node must be able to read it and say what is wrong.
 */
const NEEDED = 26;

if (Number(process.versions.node.split('.')[0]) < NEEDED) {
  console.error(
    `Ostiary needs Node ${NEEDED} and this is ${process.version}: run "npm ci", which brings it, then "npm start" or bin/ostiary.`,
  );
  process.exit(1);
}

const { spawnSync } = await import('node:child_process');
const { enableCompileCache } = await import('node:module');
const { join } = await import('node:path');
const { pathToFileURL } = await import('node:url');
const { isStale } = await import('./stamp.mjs');

const root = join(import.meta.dirname, '..');
if (isStale(root)) {
  // In a process of its own, so that the builder's memory is not the server's.
  const built = spawnSync(process.execPath, [join(root, 'tools', 'build.ts')], { stdio: ['ignore', 2, 2] });
  if (built.status !== 0) process.exit(built.status ?? 1);
}
enableCompileCache(join(root, 'dist', 'compiled'));
const main = join(root, 'dist', 'main.js');
process.argv[1] = main;
await import(pathToFileURL(main).href);
