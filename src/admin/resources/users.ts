/** `core/users`: people and the accounts of programs. */
import { sql } from 'kysely';
import { userModel } from '../../core/models/people.ts';
import { objectsOfRows, type StoredObject } from '../../core/objects.ts';
import type { Row } from '../../core/rows.ts';
import { endSessions, sessionIdsOf } from '../../core/sessions.ts';
import { createUser } from '../../core/users.ts';
import type { Queries } from '../../db/database.ts';
import { type Condition, type Filter, flagOf, momentOf } from '../conditions.ts';
import { avatarOf, partialGroups, roleViews, superusersAmong, viewsOf } from '../people-views.ts';
import { plainAnswer } from '../presentation.ts';
import type { Change, Resource, Values } from '../resource.ts';
import type { AdminContext } from '../services.ts';
import { meAction, pathsAction } from './users-me.ts';
import { recoveryAction, setPasswordAction } from './user-passwords.ts';
import { serviceAccountAction } from './service-accounts.ts';

const isoOf = (at: unknown): string => new Date(Number(at)).toISOString();

/** Adds what is computed of people. Also used where other objects show a person in full. */
export async function presentUsers(
  queries: Queries,
  objects: readonly StoredObject[],
  include: { groups: boolean; roles: boolean },
): Promise<Values[]> {
  const pks = objects.map((object) => object.pk as number);
  const groupIds = objects.flatMap((object) => object.values.groups as string[]);
  const roleIds = objects.flatMap((object) => object.values.roles as string[]);
  const superusers = await superusersAmong(queries, pks);
  const groups = include.groups ? await partialGroups(queries, groupIds) : undefined;
  const roles = include.roles ? await roleViews(queries, roleIds) : undefined;
  const rows =
    pks.length === 0
      ? []
      : await queries.selectFrom('users').select(['pk', 'uid', 'password_changed_at']).where('pk', 'in', pks).execute();
  return objects.map((object) => {
    const row = rows.find((each) => each.pk === object.pk);
    return {
      uuid: object.id,
      uid: row?.uid ?? '',
      date_joined: isoOf(object.createdAt),
      last_updated: isoOf(object.updatedAt),
      password_change_date: isoOf(row?.password_changed_at ?? 0),
      is_superuser: superusers.has(object.pk as number),
      avatar: avatarOf(String(object.values.name || object.values.username)),
      groups_obj: groups ? viewsOf(groups, object.values.groups as string[]) : null,
      roles_obj: roles ? viewsOf(roles, object.values.roles as string[]) : null,
    };
  });
}

/** People in full by number, as other objects show them. */
export async function fullUsers(queries: Queries, pks: readonly number[]): Promise<Map<number, Values>> {
  const distinct = [...new Set(pks)];
  if (distinct.length === 0) return new Map();
  const rows = await queries.selectFrom('users').selectAll().where('pk', 'in', distinct).execute();
  const objects = await objectsOfRows(queries, userModel, rows as unknown as Row[]);
  const extra = await presentUsers(queries, objects, { groups: false, roles: false });
  return new Map(
    objects.map((object, index) => [object.pk as number, { ...plainAnswer(userModel, object), ...extra[index] }]),
  );
}

const included = (context: AdminContext, parameter: string): boolean => {
  const value = context.query.get(parameter)?.at(-1);
  return value === undefined || flagOf(parameter, value);
};

/** A condition on people by name of something that they are in. */
const memberOf =
  (table: 'group_members' | 'user_roles', by: 'name' | 'id'): Filter =>
  (values): Condition =>
  (builder) => {
    const [joined, column] =
      table === 'group_members' ? (['groups', 'group_id'] as const) : (['roles', 'role_id'] as const);
    return builder.exists(
      builder
        .selectFrom(`${table as 'group_members'} as m`)
        .innerJoin(`${joined as 'groups'} as g`, 'g.id', `m.${column as 'group_id'}`)
        .select('g.id')
        .where('m.user_pk', '=', sql<number>`${sql.ref('users.pk')}`)
        .where(`g.${by}`, 'in', [...values]),
    );
  };

