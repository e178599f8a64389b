/** Finding objects by the values of their fields, and what only a blueprint writes: permissions on one object. */
import { isDeepStrictEqual } from 'node:util';
import {
  type Declaration,
  declare,
  type Field,
  type Json,
  nullableText,
  type ObjectTable,
  text,
} from '../core/declaration.ts';
import { blueprintModel } from '../core/models/blueprint.ts';
import { normalisedKey } from '../core/names.ts';
import { findObject, numberColumn, objectsOfRows, type StoredObject } from '../core/objects.ts';
import type { Row } from '../core/rows.ts';
import type { Queries } from '../db/database.ts';
import { pythonText } from './format.ts';

/** Whole families, for lookups where the kind does not matter. Nothing can be made of them. */
const families: readonly Declaration[] = [
  ['authentik_flows.stage', 'stages'],
  ['authentik_policies.policy', 'policies'],
  ['authentik_core.provider', 'providers'],
  ['authentik_core.propertymapping', 'property_mappings'],
].map(([model, table]) =>
  declare({
    model: model as string,
    table: table as 'stages',
    verboseName: 'Object',
    verboseNamePlural: 'Objects',
    fields: {
      name: text({ column: 'name', keyColumn: 'name_key' }),
      ...(table === 'property_mappings' && { managed: nullableText({ column: 'managed' }) }),
    },
  }),
);

/** The declaration to look a model up by: one of the models, or a family of them. */
export const lookupDeclaration = (models: ReadonlyMap<string, Declaration>, model: string): Declaration | undefined =>
  models.get(model) ?? families.find((each) => each.model === model);

/** How many objects are looked through for a field that no column holds. */
const MOST_CANDIDATES = 2000;
/** Names that an object's own key has on authentik's side. */
const KEYS: readonly string[] = [
  'pk',
  'id',
  'uuid',
  'pbm_uuid',
  'flow_uuid',
  'stage_uuid',
  'policy_uuid',
  'group_uuid',
];

/**
 * The first object whose fields have these values. A map fits when the stored one has all of its keys. Throws
 * RangeError for a field that is unknown, or that is a secret.
 */
export async function findByFields(
  queries: Queries,
  declaration: Declaration,
  conditions: readonly (readonly [field: string, value: Json])[],
): Promise<StoredObject | undefined> {
  let query = queries.selectFrom(declaration.table as 'stages').selectAll();
  if (declaration.kind !== undefined) query = query.where('kind', '=', declaration.kind);
  const rest: (readonly [string, Json])[] = [];
  for (const [name, value] of conditions) {
    const field = Object.hasOwn(declaration.fields, name) ? declaration.fields[name] : undefined;
    const number = numberColumn(declaration);
    if (!field && KEYS.includes(name)) {
      const column = typeof value === 'number' && number ? number : 'id';
      query = query.where(column as 'id', '=', (typeof value === 'number' && !number ? '' : value) as string);
    } else if (!field || field.secret || field.disclosure === 'hidden') {
      throw new RangeError(`${declaration.model} cannot be looked up by ${name.slice(0, 100)}`);
    } else if (field.column && field.storage === undefined) {
      const [column, key] = columnAndKey(field, value);
      query = key === null ? query.where(column as 'id', 'is', null) : query.where(column as 'id', '=', key as string);
      if (field.keyColumn) rest.push([name, value]);
    } else rest.push([name, value]);
  }
  const rows = await query.orderBy('id').limit(MOST_CANDIDATES).execute();
  const objects = await objectsOfRows(queries, declaration, rows as Row[]);
  return objects.find((each) =>
    rest.every(([name, value]) => fits(declaration.fields[name], each.values[name], value)),
  );
}

function columnAndKey(field: Field, value: Json): [column: string, key: Json] {
  if (value !== null && typeof value === 'object') throw new RangeError('a list or map is no key');
  const column = field.keyColumn ?? field.column ?? 'id';
  if (field.keyColumn) return [column, normalisedKey(pythonText(value))];
  // SQLite would compare a text with a number silently; PostgreSQL would refuse it.
  const isNumber = field.schema().safeParse(1).success;
  if (value !== null && isNumber !== (typeof value === 'number')) throw new RangeError('the value is of another type');
  return [column, value];
}

function fits(field: Field | undefined, stored: unknown, wanted: Json): boolean {
  // Names are unique without regard to case, so a name that differs by case is the same object.
  if (field?.keyColumn) return normalisedKey(String(stored)) === normalisedKey(pythonText(wanted));
  if (wanted !== null && typeof wanted === 'object' && !Array.isArray(wanted)) {
    if (stored === null || typeof stored !== 'object') return false;
    return Object.entries(wanted).every(
      ([name, value]) => Object.hasOwn(stored, name) && isDeepStrictEqual(stored[name as keyof typeof stored], value),
    );
  }
  return isDeepStrictEqual(stored, wanted);
}

/** Lets a role do something with one object. True when it could not before. */
export async function grantPermission(
  transaction: Queries,
  role: string,
  permission: string,
  objectId: string,
): Promise<boolean> {
  const made = await transaction
    .insertInto('role_permissions')
    .values({ role_id: role, permission, object_id: objectId })
    .onConflict((conflict) => conflict.columns(['role_id', 'permission', 'object_id']).doNothing())
    .returning('role_id')
    .executeTakeFirst();
  return made !== undefined;
}

/** A stored blueprint by its name or path. */
export async function readInstance(
  queries: Queries,
  wanted: { name: string | undefined; path: string | undefined },
): Promise<{ name: string; path: string; content: string; context: Record<string, Json> } | undefined> {
  const { name, path } = wanted;
  if (name === undefined && path === undefined) return undefined;
  let query = queries.selectFrom('blueprints').selectAll().limit(1);
  if (name !== undefined) query = query.where('name_key', '=', normalisedKey(name));
  if (path !== undefined) query = query.where('path', '=', path);
  const row = await query.executeTakeFirst();
  const [object] = row ? await objectsOfRows(queries, blueprintModel, [row]) : [];
  return object && { ...object.values, content: object.values.content };
}

/** The object that a reference names, with the declaration of its kind. */
export async function objectByKey(
  queries: Queries,
  models: ReadonlyMap<string, Declaration>,
  table: ObjectTable,
  key: string | number,
): Promise<{ declaration: Declaration; object: StoredObject } | undefined> {
  const candidates = [...models.values()].filter((each) => table === 'objects' || each.table === table);
  const row =
    table === 'users' || typeof key === 'number'
      ? undefined
      : await queries.selectFrom('objects').select('model').where('id', '=', key).executeTakeFirst();
  for (const declaration of candidates) {
    if (row && row.model !== declaration.model) continue;
    const object = await findObject(queries, declaration, typeof key === 'number' ? { pk: key } : { id: key });
    if (object) return { declaration, object };
  }
  return undefined;
}
