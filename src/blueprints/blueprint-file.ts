/** The form of a blueprint: version, metadata, context and entries, read strictly from YAML. */
import { BlueprintFault } from './fault.ts';
import { limits } from './limits.ts';
import { type Piece, readYaml } from './read-yaml.ts';

/** One object that is to be there, or not to be. Parts that may hold tags are still pieces. */
export type Entry = {
  line: number;
  model: Piece;
  state: Piece | undefined;
  /** The name by which later entries mean this object. */
  id: string | undefined;
  identifiers: Piece | undefined;
  attrs: Piece | undefined;
  conditions: readonly Piece[];
  permissions: readonly Piece[];
};

export type Blueprint = {
  file: string;
  /** The name by which others include it. */
  name: string | undefined;
  context: ReadonlyMap<string, Piece>;
  entries: readonly Entry[];
  /** The whole text, for what looks at all of it. */
  root: Piece;
};

const rootKeys = ['version', 'metadata', 'context', 'entries'];
const entryKeys = ['model', 'state', 'id', 'identifiers', 'attrs', 'conditions', 'permissions'];

/** Reads a blueprint. Throws BlueprintFault. */
export async function readBlueprint(file: string, text: string): Promise<Blueprint> {
  const root = await readYaml(file, text);
  const fail = (piece: Piece, reason: string): never => {
    throw new BlueprintFault(file, piece.line, reason);
  };
  const mapOf = (piece: Piece | undefined, what: string, keys?: readonly string[]): ReadonlyMap<string, Piece> => {
    if (!piece || (piece.kind === 'scalar' && piece.value === null)) return new Map();
    if (piece.kind !== 'map') return fail(piece, `${what} must be a map`);
    for (const [key, each] of piece.entries) {
      if (keys && !keys.includes(key)) fail(each, `${what} has no key ${key.slice(0, 100)}`);
    }
    return piece.entries;
  };
  const listOf = (piece: Piece | undefined, what: string): readonly Piece[] => {
    if (!piece || (piece.kind === 'scalar' && piece.value === null)) return [];
    return piece.kind === 'list' ? piece.items : fail(piece, `${what} must be a list`);
  };
  const textOf = (piece: Piece | undefined, what: string): string | undefined => {
    if (!piece) return undefined;
    if (piece.kind !== 'scalar' || piece.value === null) return fail(piece, `${what} must be text`);
    return String(piece.value);
  };

  const parts = mapOf(root, 'a blueprint', rootKeys);
  const version = parts.get('version');
  if (!version) fail(root, 'version is missing; it is 1');
  else if (version.kind !== 'scalar' || version.value !== 1) fail(version, 'only version 1 is known');
  const lists = parts.get('entries');
  // Entries may stand in named sections, which only help those who read.
  const found =
    lists?.kind === 'map'
      ? [...lists.entries].flatMap(([section, piece]) => listOf(piece, `the section ${section}`))
      : listOf(lists, 'entries');
  if (found.length > limits.entries) fail(root, `has more than ${limits.entries} entries`);
  const entries = found.map((piece): Entry => {
    if (piece.kind !== 'map') return fail(piece, 'an entry must be a map');
    const keys = mapOf(piece, 'an entry', entryKeys);
    return {
      line: piece.line,
      model: keys.get('model') ?? fail(piece, 'the entry names no model'),
      state: keys.get('state'),
      id: textOf(keys.get('id'), 'id'),
      identifiers: keys.get('identifiers'),
      attrs: keys.get('attrs'),
      conditions: listOf(keys.get('conditions'), 'conditions'),
      permissions: listOf(keys.get('permissions'), 'permissions'),
    };
  });
  const metadata = mapOf(parts.get('metadata'), 'metadata', ['name', 'labels']);
  return {
    file,
    name: textOf(metadata.get('name'), 'the name'),
    context: mapOf(parts.get('context'), 'context'),
    entries,
    root,
  };
}