/** People in superuser groups, by one look at all superuser groups and what is below them. */
const superuserFilter: Filter = ([value = ''], { core }) => {
  const wanted = flagOf('is_superuser', value);
  const below = core.database.read
    .withRecursive('high', (query) =>
      query
        .selectFrom('groups as g')
        .select('g.id')
        .where('g.is_superuser', '=', 1)
        .union(
          query.selectFrom('group_parents as p').innerJoin('high', 'high.id', 'p.parent_id').select('p.group_id as id'),
        ),
    )
    .selectFrom('group_members as m')
    .innerJoin('high', 'high.id', 'm.group_id')
    .select('m.user_pk');
  return (builder) => builder(sql<number>`${sql.ref('users.pk')}`, wanted ? 'in' : 'not in', below);
};

/** Names and values at the top of the attributes: all must be equal. */
const attributesFilter: Filter = ([text = ''], { core }) => {
  let wanted: unknown;
  try {
    wanted = JSON.parse(text);
  } catch {
    wanted = undefined;
  }
  if (typeof wanted !== 'object' || wanted === null) return () => sql<boolean>`1 = 0`;
  const entries = Object.entries(wanted).slice(0, 10);
  return (builder) =>
    builder.and(
      entries.map(([name, value]) => {
        const plain = typeof value === 'string' ? value : JSON.stringify(value);
        return core.database.engine === 'sqlite'
          ? sql<boolean>`exists (select 1 from json_each(attributes) j where j.key = ${name}
              and case j.type when 'true' then 'true' when 'false' then 'false' else cast(j.value as text) end = ${plain})`
          : sql<boolean>`(attributes::json ->> ${name}) = ${plain}`;
      }),
    );
};

const timeFilter =
  (column: string, comparison: '<' | '>' | '='): Filter =>
  ([value = '']) =>
  () =>
    sql<boolean>`${sql.ref(column)} ${sql.raw(comparison)} ${momentOf(column, value)}`;

const timeFilters = (name: string, column: string): Record<string, Filter> => ({
  [name]: timeFilter(column, '='),
  [`${name}__gt`]: timeFilter(column, '>'),
  [`${name}__lt`]: timeFilter(column, '<'),
});

async function prepareUser({ values }: Change): Promise<Values> {
  return typeof values.email === 'string' ? { ...values, email: values.email.trim() } : values;
}

export const usersResource: Resource = {
  path: 'core/users',
  lookup: 'pk',
  declaration: userModel,
  search: ['username_key', 'name', 'email_key', 'path'],
  order: 'username_key',
  orderings: { pk: 'pk', uuid: 'id', date_joined: 'created_at', last_updated: 'updated_at', name: 'name' },
  filters: {
    ...timeFilters('date_joined', 'created_at'),
    ...timeFilters('last_updated', 'updated_at'),
    attributes: attributesFilter,
    groups_by_name: memberOf('group_members', 'name'),
    groups_by_pk: memberOf('group_members', 'id'),
    roles_by_name: memberOf('user_roles', 'name'),
    roles_by_pk: memberOf('user_roles', 'id'),
    is_superuser: superuserFilter,
    uuid: (values) => (builder) => builder('id', 'in', [...values]),
    path_startswith:
      ([value = '']) =>
      () =>
        sql<boolean>`substr(path, 1, ${value.length}) = ${value}`,
  },
  present: (objects, context) =>
    presentUsers(context.core.database.read, objects, {
      groups: included(context, 'include_groups'),
      roles: included(context, 'include_roles'),
    }),
  prepare: prepareUser,
  insert: (transaction, values, context) =>
    createUser(context.core, transaction, values as Parameters<typeof createUser>[2]),
  async check(transaction, after, { before, context }) {
    // An account that is switched off is out at once.
    if (before?.values.is_active && !after.values.is_active) {
      await endSessions(transaction, context.core.now(), await sessionIdsOf(transaction, after.pk as number));
    }
  },
  onCollection: [meAction, pathsAction, serviceAccountAction],
  onObject: [setPasswordAction, recoveryAction],
};
