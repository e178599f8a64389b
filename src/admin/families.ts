/**
 * Families: the kinds of stages, policies, property mappings and providers. Each kind has a resource of its own, and
 * the family has one that shows what they have in common. The kinds are handed in; none is known here by name.
 */
import { sql } from 'kysely';
import type { Declaration } from '../core/declaration.ts';
import { notFound } from '../core/fault.ts';
import { objectsOfRows, type StoredObject } from '../core/objects.ts';
import type { Row } from '../core/rows.ts';
import { remove } from './changes.ts';
import { type Filter, searchCondition } from './conditions.ts';
import { keyOf, mountCollectionActions } from './endpoint.ts';
import { pageOf, pagingOf } from './paging.ts';
import { permissionFor } from './permissions.ts';
import { metaOf, plainAnswer } from './presentation.ts';
import type { CollectionAction, ObjectAction, Resource, Values } from './resource.ts';
import { addRoute, type Room } from './room.ts';
import type { AdminContext } from './services.ts';
import { usedBy } from './used-by.ts';
import { denied, objectOfPath, objectsAllowed } from './visibility.ts';

export type Family = {
  /** The path of the list of all kinds, such as `stages/all`. */
  path: string;
  /** The model that permissions on all kinds together name, such as `authentik_flows.stage`. */
  model: string;
  /** The resources of the kinds. */
  kinds: readonly Resource[];
  /** The declared fields that every kind has. */
  baseFields: readonly string[];
  lookup: 'id' | 'pk';
  filters?: Readonly<Record<string, Filter>>;
  /** Adds what is computed for every kind. */
  present(objects: readonly StoredObject[], context: AdminContext): Promise<Values[]>;
  onCollection?: readonly CollectionAction[];
  onObject?: readonly ObjectAction[];
};

/** The kinds that the caller may see whole, and single objects of others. Throws permission_denied for none at all. */
function seen(family: Family, context: AdminContext, needs: 'view'): { kinds: string[]; ids: string[] } {
  const { caller } = context;
  const all = caller.can(permissionFor(needs, family.model));
  const kinds = family.kinds.filter((each) => all || caller.can(permissionFor(needs, each.declaration.model)));
  const ids = family.kinds.flatMap((each) => objectsAllowed(caller, permissionFor(needs, each.declaration.model)));
  if (kinds.length === 0 && ids.length === 0 && family.kinds.length > 0) throw denied();
  return { kinds: kinds.map((each) => each.declaration.kind as string), ids };
}

/** Adds the routes of the family; those of its kinds are added one by one. */
export function mountFamily(room: Room, family: Family): void {
  const [first] = family.kinds;
  if (!first) return;
  const { path } = family;
  addRoute(room, 'GET', path, (context) => listFamily(family, context));
  addRoute(room, 'GET', `${path}/types`, async () => family.kinds.map(({ declaration }) => typeOf(declaration)));
  addRoute(room, 'GET', `${path}/:key`, async (context) => {
    const { object } = await findInFamily(family, context, 'view');
    return (await answersOf(family, [object], context))[0];
  });
  addRoute(room, 'GET', `${path}/:key/used_by`, async (context) => {
    const { resource, object } = await findInFamily(family, context, 'view');
    return usedBy(context, resource.declaration, object);
  });
  addRoute(room, 'DELETE', `${path}/:key`, async (context) => {
    const { resource, object } = await findInFamily(family, context, 'delete');
    await remove(resource, context, object);
  });
  for (const action of family.onObject ?? []) {
    addRoute(room, action.method, `${path}/:key/${action.name}`, async (context) => {
      const { object } = await findInFamily(family, context, action.needs);
      return action.handle(context, object);
    });
  }
  mountCollectionActions(room, { path, declaration: first.declaration }, family.onCollection ?? []);
}

/** A kind as something that can be created. */
function typeOf(declaration: Declaration): Values {
  return {
    name: declaration.verboseName,
    description: declaration.verboseNamePlural,
    component: declaration.component ?? '',
    model_name: declaration.model.split('.')[1],
    requires_enterprise: false,
    deprecated: false,
  };
}

