/** Lists of declared objects: paged, filtered, searched and sorted by the database. */
import { sql } from 'kysely';
import { numberColumn, objectsOfRows, type StoredObject } from '../core/objects.ts';
import type { Row } from '../core/rows.ts';
import { type Condition, fieldCondition, orderColumn, searchCondition } from './conditions.ts';
import { type Envelope, pageOf, pagingOf } from './paging.ts';
import { listAnswers } from './presentation.ts';
import type { Resource, Values } from './resource.ts';
import type { AdminContext } from './services.ts';
import { answeredDeclaration, visibleOnly } from './visibility.ts';

/** Parameters that are not filters. */
const OWN_PARAMETERS: ReadonlySet<string> = new Set(['page', 'page_size', 'ordering', 'search']);

/** A sorted column. */
export type Order = { column: string; descending: boolean };

/** The page that the request asks for. */
export async function listOf(resource: Resource, context: AdminContext): Promise<Envelope<Values>> {
  const visible = visibleOnly(resource, context.caller);
  const conditions = [...(visible ? [visible] : []), ...conditionsOf(resource, context)];
  const paging = await pagingOf(context.core, context.query);
  const count = await countRows(resource, context, conditions);
  return pageOf(paging, count, async (limit, offset) => {
    const objects = await readRows(resource, context, conditions, limit, offset);
    return listAnswers(resource, objects, context);
  });
}

/** The conditions that the request's parameters make. Unknown parameters make none. */
export function conditionsOf(resource: Resource, context: AdminContext): Condition[] {
  const { declaration, filters = {} } = resource;
  const conditions: (Condition | undefined)[] = [];
  for (const [parameter, values] of context.query) {
    if (OWN_PARAMETERS.has(parameter)) continue;
    const given = values.filter((value) => value !== '');
    if (given.length === 0) continue;
    const filter = Object.hasOwn(filters, parameter) ? filters[parameter] : undefined;
    conditions.push(
      filter ? filter(given, context) : fieldCondition(declaration, parameter, given, context.core.database.engine),
    );
  }
  const search = context.query.get('search')?.at(-1);
  if (search) conditions.push(searchCondition(resource.search, search));
  return conditions.filter((each) => each !== undefined);
}

/** How the list is sorted: by what the request names as far as that is known, at last by the key. */
export function ordersOf(resource: Resource, context: AdminContext): Order[] {
  const { declaration, orderings = {} } = resource;
  const orders: Order[] = [];
  for (const name of (context.query.get('ordering')?.at(-1) ?? '').split(',').slice(0, 5)) {
    const column = orderColumn(declaration, orderings, name.replace(/^-/, ''));
    if (column && !orders.some((each) => each.column === column)) {
      orders.push({ column, descending: name.startsWith('-') });
    }
  }
  if (orders.length === 0) orders.push({ column: resource.order, descending: false });
  const key = numberColumn(declaration) ?? 'id';
  return orders.some((each) => each.column === key) ? orders : [...orders, { column: key, descending: false }];
}

/** How many objects meet the conditions. */
export async function countRows(
  { declaration }: Resource,
  { core }: AdminContext,
  conditions: readonly Condition[],
): Promise<number> {
  let query = core.database.read
    .selectFrom(declaration.table as 'stages')
    .select((builder) => builder.fn.countAll<number>().as('count'));
  if (declaration.kind !== undefined) query = query.where('kind', '=', declaration.kind);
  for (const condition of conditions) query = query.where(condition);
  return (await query.executeTakeFirstOrThrow()).count;
}

/** The objects that meet the conditions, sorted as the request asks. */
export async function readRows(
  resource: Resource,
  context: AdminContext,
  conditions: readonly Condition[],
  limit: number,
  offset: number,
): Promise<StoredObject[]> {
  const declaration = answeredDeclaration(resource, context);
  const { read } = context.core.database;
  let query = read
    .selectFrom(declaration.table as 'stages')
    .selectAll()
    .limit(limit)
    .offset(offset);
  if (declaration.kind !== undefined) query = query.where('kind', '=', declaration.kind);
  for (const condition of conditions) query = query.where(condition);
  for (const { column, descending } of ordersOf(resource, context)) {
    query = query.orderBy(sql.ref(column), descending ? 'desc' : 'asc');
  }
  return objectsOfRows(read, declaration, (await query.execute()) as Row[]);
}
