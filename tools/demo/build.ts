/** Builds what the demonstration runs and what has changed since it was built. */
import { spawn } from 'node:child_process';
import { existsSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isStale } from '../stamp.mjs';

const WEB = ['index.html', 'vite.config.ts', 'package.json', 'src/**/*', 'public/**/*'];

export async function buildAll(root: string): Promise<void> {
  if (isStale(root)) await perform('Ostiary', [join(root, 'tools', 'build.ts')], root);
  const web = join(root, 'examples', 'todo', 'web');
  if (!isWebStale(web)) return;
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  await perform('the todo page', [vite, 'build', '--logLevel', 'warn'], web);
}

/** Times are enough here: what is built is never checked out. */
function isWebStale(web: string): boolean {
  const built = join(web, 'dist', 'index.html');
  if (!existsSync(built)) return true;
  const { mtimeMs } = statSync(built);
  const sources = globSync(WEB, { cwd: web, withFileTypes: true }).filter((entry) => entry.isFile());
  return sources.some((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs > mtimeMs);
}

async function perform(what: string, words: string[], folder: string): Promise<void> {
  const child = spawn(process.execPath, words, { cwd: folder, stdio: ['ignore', 2, 2] });
  const code = await new Promise<number | null>((done, fail) => child.once('error', fail).once('exit', done));
  if (code !== 0) throw new Error(`Building ${what} failed.`);
}
