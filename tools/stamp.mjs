/** Tells whether the build in dist/ was made from the sources as they are now. Plain JavaScript: every start runs it. */
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const INPUTS = ['src/**/*', 'tools/build.ts', 'tools/build/*', 'package.json', 'package-lock.json'];

/**
 * The hash of everything that goes into a build. Content counts, not times: a fresh checkout of what was built before
 * is not stale.
 * @param {string} root
 * @returns {string} hexadecimal
 */
export function stampOf(root) {
  const hash = createHash('sha256');
  const entries = globSync(INPUTS, { cwd: root, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.includes('.test.'));
  const paths = files.map((entry) => join(entry.parentPath, entry.name));
  for (const path of paths.sort()) {
    const content = readFileSync(path);
    hash.update(`${path.slice(root.length)}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/**
 * Whether dist/ has to be built. A release carries no sources and is never stale.
 * @param {string} root
 * @returns {boolean}
 */
export function isStale(root) {
  if (!existsSync(join(root, 'src'))) return false;
  const stamp = join(root, 'dist', 'stamp');
  return !existsSync(stamp) || readFileSync(stamp, 'utf8') !== stampOf(root);
}
