/**
 * The blueprint folder, and what its files may see: files beside them, and the environment without the secrets of
 * this program. Content from elsewhere sees neither.
 */
import { readFile, realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { nameAndDefault } from './evaluate.ts';
import { BlueprintFault } from './fault.ts';
import { limits } from './limits.ts';
import type { Piece } from './read-yaml.ts';

/** Where trusted blueprints lie, and the folder of the program's own data, which stays closed to them. */
export type Folders = { folder: string | undefined; dataFolder: string | undefined };

const isInside = (folder: string, path: string): boolean => {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
};

/** Symbolic links are followed first: what counts is where a file really lies. */
async function realPathInside({ folder, dataFolder }: Folders, path: string): Promise<string | undefined> {
  if (folder === undefined) throw new RangeError('there is no blueprint folder');
  const root = await realpath(folder).catch(() => {
    throw new RangeError('there is no blueprint folder');
  });
  const wanted = resolve(root, path);
  const found = await realpath(wanted).catch(() => undefined);
  // A name outside is refused whether it is there or not, so that nothing is told about it.
  if (!isInside(root, found ?? wanted) && !isInside(resolve(folder), found ?? wanted)) {
    throw new RangeError('only files inside the blueprint folder may be read');
  }
  const data = dataFolder === undefined ? undefined : await realpath(dataFolder).catch(() => undefined);
  const dataIsInFolder = data !== undefined && (data === root || isInside(root, data));
  if (found !== undefined && dataIsInFolder && isInside(data, found)) {
    throw new RangeError('the data of this program may not be read');
  }
  return found;
}

/** Reads one file of the folder; undefined when it is not there. Throws RangeError for one that may not be read. */
export async function readInside(folders: Folders, path: string, most: number): Promise<string | undefined> {
  if (path.includes('\0')) throw new RangeError('is not a file name');
  const found = await realPathInside(folders, path);
  if (found === undefined) return undefined;
  const facts = await stat(found);
  if (!facts.isFile()) throw new RangeError('is not a file');
  if (facts.size > most) throw new RangeError(`is larger than ${most} bytes`);
  return readFile(found, 'utf8');
}

/**
 * Reads every file that the blueprint names by `!File`, so that nothing has to be waited for while it is applied.
 * Throws BlueprintFault when the blueprint is not trusted and looks outside at all.
 */
export async function readNamedFiles(
  folders: Folders,
  file: string,
  root: Piece,
  trusted: boolean,
): Promise<ReadonlyMap<string, string | undefined>> {
  const texts = new Map<string, string | undefined>();
  for (const piece of outsideTags(root)) {
    try {
      if (!trusted) throw new RangeError('works only in files of the blueprint folder');
      if (piece.tag === 'Env') continue;
      const [path] = nameAndDefault(piece.argument);
      if (texts.has(path)) continue;
      if (texts.size >= limits.files) throw new RangeError('too many files');
      texts.set(path, await readInside(folders, path, limits.file));
    } catch (fault) {
      if (!(fault instanceof RangeError)) throw fault;
      throw new BlueprintFault(file, piece.line, `!${piece.tag}: ${fault.message}`);
    }
  }
  return texts;
}

/** Every tag that looks outside of the text, whether it would ever be evaluated or not. */
function outsideTags(root: Piece): (Piece & { kind: 'tag' })[] {
  const found: (Piece & { kind: 'tag' })[] = [];
  const seen = new Set<Piece>();
  const waiting: Piece[] = [root];
  for (let piece = waiting.pop(); piece; piece = waiting.pop()) {
    if (seen.has(piece)) continue;
    seen.add(piece);
    const inner = piece.kind === 'list' ? piece.items : piece.kind === 'map' ? piece.entries.values() : [];
    for (const each of inner) waiting.push(each);
    if (piece.kind !== 'tag') continue;
    if (piece.tag === 'File' || piece.tag === 'Env') found.push(piece);
    waiting.push(piece.argument);
  }
  return found;
}

/** Settings of this program and of the database hold passwords and keys. */
const CLOSED = /^(?:OSTIARY_|AUTHENTIK_|PG|POSTGRES)/i;

/** A variable of the environment for a trusted blueprint. Throws RangeError for one that stays closed. */
export function readVariable(
  environment: Readonly<Record<string, string | undefined>>,
  name: string,
  trusted: boolean,
): string | undefined {
  if (!trusted) throw new RangeError('works only in files of the blueprint folder');
  if (CLOSED.test(name)) throw new RangeError('settings of this program may not be read');
  return Object.hasOwn(environment, name) ? environment[name] : undefined;
}
