/** `rbac/permissions`: what can be given, and to which roles it is given. */
import { z } from 'zod';
import { forbidden, invalid, notFound } from '../../core/fault.ts';
import { roleModel } from '../../core/models/people.ts';
import type { Queries } from '../../db/database.ts';
import { recordAbout } from '../audit.ts';
import { change } from '../changes.ts';
import { requireCovering } from '../delegation.ts';
import { keyOf as pathKey } from '../endpoint.ts';
import { pageOf, pagingOf } from '../paging.ts';
import { allPermissions, keyOf, type Permission } from '../permissions.ts';
import { holds } from '../rights.ts';
import { addRoute, type Room } from '../room.ts';
import type { AdminContext } from '../services.ts';
import { readBody } from '../validation.ts';
import { assignedByRoles, isOf, permissionsOfRole, targetOf, viewOfPermission } from './permission-holders.ts';
import { rolesResource } from './roles.ts';
import { objectOfPath } from '../visibility.ts';

const assignBody = () =>
  z.object({
    permissions: z.array(z.string().min(1).max(200)).max(500),
    model: z.string().max(200).nullish(),
    object_pk: z.union([z.string().max(100), z.int()]).nullish(),
  });

/** Adds all routes of permissions. */
export function mountPermissions(room: Room): void {
  const path = 'rbac/permissions';
  addRoute(room, 'GET', path, async (context) => {
    const wanted = await wantedPermissions(context);
    return pageOf(await pagingOf(context.core, context.query), wanted.length, async (limit, offset) =>
      wanted.slice(offset, offset + limit).map(viewOfPermission),
    );
  });
  addRoute(room, 'GET', `${path}/assigned_by_roles`, assignedByRoles);
  addRoute(room, 'POST', `${path}/assigned_by_roles/:key/assign`, (context) => giveOrTake(context, 'assign'));
  addRoute(room, 'PATCH', `${path}/assigned_by_roles/:key/unassign`, (context) => giveOrTake(context, 'unassign'));
  addRoute(room, 'GET', `${path}/roles`, permissionsOfRole);
  addRoute(room, 'GET', `${path}/:key`, async ({ declarations, request }) => {
    const found = allPermissions(declarations).find((each) => String(each.id) === pathKey(request));
    if (!found) throw notFound();
    return viewOfPermission(found);
  });
}

async function wantedPermissions({ declarations, query, core }: AdminContext): Promise<Permission[]> {
  const one = (name: string): string | undefined => query.get(name)?.at(-1) || undefined;
  const [codename, app, model, role] = ['codename', 'content_type__app_label', 'content_type__model', 'role'].map(one);
  const search = one('search')?.toLowerCase();
  const given = role
    ? new Set(
        (
          await core.database.read
            .selectFrom('role_permissions')
            .select('permission')
            .where('role_id', '=', role)
            .where('object_id', '=', '')
            .execute()
        ).map((row) => row.permission),
      )
    : undefined;
  return allPermissions(declarations).filter(
    (each) =>
      (codename === undefined || each.codename === codename) &&
      (app === undefined || each.app === app) &&
      (model === undefined || each.model === model) &&
      (given === undefined || given.has(keyOf(each))) &&
      (search === undefined || `${each.codename} ${each.name}`.toLowerCase().includes(search)),
  );
}

/** Gives permissions to a role or takes them away. Nobody can give what they do not have. */
async function giveOrTake(context: AdminContext, what: 'assign' | 'unassign'): Promise<unknown> {
  const { caller, declarations, request } = context;
  const role = await objectOfPath(rolesResource, context, pathKey(request), `authentik_rbac.${what}_role_permissions`);
  const body = readBody(assignBody(), request.body);
  const target = await targetOf(context, body.model ?? undefined, body.object_pk ?? undefined);
  const known = allPermissions(declarations);
  const wanted = body.permissions.map((name) => {
    const found = known.find((each) => keyOf(each) === name || (isOf(each, body.model) && each.codename === name));
    if (!found) throw invalid({ permissions: [`"${name}" is not a valid choice.`] });
    if (target && !isOf(found, target.declaration.model)) {
      throw invalid({ permissions: [`"${name}" is not a permission on this kind of object.`] });
    }
    return found;
  });
  const objectId = target?.object.id ?? '';
  await change(context, async (transaction) => {
    await requireCovering(transaction, caller, roleModel, role);
    for (const each of wanted) {
      if (what === 'assign' && !holds(caller.rights, keyOf(each), objectId || undefined)) {
        throw forbidden('You cannot give a permission that you do not have.');
      }
      await writePermission(transaction, what, role.id, keyOf(each), objectId);
    }
    const diff = { permissions: { [what]: wanted.map(keyOf), object: objectId } };
    await recordAbout(transaction, context, 'model_updated', { declaration: roleModel, object: role }, { diff });
  });
  return what === 'assign' ? wanted.map((each) => ({ id: String(each.id) })) : undefined;
}

async function writePermission(
  transaction: Queries,
  what: 'assign' | 'unassign',
  role_id: string,
  permission: string,
  object_id: string,
): Promise<void> {
  if (what === 'assign') {
    const insert = transaction.insertInto('role_permissions').values({ role_id, permission, object_id });
    await insert
      .onConflict((conflict) => conflict.columns(['role_id', 'permission', 'object_id']).doNothing())
      .execute();
    return;
  }
  const removal = transaction.deleteFrom('role_permissions').where('role_id', '=', role_id);
  await removal.where('permission', '=', permission).where('object_id', '=', object_id).execute();
}
