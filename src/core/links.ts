/** References and many-to-many relations of declared objects. */
import type { Queries } from '../db/database.ts';
import type { Declaration, Field, Relation } from './declaration.ts';
import { invalid } from './fault.ts';
import type { Row, Values } from './rows.ts';

type Own = { id: string; pk: number | undefined };

const isStoredReference = (field: Field): boolean =>
  field.reference !== undefined && field.column === undefined && field.relation === undefined;

/** For each row its references and relations by field name. */
export async function loadLinks(queries: Queries, declaration: Declaration, rows: readonly Row[]): Promise<Values[]> {
  const result: Values[] = rows.map(() => ({}));
  if (rows.length === 0) return result;
  const fields = Object.entries(declaration.fields);
  if (fields.some(([, field]) => isStoredReference(field))) await loadReferences(queries, fields, rows, result);
  for (const [name, field] of fields) {
    if (field.relation) await loadRelation(queries, field.relation, name, rows, result);
  }
  return result;
}

async function loadReferences(
  queries: Queries,
  fields: [string, Field][],
  rows: readonly Row[],
  result: Values[],
): Promise<void> {
  const found = await queries
    .selectFrom('object_references as r')
    .leftJoin('providers as p', 'p.id', 'r.target_id')
    .select(['r.source_id', 'r.field', 'r.target_id', 'p.pk'])
    .where(
      'r.source_id',
      'in',
      rows.map((row) => String(row.id)),
    )
    .orderBy('r.position')
    .execute();
  const bySource = Map.groupBy(found, (each) => `${each.source_id} ${each.field}`);
  rows.forEach((row, index) => {
    for (const [name, field] of fields) {
      if (!isStoredReference(field)) continue;
      const targets = (bySource.get(`${String(row.id)} ${name}`) ?? []).map((each) =>
        field.reference?.key === 'pk' ? each.pk : each.target_id,
      );
      (result[index] as Values)[name] = field.reference?.many ? targets : (targets[0] ?? null);
    }
  });
}

async function loadRelation(
  queries: Queries,
  relation: Relation,
  name: string,
  rows: readonly Row[],
  result: Values[],
): Promise<void> {
  const ownKey = (row: Row): string | number => (relation.own === 'user_pk' ? Number(row.pk) : String(row.id));
  const found = (await queries
    .selectFrom(relation.table as 'group_members')
    .select([relation.own as 'group_id', relation.other as 'user_pk'])
    .where(relation.own as 'group_id', 'in', rows.map(ownKey) as string[])
    .orderBy(relation.other as 'user_pk')
    .execute()) as Row[];
  const byOwner = Map.groupBy(found, (each) => each[relation.own]);
  rows.forEach((row, index) => {
    (result[index] as Values)[name] = (byOwner.get(ownKey(row)) ?? []).map((each) => each[relation.other]);
  });
}

/** The distinct objects that a field names. */
function targetsOf(value: unknown): (string | number)[] {
  const targets = (Array.isArray(value) ? value : [value]) as (string | number | null)[];
  return [...new Set(targets.filter((each) => each !== null))];
}

/** Throws `invalid` when a value names an object that is not there. Comes before anything is written. */
export async function requireReferences(transaction: Queries, declaration: Declaration, values: Values): Promise<void> {
  for (const [name, field] of Object.entries(declaration.fields)) {
    if (name in values && field.reference) await requireTargets(transaction, name, field, targetsOf(values[name]));
  }
}

/** Writes those references and relations that are among the values. */
export async function writeLinks(
  transaction: Queries,
  declaration: Declaration,
  own: Own,
  values: Values,
  isNew: boolean,
): Promise<void> {
  for (const [name, field] of Object.entries(declaration.fields)) {
    if (!(name in values) || !field.reference) continue;
    const distinct = targetsOf(values[name]);
    if (field.relation) await writeRelation(transaction, field.relation, own, distinct, isNew);
    else if (field.column === undefined) await writeReference(transaction, name, own, distinct as string[], isNew);
  }
}

async function requireTargets(
  transaction: Queries,
  name: string,
  field: Field,
  targets: readonly (string | number)[],
): Promise<void> {
  if (!field.reference || targets.length === 0) return;
  // Numbers were turned into identifiers already, unless a column or relation holds the number itself.
  const column = field.reference.key === 'pk' && (field.column || field.relation) ? 'pk' : 'id';
  const table = field.reference.to as 'providers';
  const known = new Set<string | number>();
  for (let start = 0; start < targets.length; start += 500) {
    const rows = await transaction
      .selectFrom(table)
      .select(column as 'id')
      .where(column as 'id', 'in', targets.slice(start, start + 500) as string[])
      .execute();
    for (const row of rows as Row[]) known.add(row[column] as string | number);
  }
  const missing = targets.find((each) => !known.has(each));
  if (missing !== undefined) throw invalid({ [name]: [`Invalid pk "${missing}" - object does not exist.`] });
}

async function writeReference(
  transaction: Queries,
  name: string,
  own: Own,
  targets: readonly string[],
  isNew: boolean,
): Promise<void> {
  if (!isNew) {
    await transaction
      .deleteFrom('object_references')
      .where('source_id', '=', own.id)
      .where('field', '=', name)
      .execute();
  }
  if (targets.length === 0) return;
  await transaction
    .insertInto('object_references')
    .values(targets.map((target_id, position) => ({ source_id: own.id, field: name, position, target_id })))
    .execute();
}

async function writeRelation(
  transaction: Queries,
  relation: Relation,
  own: Own,
  targets: readonly (string | number)[],
  isNew: boolean,
): Promise<void> {
  const key = relation.own === 'user_pk' ? (own.pk as number) : own.id;
  const table = relation.table as 'group_members';
  if (!isNew)
    await transaction
      .deleteFrom(table)
      .where(relation.own as 'group_id', '=', key as string)
      .execute();
  for (let start = 0; start < targets.length; start += 500) {
    await transaction
      .insertInto(table)
      .values(
        targets.slice(start, start + 500).map((each) => ({ [relation.own]: key, [relation.other]: each })) as never,
      )
      .execute();
  }
}

/** The identifiers of providers that the wire names by number. Throws `invalid` for an unknown number. */
export async function numbersToIds(
  transaction: Queries,
  field: Field,
  value: unknown,
  name = 'non_field_errors',
): Promise<string | string[] | null> {
  const numbers = (Array.isArray(value) ? value : [value]).filter((each): each is number => typeof each === 'number');
  const rows =
    numbers.length === 0
      ? []
      : await transaction.selectFrom('providers').select(['pk', 'id']).where('pk', 'in', numbers).execute();
  const ids = numbers.map((number) => {
    const row = rows.find((each) => each.pk === number);
    if (!row) throw invalid({ [name]: [`Invalid pk "${number}" - object does not exist.`] });
    return row.id;
  });
  return field.reference?.many ? ids : (ids[0] ?? null);
}
