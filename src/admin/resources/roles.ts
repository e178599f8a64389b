/** `rbac/roles`. */
import { sql } from 'kysely';
import { roleModel } from '../../core/models/people.ts';
import { type Filter, flagOf, wholeNumberOf } from '../conditions.ts';
import type { Resource } from '../resource.ts';
import { membershipAction } from './memberships.ts';

const heldBy =
  (table: 'user_roles' | 'group_roles'): Filter =>
  (values) =>
  (builder) =>
    table === 'user_roles'
      ? builder(
          'id',
          'in',
          builder
            .selectFrom('user_roles')
            .select('role_id')
            .where(
              'user_pk',
              'in',
              values.map((value) => wholeNumberOf('users', value)),
            ),
        )
      : builder(
          'id',
          'in',
          builder
            .selectFrom('group_roles')
            .select('role_id')
            .where('group_id', 'in', [...values]),
        );

export const rolesResource: Resource = {
  path: 'rbac/roles',
  lookup: 'id',
  declaration: roleModel,
  search: ['name_key'],
  order: 'name_key',
  filters: {
    users: heldBy('user_roles'),
    groups: heldBy('group_roles'),
    // No role is managed by somebody else.
    managed: () => () => sql<boolean>`1 = 0`,
    managed__isnull:
      ([value = '']) =>
      () =>
        flagOf('managed__isnull', value) ? sql<boolean>`1 = 1` : sql<boolean>`1 = 0`,
  },
  onObject: [membershipAction('user_roles', 'add'), membershipAction('user_roles', 'remove')],
};
