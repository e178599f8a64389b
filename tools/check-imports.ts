/**
 * The import rules of the house, as `npm run check` enforces them: who may import whom, no cycles, no drawers, sizes,
 * where SQL is spoken, no module-level state, whole folders, and a repository that stands alone.
 *
 * The table below is the rule. A room's own files, its tests' imports and packages are not in it: a room may always
 * import itself, tests may import everything, and packages are named only where they are restricted.
 */
import { join } from 'node:path';
import { findCycles } from './imports/cycles.ts';
import { checkFolders } from './imports/folders.ts';
import { readSources, type SourceFile } from './imports/read.ts';
import { placeOf } from './imports/rooms.ts';
import { checkSizes } from './imports/sizes.ts';
import { checkStandingAlone } from './imports/standing-alone.ts';

/**
 * One row: files of these rooms may import values of `values`, and types of `values` and `types`.
 * `own shape` is the collection's own (stages/stage.ts for a stage); `shape` is any collection's. `packages` restricts
 * the packages; a row without it may use any.
 */
export type Row = { rooms: string[]; values: string[]; types: string[]; packages?: RegExp };

const NODE_FREE = /^(?!node:)/;
/** What every kind may use. */
const KIND = ['own shape', 'core', 'http', 'formats', 'expressions', 'outbound'];
/** A shape describes what a kind is handed, so it names types of the rooms that hand it over. */
const SHAPE_TYPES = ['shape', 'flow', 'expressions', 'outbound', 'access', 'db', 'web/kit'];
/** What serves the objects of all kinds, which it is handed in the registry. */
const SERVED = ['core', 'db', 'http', 'access', 'flow/door', 'formats'];
const SERVER_ROOMS =
  'app commands config db formats core expressions outbound http access flow registry admin blueprints outposts web wire';
const SERVER = [...SERVER_ROOMS.split(' '), 'shape', 'stage', 'policy', 'mapping', 'protocol', 'source', 'screen'];

export const TABLE: Row[] = [
  { rooms: ['config', 'db', 'formats'], values: [], types: [] },
  { rooms: ['core'], values: ['db', 'formats'], types: [] },
  { rooms: ['expressions', 'outbound', 'http'], values: ['core', 'formats'], types: [] },
  { rooms: ['access'], values: ['core', 'expressions'], types: ['shape', 'flow/run'] },
  { rooms: ['flow'], values: ['core', 'http', 'access'], types: ['shape', 'expressions', 'outbound', 'web/kit'] },
  { rooms: ['shape'], values: ['core', 'http', 'formats'], types: SHAPE_TYPES },
  { rooms: ['stage', 'policy', 'mapping'], values: KIND, types: ['flow'] },
  { rooms: ['protocol', 'source'], values: [...KIND, 'access', 'flow/door'], types: [] },
  { rooms: ['admin', 'blueprints', 'outposts'], values: SERVED, types: ['shape'] },
  { rooms: ['registry'], values: ['stage', 'policy', 'mapping', 'protocol', 'source'], types: ['shape', 'core'] },
  { rooms: ['app', 'main', 'commands'], values: SERVER, types: [] },
  { rooms: ['wire'], values: [], types: [], packages: /^zod$/ },
  { rooms: ['screen'], values: ['web/kit', 'wire'], types: [], packages: /^$/ },
  { rooms: ['settings'], values: ['web/kit', 'wire', 'screen'], types: ['*'], packages: NODE_FREE },
  { rooms: ['web/kit'], values: ['wire'], types: ['*'], packages: NODE_FREE },
  { rooms: ['web'], values: ['web/kit', 'wire', 'screen'], types: ['*'] },
];

/** Rooms whose files may speak SQL, besides every *.store.ts. */
const SQL_ROOMS = ['db', 'core', 'admin'];

const DRAWERS = /^(utils?|helpers?|common|misc|shared|libs?)$/;

/** Every fault of the tree below `root`/src, one sentence each, the file first. */
export function checkTree(root: string): string[] {
  const files = readSources(join(root, 'src'));
  const faults = [...files.values()].flatMap((file) => checkFile(file, files));
  return [...faults, ...findCycles(files), ...checkSizes(files), ...checkFolders([...files.keys()])];
}

function checkFile(file: SourceFile, files: Map<string, SourceFile>): string[] {
  const faults: string[] = [];
  const fault = (line: number, words: string): void => void faults.push(`src/${file.path}:${line}: ${words}`);
  const drawer = file.path.split('/').find((part) => DRAWERS.test(part.replace(/\..*$/, '')));
  if (drawer !== undefined) fault(1, `"${drawer}" says nothing of what is inside; name the noun`);
  if (file.broken !== undefined) fault(1, `cannot be read: ${file.broken}`);
  if (file.test) return faults;
  const here = placeOf(file.path);
  const row = TABLE.find((candidate) => candidate.rooms.includes(here.room));
  if (!row)
    return [...faults, `src/${file.path}:1: "${here.room}" is not a room of the table in tools/check-imports.ts`];
  for (const state of file.state) fault(state.line, `module-level mutable state: ${state.what}`);
  if (!SQL_ROOMS.includes(here.room) && !file.path.endsWith('.store.ts')) {
    for (const sql of file.sql) fault(sql.line, `SQL (${sql.what}) belongs in db/, core/, admin/ or a *.store.ts file`);
  }
  for (const found of file.imports) {
    if (found.target === undefined) fault(found.line, 'an import whose target is not a plain string cannot be checked');
    else if (!found.target.startsWith('.')) {
      if (row.packages && !row.packages.test(found.target))
        fault(found.line, `${here.room} may not use ${found.target}`);
    } else {
      const words = found.path === undefined ? 'leaves src' : refuse(file.path, row, found.path, found.type, files);
      if (words !== undefined) fault(found.line, `${found.target}: ${words}`);
    }
  }
  return faults;
}

/** Why the import is refused, or undefined when the table allows it. */
function refuse(
  from: string,
  row: Row,
  path: string,
  type: boolean,
  files: Map<string, SourceFile>,
): string | undefined {
  const target = files.get(path);
  if (path.endsWith('.ts') && !target) return 'there is no such file';
  if (target?.test) return 'only tests may import tests';
  const here = placeOf(from);
  const there = placeOf(path);
  const kind = type ? 'types' : 'values';
  if (
    there.kind !== undefined &&
    there.collection === here.collection &&
    there.kind !== here.kind &&
    here.kind !== undefined
  ) {
    return `a sibling: ${here.kind} may not import ${there.kind}`;
  }
  if (here.home === there.home && (there.room === here.room || isLocal(here.room, there.room))) return undefined;
  const names = [there.room, ...there.also, ...(there.collection === here.collection ? there.also.map(own) : [])];
  const allowed = type ? [...row.values, ...row.types] : row.values;
  if (allowed.includes('*') || names.some((name) => allowed.includes(name))) return undefined;
  if (from.endsWith('.store.ts') && there.room === 'db') return undefined;
  return `${here.room} may not import ${kind} of ${there.room}`;
}

/** Within one folder, server code may import its wire file, its screen and its settings; these may not import back. */
function isLocal(here: string, there: string): boolean {
  const edge = ['wire', 'screen', 'settings'];
  return !edge.includes(here) && !edge.includes(there) ? true : !edge.includes(here) && edge.includes(there);
}

function own(name: string): string {
  return `own ${name}`;
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..');
  const faults = [...checkTree(root), ...checkStandingAlone(root)];
  for (const fault of faults) console.log(fault);
  if (faults.length > 0) process.exitCode = 1;
}
