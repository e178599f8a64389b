/** People, groups and roles as other objects show them: read in bulk, never one by one. */
import type { Queries } from '../db/database.ts';
import type { Json } from '../core/declaration.ts';
import type { Values } from './resource.ts';

const isoOf = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
const attributesOf = (settings: string): Json => (JSON.parse(settings) as { attributes?: Json }).attributes ?? {};
/** No more than so many at once, so that a statement keeps within what the databases take. */
const CHUNK = 500;

async function inChunks<K, T>(keys: readonly K[], read: (some: K[]) => Promise<T[]>): Promise<T[]> {
  const distinct = [...new Set(keys)];
  const found: T[] = [];
  for (let start = 0; start < distinct.length; start += CHUNK) {
    found.push(...(await read(distinct.slice(start, start + CHUNK))));
  }
  return found;
}

/** `PartialUser` by number. */
export async function partialUsers(queries: Queries, pks: readonly number[]): Promise<Map<number, Values>> {
  const columns = ['pk', 'uid', 'username', 'name', 'email', 'is_active', 'attributes', 'last_login_at'] as const;
  const rows = await inChunks(pks, (some) =>
    queries.selectFrom('users').select(columns).where('pk', 'in', some).execute(),
  );
  return new Map(
    rows.map((row) => [
      row.pk,
      {
        pk: row.pk,
        username: row.username,
        name: row.name,
        is_active: row.is_active === 1,
        last_login: isoOf(row.last_login_at),
        email: row.email,
        attributes: JSON.parse(row.attributes) as Json,
        uid: row.uid,
      },
    ]),
  );
}

/** `PartialGroup` and `RelatedGroup` in one, by identifier. */
export async function partialGroups(queries: Queries, ids: readonly string[]): Promise<Map<string, Values>> {
  const columns = ['id', 'num_pk', 'name', 'is_superuser', 'settings'] as const;
  const rows = await inChunks(ids, (some) =>
    queries.selectFrom('groups').select(columns).where('id', 'in', some).execute(),
  );
  return new Map(
    rows.map((row) => [
      row.id,
      {
        pk: row.id,
        group_uuid: row.id,
        num_pk: row.num_pk,
        name: row.name,
        is_superuser: row.is_superuser === 1,
        attributes: attributesOf(row.settings),
      },
    ]),
  );
}

/** `Role` by identifier. */
export async function roleViews(queries: Queries, ids: readonly string[]): Promise<Map<string, Values>> {
  const rows = await inChunks(ids, (some) =>
    queries.selectFrom('roles').select(['id', 'name']).where('id', 'in', some).execute(),
  );
  return new Map(rows.map((row) => [row.id, { pk: row.id, name: row.name }]));
}

/** Those of the people who are in a superuser group, directly or through parents. */
export async function superusersAmong(queries: Queries, pks: readonly number[]): Promise<Set<number>> {
  if (pks.length === 0) return new Set();
  const rows = await queries
    .withRecursive('held', (query) =>
      query
        .selectFrom('group_members as m')
        .select(['m.user_pk', 'm.group_id'])
        .where('m.user_pk', 'in', [...pks])
        .union(
          query
            .selectFrom('group_parents as p')
            .innerJoin('held', 'held.group_id', 'p.group_id')
            .select(['held.user_pk', 'p.parent_id as group_id']),
        ),
    )
    .selectFrom('groups as g')
    .innerJoin('held', 'held.group_id', 'g.id')
    .select('held.user_pk')
    .distinct()
    .where('g.is_superuser', '=', 1)
    .execute();
  return new Set(rows.map((row) => row.user_pk));
}

/** The views that are there, in the order of their keys. */
export const viewsOf = <K>(views: ReadonlyMap<K, Values>, keys: readonly K[]): Values[] =>
  keys.map((key) => views.get(key)).filter((view) => view !== undefined);

/** A picture with the first letters of a name, as an address that holds all of it. */
export function avatarOf(name: string): string {
  const letters = (name.match(/\p{L}|\p{N}/gu) ?? ['?']).slice(0, 2).join('').toUpperCase();
  const text = `<text x="32" y="42" font-family="sans-serif" font-size="28" text-anchor="middle" fill="#fff">${letters}</text>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="64" height="64" fill="#4a5568"/>${text}</svg>`;
  return `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
}
