/** Tells which room of the house a file belongs to, by its path below src/. */

/**
 * `room` is the name that the table uses; `also` are further names under which a file may be imported; `home` is the
 * folder within which files may import each other; `collection` and `kind` are set for folders of equals.
 */
export type Place = { room: string; also: string[]; home: string; collection?: string; kind?: string };

/** The folders of equals, and what one of each is called. */
export const COLLECTIONS: Readonly<Record<string, string>> = {
  stages: 'stage',
  policies: 'policy',
  mappings: 'mapping',
  protocols: 'protocol',
  sources: 'source',
};

const EDGES = [
  { suffix: /\.wire\.ts$/, room: 'wire' },
  { suffix: /\.screen\.ts$/, room: 'screen' },
  { suffix: /\.settings\.tsx$/, room: 'settings' },
];

export function placeOf(path: string): Place {
  const parts = path.split('/');
  const [top = ''] = parts;
  const one = COLLECTIONS[top];
  const inKind = one !== undefined && parts.length > 2;
  const kind = inKind ? parts[1] : undefined;
  const home = inKind ? `${top}/${kind}` : parts.length > 1 ? top : top.replace(/\.ts$/, '');
  const equal = one === undefined ? {} : { collection: top, ...(kind === undefined ? {} : { kind }) };
  const edge = EDGES.find((candidate) => candidate.suffix.test(path));
  if (edge) return { room: edge.room, also: [], home, ...equal };
  if (one !== undefined)
    return inKind ? { room: one, also: [], home, ...equal } : { room: 'shape', also: ['shape'], home, ...equal };
  if (top === 'web') {
    const room = parts[1] === 'kit' ? 'web/kit' : 'web';
    return { room, also: ['web'], home: `web/${parts[1]}` };
  }
  // The door and the run of a flow are files, or folders of these names.
  const inner = top === 'flow' ? [`flow/${(parts[1] ?? '').replace(/\.ts$/, '')}`] : [];
  return { room: home, also: inner, home };
}
