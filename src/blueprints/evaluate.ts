/** Turns pieces into values: what each tag of a blueprint means. Asks others for objects, files and the environment. */
import type { Json } from '../core/declaration.ts';
import { atIndex, isTrue, merged, parseJson } from './values.ts';
import { BlueprintFault } from './fault.ts';
import { formatText, pythonText } from './format.ts';
import { limits } from './limits.ts';
import type { Piece, TagName } from './read-yaml.ts';

/** A condition of `!Find`: a field and the value it must have. */
export type Condition = readonly [field: string, value: Json];
/** What the tags look at besides the text. */
export type Surroundings = {
  /** The key of the object that an earlier entry made or found. */
  keyOf(id: string): string | number | undefined;
  /** The first object that fits, as it would be shown, or undefined. Throws RangeError with a reason. */
  find(model: string, conditions: readonly Condition[]): Promise<Record<string, Json> | undefined>;
  /** A variable of the environment. Throws RangeError for one that blueprints may not see. */
  environment(name: string): string | undefined;
  /** The text of a file that was read before, or undefined. Throws RangeError for one that may not be read. */
  file(path: string): string | undefined;
  /** Values given from outside; they win over the blueprint's own. */
  given: Readonly<Record<string, Json>>;
};

/** One blueprint being evaluated. `spent` counts over all of it. */
export type Evaluation = {
  file: string;
  context: ReadonlyMap<string, Piece>;
  surroundings: Surroundings;
  spent: { values: number; characters: number };
};

type Turn = { index: Json; value: Json };
/** Where in the tree of tags we are: how deep, and inside which `!Enumerate`. */
type Place = { depth: number; turns: readonly (Turn | undefined)[] };

/** The value of a piece. Throws BlueprintFault. Awaits nothing but the surroundings. */
export async function evaluate(
  evaluation: Evaluation,
  piece: Piece,
  place: Place = { depth: 0, turns: [] },
): Promise<Json> {
  spend(evaluation, piece, place);
  const inner = { ...place, depth: place.depth + 1 };
  if (piece.kind === 'scalar') return piece.value;
  if (piece.kind === 'list') {
    const items: Json[] = [];
    for (const item of piece.items) items.push(await evaluate(evaluation, item, inner));
    return items;
  }
  if (piece.kind === 'map') {
    const entries: [string, Json][] = [];
    for (const [name, each] of piece.entries) entries.push([name, await evaluate(evaluation, each, inner)]);
    return Object.fromEntries(entries);
  }
  try {
    const made = await tags[piece.tag](evaluation, piece.argument, inner);
    if (typeof made === 'string') evaluation.spent.characters += made.length;
    return made;
  } catch (fault) {
    if (fault instanceof RangeError)
      throw new BlueprintFault(evaluation.file, piece.line, `!${piece.tag}: ${fault.message}`);
    throw fault;
  }
}

function spend({ file, spent }: Evaluation, piece: Piece, place: Place): void {
  spent.values += 1;
  if (place.depth > limits.depth) throw new BlueprintFault(file, piece.line, 'is nested too deeply');
  if (spent.values > limits.values || spent.characters > limits.characters) {
    throw new BlueprintFault(file, piece.line, 'makes too many values');
  }
}

type Tag = (evaluation: Evaluation, argument: Piece, place: Place) => Promise<Json>;

const tags: Readonly<Record<TagName, Tag>> = {
  async KeyOf({ surroundings }, argument) {
    const id = nameOf(argument);
    const key = surroundings.keyOf(id);
    if (key === undefined) throw new RangeError(`no entry before this one has the id ${id} and an object`);
    return key;
  },
  async Find(evaluation, argument, place) {
    return (await findObject(evaluation, argument, place))?.pk ?? null;
  },
  async FindObject(evaluation, argument, place) {
    return (await findObject(evaluation, argument, place)) ?? null;
  },
  async Env(evaluation, argument, place) {
    const [name, fallback] = nameAndDefault(argument);
    const known = evaluation.surroundings.environment(name);
    return known ? known : fallback ? evaluate(evaluation, fallback, place) : null;
  },
  async File(evaluation, argument, place) {
    const [path, fallback] = nameAndDefault(argument);
    const text = evaluation.surroundings.file(path);
    return text !== undefined ? text.trim() : fallback ? evaluate(evaluation, fallback, place) : null;
  },
  async Context(evaluation, argument, place) {
    const [name, fallback] = nameAndDefault(argument);
    const { given } = evaluation.surroundings;
    if (Object.hasOwn(given, name)) return given[name] as Json;
    const piece = evaluation.context.get(name) ?? fallback;
    return piece ? evaluate(evaluation, piece, place) : null;
  },
  async Format(evaluation, argument, place) {
    const [template, ...values] = await evaluateAll(evaluation, itemsOf(argument, 1), place);
    if (typeof template !== 'string') throw new RangeError('the first argument must be text');
    return formatText(template, values);
  },
  async Condition(evaluation, argument, place) {
    const [mode, ...values] = await evaluateAll(evaluation, itemsOf(argument, 2), place);
    const held = values.filter(isTrue).length;
    const join = typeof mode === 'string' && Object.hasOwn(joins, mode.toUpperCase()) && joins[mode.toUpperCase()];
    if (!join) throw new RangeError('the mode is one of AND, NAND, OR, NOR, XOR and XNOR');
    return join(held, values.length);
  },
  async If(evaluation, argument, place) {
    const [condition, whenTrue, whenFalse] = itemsOf(argument, 1);
    const held = isTrue(await evaluate(evaluation, condition as Piece, place));
    if (!whenTrue) return held;
    if (!whenFalse) throw new RangeError('needs a condition alone, or with a value for both cases');
    return evaluate(evaluation, held ? whenTrue : whenFalse, place);
  },
  Enumerate: enumerate,
  async Index(_evaluation, argument, place) {
    return turnOf(argument, place).index;
  },
  async Value(_evaluation, argument, place) {
    return turnOf(argument, place).value;
  },
  async AtIndex(evaluation, argument, place) {
    const [object, key, fallback] = itemsOf(argument, 2);
    const found = atIndex(
      await evaluate(evaluation, object as Piece, place),
      await evaluate(evaluation, key as Piece, place),
    );
    if (found !== undefined) return found;
    if (!fallback) throw new RangeError('there is nothing at this index');
    return evaluate(evaluation, fallback, place);
  },
  async ParseJSON(evaluation, argument, place) {
    const text = await evaluate(
      evaluation,
      argument.kind === 'list' ? (itemsOf(argument, 1)[0] as Piece) : argument,
      place,
    );
    if (typeof text !== 'string') return text;
    return parseJson(text, (values) => {
      evaluation.spent.values += values;
    });
  },
};

