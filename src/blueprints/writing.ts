/**
 * Objects written as a blueprint: an object, what belongs to it, and what it is made of. Secrets and what the API
 * would not show are left out; other objects are named by what people call them, so that the text fits elsewhere too.
 */
import { isDeepStrictEqual } from 'node:util';
import type * as Yaml from 'yaml';
import type { Document, Node } from 'yaml';
import { type Declaration, defaultOf, type Field, type ObjectTable } from '../core/declaration.ts';
import { Fault, notFound } from '../core/fault.ts';
import { findObject, type StoredObject } from '../core/objects.ts';
import { holdersOf, wireKeyOf } from '../core/removal.ts';
import type { Queries } from '../db/database.ts';
import { objectByKey } from './blueprints.store.ts';

/** One export is read into memory whole. */
const MOST_OBJECTS = 1000;

type Written = { declaration: Declaration; object: StoredObject };
/** Names an object of the database. */
export type ObjectName = { model: string; id: string };

/** What others are made of is written along with them; everything else must be there already. */
const PARTS: readonly ObjectTable[] = ['stages', 'prompts', 'policies'];
/** What people call an object, in the order in which it is tried. */
const NAMES: readonly string[] = ['managed', 'slug', 'username', 'domain', 'identifier', 'name'];

/** The text of a blueprint that makes these objects. Throws not_found. */
export async function writeBlueprint(
  queries: Queries,
  models: ReadonlyMap<string, Declaration>,
  roots: readonly ObjectName[],
): Promise<string> {
  const written = new Map<string, Written>();
  const begun = new Set<string>();
  for (const { model, id } of roots) {
    const declaration = models.get(model);
    const object = declaration && (await findObject(queries, declaration, { id }));
    if (!object) throw notFound();
    await gather(queries, models, { declaration, object }, written, begun);
  }
  const yaml = await import('yaml');
  const document = new yaml.Document({ version: 1 }, { version: '1.1' });
  const entries: Node[] = [];
  for (const each of written.values()) entries.push(await entryOf({ queries, models, written, yaml, document }, each));
  document.set('entries', document.createNode(entries));
  // The directive belongs to the parser's version, not to the blueprint's.
  return document.toString({ directives: false, lineWidth: 0 });
}

/** What an object is made of comes before it, what belongs to it after. */
async function gather(
  queries: Queries,
  models: ReadonlyMap<string, Declaration>,
  each: Written,
  written: Map<string, Written>,
  begun: Set<string>,
): Promise<void> {
  const { declaration, object } = each;
  // Stages can name each other in a circle.
  if (begun.has(object.id)) return;
  begun.add(object.id);
  if (begun.size >= MOST_OBJECTS) throw new Fault('too_large', `More than ${MOST_OBJECTS} objects belong together.`);
  for (const field of Object.values(declaration.fields)) {
    if (!field.reference || !PARTS.includes(field.reference.to)) continue;
    for (const key of keysOf(object, declaration, field)) {
      const part = await objectByKey(queries, models, field.reference.to, key);
      if (part) await gather(queries, models, part, written, begun);
    }
  }
  written.set(object.id, each);
  const target = { table: declaration.table, id: object.id, pk: object.pk };
  for (const holder of await holdersOf(queries, [...models.values()], target)) {
    if (holder.whenDeleted !== 'cascade') continue;
    const found = await findObject(queries, holder.declaration, { id: holder.id });
    if (found) await gather(queries, models, { declaration: holder.declaration, object: found }, written, begun);
  }
}

function keysOf(object: StoredObject, declaration: Declaration, field: Field): (string | number)[] {
  const [name = ''] = Object.entries(declaration.fields).find(([, each]) => each === field) ?? [];
  const value = object.values[name];
  return (Array.isArray(value) ? value : [value]).filter(
    (each) => typeof each === 'string' || typeof each === 'number',
  );
}

type Writing = {
  queries: Queries;
  models: ReadonlyMap<string, Declaration>;
  written: ReadonlyMap<string, Written>;
  yaml: typeof Yaml;
  document: Document;
};

async function entryOf(writing: Writing, { declaration, object }: Written): Promise<Node> {
  const { document } = writing;
  const name = NAMES.find((each) => typeof object.values[each] === 'string' && each in declaration.fields);
  const identifiers: Record<string, unknown> = {};
  const attrs: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(declaration.fields)) {
    if (field.secret || field.readOnly || field.disclosure) continue;
    const value = object.values[key];
    // An object without a name is known by what it joins, and by its place.
    const identifies = name === undefined ? isJoint(key, field) && value !== null : key === name;
    if (!identifies && isDeepStrictEqual(value, defaultOf(field))) continue;
    (identifies ? identifiers : attrs)[key] = await valueOf(writing, field, value);
  }
  return document.createNode({
    model: declaration.model,
    id: object.id,
    identifiers,
    ...(Object.keys(attrs).length > 0 && { attrs }),
  });
}

const isJoint = (name: string, field: Field): boolean =>
  (field.reference !== undefined && !field.reference.many) || name === 'order';

async function valueOf(writing: Writing, field: Field, value: unknown): Promise<unknown> {
  if (!field.reference || value === null) return value;
  if (!Array.isArray(value)) return namedObject(writing, field.reference.to, value as string | number);
  const named: unknown[] = [];
  for (const each of value) named.push(await namedObject(writing, field.reference.to, each as string | number));
  return named;
}

async function namedObject(writing: Writing, table: ObjectTable, key: string | number): Promise<unknown> {
  const { queries, models, written, yaml, document } = writing;
  const found = await objectByKey(queries, models, table, key);
  if (!found) return key;
  if (written.has(found.object.id)) {
    const own = new yaml.Scalar(found.object.id);
    own.tag = '!KeyOf';
    return own;
  }
  const name = NAMES.find((each) => typeof found.object.values[each] === 'string');
  if (name === undefined) return wireKeyOf(found.declaration, found.object);
  const find = document.createNode([found.declaration.model, [name, found.object.values[name]]], { flow: true });
  find.tag = '!Find';
  return find;
}
