/**
 * The store of declared objects: rows, their references, their many-to-many relations and their secrets, as one
 * value. Knows nothing of requests or permissions. Every change here is a change of configuration, so it ends by
 * telling the caches (see configuration.ts).
 */
import { randomUUID } from 'node:crypto';
import type { Database, Queries } from '../db/database.ts';
import { isUniqueViolation } from '../db/database.ts';
import { bumpConfiguration } from './configuration.ts';
import type { Sealer } from './crypto/seal.ts';
import { type Declaration, defaultOf, type Field, type Fields, type ValuesOf } from './declaration.ts';
import { Fault, invalid, notFound } from './fault.ts';
import { loadLinks, numbersToIds, requireReferences, writeLinks } from './links.ts';
import { type Row, rowOfValues, type Values, valuesOfRow } from './rows.ts';
import { writeSecrets } from './secrets.ts';

/** An object as it is stored. `pk` is the number of a user, provider or group. Secrets are read apart. */
export type StoredObject<F extends Fields = Fields> = {
  id: string;
  pk: number | undefined;
  kind: string | undefined;
  model: string;
  values: ValuesOf<F>;
  createdAt: number | undefined;
  updatedAt: number | undefined;
};

/** What the store needs of its surroundings. */
export type ObjectStore = { database: Database; sealer: Sealer; now: () => number };

/** People and what belongs to them are read each time and never cached. */
const READ_LIVE: ReadonlySet<string> = new Set(['users', 'groups', 'roles', 'tokens']);

/** The column that holds an object's number. */
export const numberColumn = (declaration: Declaration): 'pk' | 'num_pk' | undefined =>
  declaration.table === 'users' || declaration.table === 'providers'
    ? 'pk'
    : declaration.table === 'groups'
      ? 'num_pk'
      : undefined;

/** Turns rows of the declaration's table into objects, reading references and relations in bulk. */
export async function objectsOfRows<F extends Fields>(
  queries: Queries,
  declaration: Declaration<F>,
  rows: readonly Row[],
): Promise<StoredObject<F>[]> {
  const links = await loadLinks(queries, declaration, rows);
  const number = numberColumn(declaration);
  return rows.map((row, index) => ({
    id: String(row.id),
    pk: number ? Number(row[number]) : undefined,
    kind: typeof row.kind === 'string' ? row.kind : undefined,
    model: declaration.model,
    values: { ...valuesOfRow(declaration, row), ...links[index] } as ValuesOf<F>,
    createdAt: typeof row.created_at === 'number' ? row.created_at : undefined,
    updatedAt: typeof row.updated_at === 'number' ? row.updated_at : undefined,
  }));
}

/** Finds one object by columns, or undefined. */
export async function findObject<F extends Fields>(
  queries: Queries,
  declaration: Declaration<F>,
  where: Readonly<Record<string, string | number>>,
): Promise<StoredObject<F> | undefined> {
  // No stored text holds a NUL, and PostgreSQL does not even take one to compare with.
  if (Object.values(where).some((value) => typeof value === 'string' && value.includes('\0'))) return undefined;
  // The declaration names the table; the columns are those of its fields, checked by the store's tests.
  let query = queries.selectFrom(declaration.table as 'stages').selectAll();
  for (const [column, value] of Object.entries(where)) query = query.where(column as 'id', '=', value as string);
  if (declaration.kind !== undefined) query = query.where('kind', '=', declaration.kind);
  const row = (await query.limit(1).executeTakeFirst()) as Row | undefined;
  if (!row) return undefined;
  return (await objectsOfRows(queries, declaration, [row]))[0];
}

/**
 * Writes a new object and returns it as it is stored. All fields must be there or have a default. Throws `invalid`
 * for a value that is taken, for a reference to what is not there, and for what the declaration's `check` refuses.
 */
export async function insertObject<F extends Fields>(
  store: ObjectStore,
  transaction: Queries,
  declaration: Declaration<F>,
  given: Partial<ValuesOf<F>>,
  own: { id?: string; uid?: string } = {},
): Promise<StoredObject<F>> {
  const values = { ...freshSecrets(declaration), ...withoutUndefined(given) };
  const linked = await withNumbersAsIds(transaction, declaration, values);
  await requireReferences(transaction, declaration, linked);
  const id = own.id ?? randomUUID();
  const now = store.now();
  const row: Row = { ...rowOfValues(declaration, values, undefined), id, ...(own.uid && { uid: own.uid }) };
  if (declaration.kind !== undefined) row.kind = declaration.kind;
  if (declaration.table === 'users') Object.assign(row, { created_at: now, updated_at: now, password_changed_at: now });
  else {
    const object = { id, model: declaration.model, created_at: now, updated_at: now };
    await guarded(declaration, () => transaction.insertInto('objects').values(object).execute());
  }
  await guarded(declaration, () =>
    transaction
      .insertInto(declaration.table as 'stages')
      .values(row as never)
      .execute(),
  );
  return finish(store, transaction, declaration, id, values, linked, true);
}

