/** Everything that is read before a blueprint is applied: its text, the files it names, the blueprints it includes. */
import type { Json } from '../core/declaration.ts';
import { type Blueprint, type Entry, readBlueprint } from './blueprint-file.ts';
import { evaluate, type Evaluation, type Surroundings } from './evaluate.ts';
import { BlueprintFault } from './fault.ts';
import { type Folders, readNamedFiles, readVariable } from './folder.ts';
import { pythonText } from './format.ts';
import { limits } from './limits.ts';
import { isTrue } from './values.ts';

/** A blueprint as text. Only files of the blueprint folder, and those that are shipped, may be trusted. */
export type Source = {
  /** How faults name it. */
  name: string;
  text: string;
  /** Whether `!File` and `!Env` work. Never true for content that came by the API. */
  trusted: boolean;
  /** Values for `!Context`; they win over those in the text. */
  context?: Readonly<Record<string, Json>>;
};

/** A blueprint that is ready to be applied. */
export type Loaded = {
  blueprint: Blueprint;
  /** By the entry that includes it. */
  included: ReadonlyMap<Entry, Loaded | undefined>;
  /** What its tags see, but for objects, which are known only inside the transaction. */
  outside: Pick<Surroundings, 'environment' | 'file' | 'given'>;
};

export type LoadOptions = {
  folders: Folders;
  environment: Readonly<Record<string, string | undefined>>;
  /** Finds a blueprint by the name in its metadata, or by its path. */
  byName(identifiers: Readonly<Record<string, string>>): Promise<Source | undefined>;
};

/** Includes another blueprint. */
export const APPLY_BLUEPRINT = 'authentik_blueprints.metaapplyblueprint';

/** Reads a blueprint with all that it needs, and none twice that is in `begun`. Throws BlueprintFault. */
export async function loadBlueprint(
  options: LoadOptions,
  source: Source,
  begun: Map<string, Loaded | undefined> = new Map(),
): Promise<Loaded> {
  const { name, text, trusted } = source;
  const key = JSON.stringify([name, text]);
  const known = begun.get(key);
  if (known) return known;
  if (begun.has(key)) throw new BlueprintFault(name, 1, 'blueprints include each other in a circle');
  const blueprint = await readBlueprint(name, text);
  const files = await readNamedFiles(options.folders, name, blueprint.root, trusted);
  const outside = {
    environment: (variable: string) => readVariable(options.environment, variable, trusted),
    file: (path: string) => files.get(path),
    // What authentik's own blueprints ask for; no part of this program has a licence.
    given: { 'goauthentik.io/enterprise/licensed': false, ...source.context },
  };
  begun.set(key, undefined);
  if (begun.size > limits.includes) throw new BlueprintFault(name, 1, 'includes too many blueprints');
  const included = new Map<Entry, Loaded | undefined>();
  for (const entry of blueprint.entries) {
    if (entry.model.kind !== 'scalar' || String(entry.model.value).toLowerCase() !== APPLY_BLUEPRINT) continue;
    const found = await options.byName(await identifiersOf(blueprint, outside, entry));
    if (found) included.set(entry, await loadBlueprint(options, found, begun));
  }
  const loaded = { blueprint, included, outside };
  begun.set(key, loaded);
  return loaded;
}

async function identifiersOf(
  blueprint: Blueprint,
  outside: Loaded['outside'],
  entry: Entry,
): Promise<Record<string, string>> {
  const attrs = await attrsOf(evaluationOf(blueprint, { ...outside, ...noObjects }), entry);
  const { identifiers } = attrs;
  if (identifiers === null || typeof identifiers !== 'object' || Array.isArray(identifiers)) {
    throw new BlueprintFault(blueprint.file, entry.line, 'identifiers: must name a blueprint');
  }
  return Object.fromEntries(Object.entries(identifiers).map(([field, value]) => [field, pythonText(value)]));
}

/** Whether an include that is not there stops the blueprint that wants it. */
export async function isRequired(evaluation: Evaluation, entry: Entry): Promise<boolean> {
  const { required = true } = await attrsOf(evaluation, entry);
  return isTrue(required as Json);
}

async function attrsOf(evaluation: Evaluation, entry: Entry): Promise<Record<string, Json>> {
  const attrs = entry.attrs ? await evaluate(evaluation, entry.attrs) : {};
  return attrs !== null && typeof attrs === 'object' && !Array.isArray(attrs) ? attrs : {};
}

const noObjects: Pick<Surroundings, 'keyOf' | 'find'> = {
  keyOf: () => undefined,
  find: async () => {
    throw new RangeError('a blueprint is included by its name alone');
  },
};

/** A fresh evaluation of a blueprint. */
export const evaluationOf = (blueprint: Blueprint, surroundings: Surroundings): Evaluation => ({
  file: blueprint.file,
  context: blueprint.context,
  surroundings,
  spent: { values: 0, characters: 0 },
});
