/**
 * Taking objects away without pulling anything from under anyone's feet: who names an object, and what becomes of
 * them when it goes. What a declaration says of its references (cascade, clear, refuse) is carried out here.
 */
import { type Database, isForeignKeyViolation, type Queries } from '../db/database.ts';
import { bumpConfiguration } from './configuration.ts';
import type { Declaration, Field, ObjectTable, WhenDeleted } from './declaration.ts';
import { Fault, notFound } from './fault.ts';
import { policyBindingModel } from './models/access.ts';
import { findObject, numberColumn, type StoredObject } from './objects.ts';

/** One object that names another. */
export type Holder = { declaration: Declaration; id: string; field: string; whenDeleted: WhenDeleted; many: boolean };
/** An object that was taken away, as it was. */
export type Removed = { declaration: Declaration; object: StoredObject };

type Target = { table: ObjectTable; id: string; pk: number | undefined };

/** How many holders of one field are told; more are only counted when the object is removed. */
const MOST_HOLDERS = 1000;

/** Everything that names the object. `declarations` are all that there are, whatever their table. */
export async function holdersOf(
  queries: Queries,
  declarations: readonly Declaration[],
  target: Target,
): Promise<Holder[]> {
  const holders = await referenceHolders(queries, declarations, target);
  for (const declaration of declarations) {
    for (const [name, field] of Object.entries(declaration.fields)) {
      const { reference } = field;
      if (!reference || !(reference.to === target.table || reference.to === 'objects')) continue;
      if (field.column) {
        const key = reference.key === 'pk' ? target.pk : target.id;
        if (key === undefined) continue;
        const ids = await rowsNaming(queries, declaration, field.column, key);
        holders.push(...ids.map((id) => holder(declaration, id, name, field)));
      }
    }
  }
  return holders.filter((each) => each.id !== target.id);
}

async function rowsNaming(
  queries: Queries,
  declaration: Declaration,
  column: string,
  key: string | number,
): Promise<string[]> {
  let query = queries
    .selectFrom(declaration.table as 'stages')
    .select('id')
    .where(column as 'id', '=', key as string)
    .limit(MOST_HOLDERS);
  if (declaration.kind !== undefined) query = query.where('kind', '=', declaration.kind);
  return (await query.execute()).map((row) => row.id);
}

async function referenceHolders(
  queries: Queries,
  declarations: readonly Declaration[],
  target: Target,
): Promise<Holder[]> {
  const rows = await queries
    .selectFrom('object_references as r')
    .innerJoin('objects as o', 'o.id', 'r.source_id')
    .select(['r.source_id', 'r.field', 'o.model'])
    .where('r.target_id', '=', target.id)
    .execute();
  return rows.flatMap((row) => {
    const declaration = declarations.find((each) => each.model === row.model);
    const field = declaration?.fields[row.field];
    return declaration && field?.reference ? [holder(declaration, row.source_id, row.field, field)] : [];
  });
}

const holder = (declaration: Declaration, id: string, field: string, described: Field): Holder => ({
  declaration,
  id,
  field,
  whenDeleted: described.reference?.whenDeleted ?? 'refuse',
  many: described.reference?.many ?? false,
});

/**
 * Removes an object, and with it what cannot be without it. Returns everything that went, the object itself last.
 * Throws not_found, and `in_use` (409) when something needs it; then nothing may be committed.
 */
export async function removeObject(
  database: Database,
  transaction: Queries,
  declarations: readonly Declaration[],
  declaration: Declaration,
  id: string,
): Promise<Removed[]> {
  const removed: Removed[] = [];
  try {
    await removeOne(transaction, declarations, declaration, id, new Set(), removed);
    await refuseOpening(transaction, declaration, removed);
  } catch (fault) {
    if (!isForeignKeyViolation(fault)) throw fault;
    const message = `This ${declaration.verboseName} is still used.`;
    throw new Fault('in_use', message, { status: 409, cause: fault });
  }
  await bumpConfiguration(database, transaction);
  return removed;
}