/** Changes the fields that are given and leaves the others. Throws not_found, and `invalid` as `insertObject` does. */
export async function updateObject<F extends Fields>(
  store: ObjectStore,
  transaction: Queries,
  declaration: Declaration<F>,
  id: string,
  given: Partial<ValuesOf<F>>,
): Promise<StoredObject<F>> {
  const values = withoutUndefined(given);
  const linked = await withNumbersAsIds(transaction, declaration, values);
  await requireReferences(transaction, declaration, linked);
  const now = store.now();
  // This locks the object before it is read, so that two changes of different settings do not undo each other.
  await transaction
    .updateTable(declaration.table === 'users' ? 'users' : 'objects')
    .set({ updated_at: now })
    .where('id', '=', id)
    .execute();
  const before = await findObject(transaction, declaration, { id });
  if (!before) throw notFound();
  const row = rowOfValues(declaration, values, before.values);
  if (Object.keys(row).length > 0) {
    await guarded(declaration, () =>
      transaction
        .updateTable(declaration.table as 'stages')
        .set(row as never)
        .where('id', '=', id)
        .execute(),
    );
  }
  return finish(store, transaction, declaration, id, values, linked, false);
}

async function finish<F extends Fields>(
  store: ObjectStore,
  transaction: Queries,
  declaration: Declaration<F>,
  id: string,
  values: Values,
  linked: Values,
  isNew: boolean,
): Promise<StoredObject<F>> {
  const number = numberColumn(declaration);
  const own = number
    ? ((await transaction
        .selectFrom(declaration.table as 'providers')
        .select(number as 'pk')
        .where('id', '=', id)
        .executeTakeFirst()) as Row | undefined)
    : undefined;
  await writeLinks(transaction, declaration, { id, pk: own ? Number(own[number ?? 'pk']) : undefined }, linked, isNew);
  await writeSecrets(store.sealer, transaction, declaration, id, values);
  if (!READ_LIVE.has(declaration.table)) await bumpConfiguration(store.database, transaction);
  const stored = await findObject(transaction, declaration, { id });
  if (!stored) throw new Fault('storage', 'The object could not be read back.', { status: 500 });
  await declaration.check?.(stored, { queries: transaction, sealer: store.sealer });
  return stored;
}

async function withNumbersAsIds(transaction: Queries, declaration: Declaration, values: Values): Promise<Values> {
  const changed: Values = { ...values };
  for (const [name, field] of Object.entries(declaration.fields)) {
    if (!(name in values) || field.column || field.relation || field.reference?.key !== 'pk') continue;
    changed[name] = await numbersToIds(transaction, field as Field, values[name], name);
  }
  return changed;
}

/** Secrets that are made where none is given, such as that of a client. The empty text says that none is wanted. */
function freshSecrets(declaration: Declaration): Values {
  const secrets = Object.entries(declaration.fields).filter(([, { secret, default: usual }]) => secret && usual);
  return Object.fromEntries(secrets.map(([name, field]) => [name, defaultOf(field)]));
}

/** What is undefined was not given. */
const withoutUndefined = <V extends Values>(values: V): V =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as V;

async function guarded(declaration: Declaration, run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch (fault) {
    if (!isUniqueViolation(fault)) throw fault;
    throw invalid(uniqueFields(declaration, fault));
  }
}

function uniqueFields(declaration: Declaration, fault: unknown): Record<string, string[]> {
  const columns = violatedColumns(fault);
  const names = Object.entries(declaration.fields)
    .filter(([, field]) => [field.column, field.keyColumn].some((column) => column && columns.includes(column)))
    .map(([name]) => name);
  if (names.length > 1) return { non_field_errors: [`The fields ${names.join(', ')} must make a unique set.`] };
  const name = names[0] ?? 'non_field_errors';
  return { [name]: [`${declaration.verboseName} with this ${names[0] ?? 'key'} already exists.`] };
}

/** The columns of the key that was taken, as the engines name them; never a word of the value. */
function violatedColumns(fault: unknown): string[] {
  const { message, detail } = fault as { message: string; detail?: string };
  const listed = detail === undefined ? /failed: (.*)$/.exec(message)?.[1] : /^Key \(([^)]*)\)=/.exec(detail)?.[1];
  return (listed ?? '').split(', ').map((column) => column.replace(/^.*\./, '').replaceAll('"', ''));
}
