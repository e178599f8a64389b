/** `core/groups`. */
import { invalid } from '../../core/fault.ts';
import { groupModel } from '../../core/models/people.ts';
import type { StoredObject } from '../../core/objects.ts';
import type { Queries } from '../../db/database.ts';
import { type Filter, flagOf, wholeNumberOf } from '../conditions.ts';
import { partialGroups, partialUsers, roleViews, viewsOf } from '../people-views.ts';
import type { ObjectAction, Resource, Values } from '../resource.ts';
import { withAllParents } from '../rights.ts';
import type { AdminContext } from '../services.ts';
import { membershipAction } from './memberships.ts';

/** Of a larger group the members are only numbers; `core/users/?groups_by_pk=` lists them page by page. */
const MOST_SHOWN_MEMBERS = 1000;

const wants = (context: AdminContext, parameter: string, usual: boolean): boolean => {
  const value = context.query.get(parameter)?.at(-1);
  return value === undefined ? usual : flagOf(parameter, value);
};

/** Empty where the members were not asked for. */
const membersOf = ({ values }: StoredObject): number[] => (values.users as number[] | undefined) ?? [];

async function childrenOf(queries: Queries, ids: readonly string[]): Promise<Map<string, string[]>> {
  const rows =
    ids.length === 0
      ? []
      : await queries
          .selectFrom('group_parents')
          .selectAll()
          .where('parent_id', 'in', [...ids])
          .execute();
  const byParent = Map.groupBy(rows, (row) => row.parent_id);
  return new Map([...byParent].map(([id, some]) => [id, some.map((row) => row.group_id)]));
}

/** Roles that come down from parents. */
async function inheritedRoles(queries: Queries, object: StoredObject): Promise<Values[]> {
  const above = (await withAllParents(queries, [object.id])).filter((id) => id !== object.id);
  if (above.length === 0) return [];
  const rows = await queries.selectFrom('group_roles').select('role_id').where('group_id', 'in', above).execute();
  const ids = [...new Set(rows.map((row) => row.role_id))];
  return viewsOf(await roleViews(queries, ids), ids);
}

async function presentGroups(objects: readonly StoredObject[], context: AdminContext): Promise<Values[]> {
  const { read } = context.core.database;
  const listed = (name: string): string[] => objects.flatMap((object) => object.values[name] as string[]);
  const roles = await roleViews(read, listed('roles'));
  const children = await childrenOf(
    read,
    objects.map((object) => object.id),
  );
  const withParents = wants(context, 'include_parents', false);
  const withChildren = wants(context, 'include_children', false);
  const related = await partialGroups(read, [
    ...(withParents ? listed('parents') : []),
    ...(withChildren ? [...children.values()].flat() : []),
  ]);
  const small = wants(context, 'include_users', true)
    ? objects.filter((object) => membersOf(object).length <= MOST_SHOWN_MEMBERS)
    : [];
  const users = await partialUsers(read, small.flatMap(membersOf));
  const withInherited = wants(context, 'include_inherited_roles', false);
  return Promise.all(
    objects.map(async (object) => ({
      num_pk: object.pk,
      users: membersOf(object),
      pk: object.id,
      parents_obj: withParents ? viewsOf(related, object.values.parents as string[]) : null,
      users_obj: small.includes(object) ? viewsOf(users, membersOf(object)) : null,
      roles_obj: viewsOf(roles, object.values.roles as string[]),
      inherited_roles_obj: withInherited ? await inheritedRoles(read, object) : null,
      children: children.get(object.id) ?? [],
      children_obj: withChildren ? viewsOf(related, children.get(object.id) ?? []) : null,
    })),
  );
}

/** Groups that one of these people is in. */
const memberFilter =
  (by: 'pk' | 'username'): Filter =>
  (values) =>
  (builder) => {
    const members = builder
      .selectFrom('group_members as m')
      .innerJoin('users as u', 'u.pk', 'm.user_pk')
      .select('m.group_id');
    return builder(
      'id',
      'in',
      by === 'pk'
        ? members.where(
            'u.pk',
            'in',
            values.map((value) => wholeNumberOf('members_by_pk', value)),
          )
        : members.where('u.username', 'in', [...values]),
    );
  };

async function refuseCycle(transaction: Queries, after: StoredObject): Promise<void> {
  const above = await withAllParents(transaction, after.values.parents as string[]);
  if (above.includes(after.id)) throw invalid({ parents: ['A group cannot be above itself.'] });
}

const actions: readonly ObjectAction[] = [
  membershipAction('group_members', 'add'),
  membershipAction('group_members', 'remove'),
];

export const groupsResource: Resource = {
  path: 'core/groups',
  lookup: 'id',
  declaration: groupModel,
  search: ['name_key'],
  order: 'name_key',
  orderings: { num_pk: 'num_pk' },
  filters: { members_by_pk: memberFilter('pk'), members_by_username: memberFilter('username') },
  heavy: ['users'],
  heavyWanted: (context) => wants(context, 'include_users', true),
  present: presentGroups,
  check: (transaction, after) => refuseCycle(transaction, after),
  onObject: actions,
};