/**
 * What nothing is bound to is open to everybody. A binding may go because somebody takes it away, but never only
 * because the group, person or policy that it names is deleted, when it was the last one that kept others out.
 */
async function refuseOpening(
  transaction: Queries,
  declaration: Declaration,
  removed: readonly Removed[],
): Promise<void> {
  if (declaration.table === 'policy_bindings') return;
  const gone = new Set(removed.map(({ object }) => object.id));
  for (const { object } of removed) {
    const { target, enabled } = object.values;
    if (object.model !== policyBindingModel.model || enabled !== true || gone.has(String(target))) continue;
    const left = await transaction
      .selectFrom('policy_bindings')
      .select('id')
      .where('target_id', '=', String(target))
      .where('enabled', '=', 1)
      .limit(1)
      .executeTakeFirst();
    if (left) continue;
    const message = `This ${declaration.verboseName} is the last that decides who may enter; without it everybody could. Change or delete its binding (${object.id}) first.`;
    throw new Fault('in_use', message, { status: 409 });
  }
}

async function removeOne(
  transaction: Queries,
  declarations: readonly Declaration[],
  declaration: Declaration,
  id: string,
  begun: Set<string>,
  removed: Removed[],
): Promise<void> {
  if (begun.has(id)) return;
  begun.add(id);
  const object = await findObject(transaction, declaration, { id });
  if (!object) throw notFound();
  const target = { table: declaration.table, id, pk: object.pk };
  // A page of holders at a time, until nobody names it any more.
  for (;;) {
    const holders = (await holdersOf(transaction, declarations, target)).filter((each) => !begun.has(each.id));
    if (holders.length === 0) break;
    for (const each of holders) {
      if (each.whenDeleted === 'refuse') throw await inUse(transaction, declaration, each);
      if (each.whenDeleted === 'clear') await clearReference(transaction, each, target);
      else await removeOne(transaction, declarations, each.declaration, each.id, begun, removed);
    }
  }
  await transaction.deleteFrom('secrets').where('owner_id', '=', id).execute();
  await transaction.deleteFrom('role_permissions').where('object_id', '=', id).execute();
  await transaction.deleteFrom('object_references').where('source_id', '=', id).execute();
  await transaction
    .deleteFrom(declaration.table as 'stages')
    .where('id', '=', id)
    .execute();
  // People have no row here.
  await transaction.deleteFrom('objects').where('id', '=', id).execute();
  removed.push({ declaration, object });
}

async function clearReference(transaction: Queries, from: Holder, target: Target): Promise<void> {
  const field = from.declaration.fields[from.field];
  if (field?.column) {
    await transaction
      .updateTable(from.declaration.table as 'applications')
      .set({ [field.column]: null })
      .where('id', '=', from.id)
      .execute();
    return;
  }
  await transaction
    .deleteFrom('object_references')
    .where('source_id', '=', from.id)
    .where('field', '=', from.field)
    .where('target_id', '=', target.id)
    .execute();
}

async function inUse(transaction: Queries, declaration: Declaration, by: Holder): Promise<Fault> {
  const object = await findObject(transaction, by.declaration, { id: by.id });
  const name = object ? nameOfObject(object) : by.id;
  const message = `This ${declaration.verboseName} is still used by ${by.declaration.verboseName} “${name}” (${by.field}).`;
  return new Fault('in_use', message, { status: 409 });
}

/** What people call an object: its name, or what comes nearest. */
export function nameOfObject(object: StoredObject): string {
  const { name, username, domain, identifier } = object.values;
  const found = [username, name, domain, identifier].find((each) => typeof each === 'string' && each !== '');
  return typeof found === 'string' ? found : object.id;
}

/** How the wire names an object: by number, where its table has one. */
export function wireKeyOf(declaration: Declaration, object: StoredObject): string | number {
  return numberColumn(declaration) === 'pk' ? (object.pk as number) : object.id;
}
