/** What somebody may do, by all their groups with every parent and by all roles. */
import type { Queries } from '../db/database.ts';

/** `permissions` holds `app.codename` for all objects, and `app.codename <id>` for one. */
export type Rights = { isSuperuser: boolean; permissions: ReadonlySet<string> };

/** From where rights come: groups and roles by identifier, and the groups and roles of a person. */
export type RightsSource = { groups?: readonly string[]; roles?: readonly string[]; userPk?: number };

/** The key under which a permission on one object stands in a set of permissions. */
export const onObject = (permission: string, objectId: string): string => `${permission} ${objectId}`;

/** The groups and every group above them. A cycle of parents ends by itself. */
export async function withAllParents(queries: Queries, groups: readonly string[]): Promise<string[]> {
  const all = new Set(groups);
  let latest: readonly string[] = groups;
  while (latest.length > 0) {
    const rows = await queries
      .selectFrom('group_parents')
      .select('parent_id')
      .where('group_id', 'in', [...latest])
      .execute();
    latest = [...new Set(rows.map((row) => row.parent_id))].filter((id) => !all.has(id));
    for (const id of latest) all.add(id);
  }
  return [...all];
}

/** The sum of the rights of all that is named. */
export async function rightsOf(queries: Queries, source: RightsSource): Promise<Rights> {
  const direct = [...(source.groups ?? [])];
  const roles = new Set(source.roles ?? []);
  if (source.userPk !== undefined) {
    const held = queries.selectFrom('group_members').select('group_id').where('user_pk', '=', source.userPk);
    direct.push(...(await held.execute()).map((row) => row.group_id));
    const given = queries.selectFrom('user_roles').select('role_id').where('user_pk', '=', source.userPk);
    for (const row of await given.execute()) roles.add(row.role_id);
  }
  const groups = await withAllParents(queries, direct);
  let isSuperuser = false;
  if (groups.length > 0) {
    const flags = queries.selectFrom('groups').select('id').where('id', 'in', groups).where('is_superuser', '=', 1);
    isSuperuser = (await flags.limit(1).executeTakeFirst()) !== undefined;
    const given = queries.selectFrom('group_roles').select('role_id').where('group_id', 'in', groups);
    for (const row of await given.execute()) roles.add(row.role_id);
  }
  if (roles.size === 0) return { isSuperuser, permissions: new Set() };
  const rows = await queries
    .selectFrom('role_permissions')
    .select(['permission', 'object_id'])
    .where('role_id', 'in', [...roles])
    .execute();
  const permissions = rows.map((row) => (row.object_id ? onObject(row.permission, row.object_id) : row.permission));
  return { isSuperuser, permissions: new Set(permissions) };
}

/** Whether a permission is among the rights, for all objects or for this one. */
export function holds(rights: Rights, permission: string, objectId?: string): boolean {
  if (rights.isSuperuser || rights.permissions.has(permission)) return true;
  return objectId !== undefined && rights.permissions.has(onObject(permission, objectId));
}

/** Whether nothing in `lesser` is missing in `greater`. */
export function covers(greater: Rights, lesser: Rights): boolean {
  if (greater.isSuperuser) return true;
  if (lesser.isSuperuser) return false;
  return [...lesser.permissions].every((each) => {
    const [permission = '', objectId] = each.split(' ');
    return holds(greater, permission, objectId);
  });
}
