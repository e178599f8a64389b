/**
 * Completes package-lock.json: `node tools/complete-lockfile.ts`, after npm changed it. With
 * `--check` it changes nothing and fails when something is missing.
 *
 * Native tools come as one optional package for each platform. Where npm cannot fetch one of them it leaves it out of
 * the lockfile without a word, and then `npm ci` refuses the lockfile everywhere. What is left out is known, because
 * its parent names it with an exact version: this writes the entry, with the platform that the name tells.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is used here of an entry of the lockfile. */
type Entry = {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  optionalDependencies?: Record<string, string>;
  os?: string[];
  cpu?: string[];
  libc?: string[];
};

type Packages = Record<string, Entry>;

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const PROCESSORS = ['arm64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64', 'wasm32'];

/** The entries that the lockfile lacks, by their place. */
export function missingEntries(packages: Packages): Packages {
  const missing: Packages = {};
  for (const [place, parent] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      if (!/^\d+\.\d+\.\d+[\w.+-]*$/.test(version) || isThere(packages, place, name, version)) continue;
      const entry: Entry = { version, ...(parent.dev ? { dev: true } : {}), optional: true, ...platformOf(name) };
      missing[beside(place, name)] = entry;
    }
  }
  return missing;
}

/** Node looks for a package in the folders node_modules from the inside out. */
function isThere(packages: Packages, place: string, name: string, version: string): boolean {
  for (let folder = place; ; folder = folder.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/, '')) {
    const found = packages[folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`];
    if (found) return found.version === version;
    if (folder === '') return false;
    if (!folder.includes('node_modules')) return packages[`node_modules/${name}`]?.version === version;
  }
}

function beside(place: string, name: string): string {
  const end = place.lastIndexOf('node_modules/');
  return `${end < 0 ? '' : place.slice(0, end)}node_modules/${name}`;
}

/** Reads the platform from a name such as `@oxlint/binding-linux-arm64-musl`. */
function platformOf(name: string): Pick<Entry, 'os' | 'cpu' | 'libc'> {
  const words = name.split(/[/-]/);
  const pick = (known: string[]): string[] => known.filter((word) => words.includes(word)).slice(0, 1);
  const cpu = pick(PROCESSORS);
  const os = pick(SYSTEMS);
  if (cpu.length === 0) throw new Error(`the name ${name} tells no platform: complete package-lock.json by hand`);
  const musl = words.some((word) => word.startsWith('musl'));
  const gnu = words.some((word) => word.startsWith('gnu'));
  const libc = os[0] !== 'linux' ? [] : musl ? ['musl'] : gnu ? ['glibc'] : [];
  return { cpu, ...(os.length > 0 ? { os } : {}), ...(libc.length > 0 ? { libc } : {}) };
}

/**
 * Returns the packages with nothing missing. Where an entry stands in the place of another version, which npm put
 * there for a package further inside, that one moves to the package that asked for it.
 */
export function complete(packages: Packages): Packages {
  const known = new Map(Object.entries(packages).map(([place, entry]) => [identity(place, entry), entry]));
  let all = packages;
  for (;;) {
    const missing = Object.entries(missingEntries(all));
    if (missing.length === 0) return all;
    all = { ...all };
    for (const [place, entry] of missing) all[place] = known.get(identity(place, entry)) ?? entry;
  }
}

function identity(place: string, entry: Entry): string {
  return `${place.slice(place.lastIndexOf('node_modules/'))}@${entry.version}`;
}

if (import.meta.main) {
  const path = join(import.meta.dirname, '..', 'package-lock.json');
  const lock = JSON.parse(readFileSync(path, 'utf8')) as { packages: Packages };
  const missing = Object.keys(missingEntries(lock.packages));
  if (process.argv.includes('--check')) {
    for (const place of missing) console.log(`package-lock.json lacks ${place}: run node tools/complete-lockfile.ts`);
    process.exitCode = missing.length > 0 ? 1 : 0;
  } else if (missing.length > 0) {
    const entries = Object.entries(complete(lock.packages)).sort(([a], [b]) => a.localeCompare(b, 'en'));
    lock.packages = Object.fromEntries(entries);
    writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
    console.log(`package-lock.json was completed with ${missing.length} entries`);
  }
}