async function findInFamily(
  family: Family,
  context: AdminContext,
  needs: ObjectAction['needs'] | 'delete',
): Promise<{ resource: Resource; object: StoredObject }> {
  const key = keyOf(context.request);
  const { read } = context.core.database;
  const { kinds, ids } = seen(family, context, 'view');
  if (family.lookup === 'pk' && !/^\d{1,15}$/.test(key)) throw notFound();
  const table = family.kinds[0]?.declaration.table as 'providers';
  const row = await read
    .selectFrom(table)
    .select(['id', 'kind'])
    .where(family.lookup, '=', (family.lookup === 'pk' ? Number(key) : key.toLowerCase()) as string)
    .executeTakeFirst();
  const resource = family.kinds.find((each) => each.declaration.kind === row?.kind);
  if (!row || !resource || !(kinds.includes(row.kind) || ids.includes(row.id))) throw notFound();
  const byId = { ...resource, lookup: 'id' as const };
  // Whoever may see the whole family needs no permission on the kind to see it.
  if (needs === 'view' && kinds.includes(row.kind)) {
    const [object] = await storedMembers(family, context, [row.id]);
    if (object) return { resource, object };
  }
  return { resource, object: await objectOfPath(byId, context, row.id, needs) };
}

async function listFamily(family: Family, context: AdminContext): Promise<unknown> {
  const { kinds, ids } = seen(family, context, 'view');
  const known = family.kinds.map((each) => each.declaration.kind as string);
  const table = family.kinds[0]?.declaration.table as 'stages';
  const { read } = context.core.database;
  const search = searchCondition(['name_key'], context.query.get('search')?.at(-1) ?? '');
  const filters: Readonly<Record<string, Filter>> = { name: nameFilter, ...family.filters };
  const conditions = [...context.query].flatMap(([parameter, values]) => {
    const given = values.filter((value) => value !== '');
    const filter = Object.hasOwn(filters, parameter) ? filters[parameter] : undefined;
    return given.length > 0 ? (filter?.(given, context) ?? []) : [];
  });
  if (search) conditions.push(search);
  const narrowed = () => {
    let query = read
      .selectFrom(table)
      .where('kind', 'in', known)
      .where((builder) =>
        builder.or([
          ...(kinds.length > 0 ? [builder('kind', 'in', kinds)] : []),
          ...(ids.length > 0 ? [builder('id', 'in', ids)] : []),
        ]),
      );
    for (const condition of conditions) query = query.where(condition);
    return query;
  };
  const paging = await pagingOf(context.core, context.query);
  const counted = narrowed().select((builder) => builder.fn.countAll<number>().as('count'));
  const count = (await counted.executeTakeFirstOrThrow()).count;
  const descending = /^-(name|pk)$/.test(context.query.get('ordering')?.at(-1) ?? '');
  return pageOf(paging, count, async (limit, offset) => {
    const rows = await narrowed()
      .select('id')
      .orderBy('name_key', descending ? 'desc' : 'asc')
      .orderBy('id')
      .limit(limit)
      .offset(offset)
      .execute();
    return answersOf(
      family,
      await storedMembers(
        family,
        context,
        rows.map((row) => row.id),
      ),
      context,
    );
  });
}

const nameFilter: Filter = (values) => (builder) => builder(sql<string>`name`, 'in', [...values]);

/** Members of the family by identifier, in that order. */
export async function storedMembers(
  family: Pick<Family, 'kinds'>,
  { core }: Pick<AdminContext, 'core'>,
  ids: readonly string[],
): Promise<StoredObject[]> {
  const table = family.kinds[0]?.declaration.table;
  if (ids.length === 0 || !table) return [];
  const { read } = core.database;
  const rows = (await read
    .selectFrom(table as 'stages')
    .selectAll()
    .where('id', 'in', [...new Set(ids)])
    .execute()) as Row[];
  const found = new Map<string, StoredObject>();
  for (const [kind, some] of Map.groupBy(rows, (row) => row.kind)) {
    const resource = family.kinds.find((each) => each.declaration.kind === kind);
    const objects = resource ? await objectsOfRows(read, resource.declaration, some) : [];
    for (const object of objects) found.set(object.id, object);
  }
  return ids.map((id) => found.get(id)).filter((object) => object !== undefined);
}

/** What all kinds have in common, of each object. */
export async function answersOf(
  family: Pick<Family, 'kinds' | 'baseFields' | 'present'>,
  objects: readonly StoredObject[],
  context: AdminContext,
): Promise<Values[]> {
  const extra = await family.present(objects, context);
  return objects.map((object, index) => {
    const declaration = family.kinds.find((each) => each.declaration.kind === object.kind)?.declaration;
    if (!declaration) return {};
    const answer = plainAnswer(declaration, object);
    const base = Object.fromEntries(family.baseFields.map((name) => [name, answer[name]]));
    return { pk: answer.pk, ...base, ...metaOf(declaration), ...extra[index] };
  });
}