const joins: Readonly<Record<string, (held: number, all: number) => boolean>> = {
  AND: (held, all) => held === all,
  NAND: (held, all) => held !== all,
  OR: (held) => held > 0,
  NOR: (held) => held === 0,
  XOR: (held) => held % 2 === 1,
  XNOR: (held) => held % 2 === 0,
};

async function enumerate(evaluation: Evaluation, argument: Piece, place: Place): Promise<Json> {
  const [iterable, output, body] = itemsOf(argument, 3) as [Piece, Piece, Piece];
  const form = nameOf(output).toUpperCase();
  if (form !== 'SEQ' && form !== 'MAP') throw new RangeError('makes SEQ or MAP');
  // What is gone through counts as inside, so `!Value 1` in it is the turn around; its own turn has not begun.
  const turns = turnsOf(await evaluate(evaluation, iterable, { ...place, turns: [...place.turns, undefined] }));
  if (turns.length > limits.turns) throw new RangeError('goes through too many items');
  const items: Json[] = [];
  for (const turn of turns) {
    items.push(await evaluate(evaluation, body, { ...place, turns: [...place.turns, turn] }));
  }
  if (form === 'SEQ') return items;
  return items.reduce<Record<string, Json>>((sum, item) => {
    const map =
      Array.isArray(item) && item.length === 2
        ? Object.fromEntries([[pythonText(item[0] as Json), item[1] as Json]])
        : item;
    if (map === null || typeof map !== 'object' || Array.isArray(map)) {
      throw new RangeError('each item of a MAP is a map, or a list of key and value');
    }
    if (Object.hasOwn(map, '__proto__')) throw new RangeError('the key __proto__ is not allowed');
    return merged(sum, map) as Record<string, Json>;
  }, {});
}

/** The characters of a text are gone through too. */
function turnsOf(values: Json): Turn[] {
  if (Array.isArray(values) || typeof values === 'string') {
    return Array.from(values as Iterable<Json>, (value, index) => ({ index, value }));
  }
  if (values === null || typeof values !== 'object') throw new RangeError('needs a list or a map to go through');
  return Object.entries(values).map(([index, value]) => ({ index, value }));
}

async function findObject(
  evaluation: Evaluation,
  argument: Piece,
  place: Place,
): Promise<Record<string, Json> | undefined> {
  const [model, ...conditions] = itemsOf(argument, 1);
  const wanted: Condition[] = [];
  for (const condition of conditions) {
    const [field, value] = await evaluateAll(evaluation, itemsOf(condition, 2), place);
    wanted.push([pythonText(field as Json), value as Json]);
  }
  return evaluation.surroundings.find(pythonText(await evaluate(evaluation, model as Piece, place)), wanted);
}

async function evaluateAll(evaluation: Evaluation, pieces: readonly Piece[], place: Place): Promise<Json[]> {
  const values: Json[] = [];
  for (const piece of pieces) values.push(await evaluate(evaluation, piece, place));
  return values;
}

function turnOf(argument: Piece, place: Place): Turn {
  const up = argument.kind === 'scalar' ? argument.value : undefined;
  const turn = typeof up === 'number' && up >= 0 ? place.turns.at(-(up + 1)) : undefined;
  if (!turn) throw new RangeError('is not inside as many !Enumerate as it names');
  return turn;
}

function itemsOf(piece: Piece, least: number): readonly Piece[] {
  if (piece.kind !== 'list' || piece.items.length < least) {
    throw new RangeError(`needs a list of at least ${least} arguments`);
  }
  return piece.items;
}

const nameOf = (piece: Piece): string => {
  if (piece.kind !== 'scalar' || piece.value === null) throw new RangeError('needs a name');
  return String(piece.value);
};

/** The two forms that a lookup with a default has: `!Env X` and `!Env [X, default]`. */
export function nameAndDefault(piece: Piece): [name: string, fallback: Piece | undefined] {
  if (piece.kind !== 'list') return [nameOf(piece), undefined];
  const [name, fallback] = itemsOf(piece, 1);
  return [nameOf(name as Piece), fallback];
}
