/** `rbac/permissions`: what can be given, and to which roles it is given. */
import { z } from 'zod';
import type { Declaration } from '../../core/declaration.ts';
import { forbidden, invalid, notFound } from '../../core/fault.ts';
import { roleModel } from '../../core/models/people.ts';
import { findObject, numberColumn, type StoredObject } from '../../core/objects.ts';
import type { Queries } from '../../db/database.ts';
import { recordAbout } from '../audit.ts';
import { change } from '../changes.ts';
import { requireCovering } from '../delegation.ts';
import { keyOf as pathKey } from '../endpoint.ts';
import { pageOf, pagingOf } from '../paging.ts';
import { allPermissions, keyOf, partsOfModel, type Permission, permissionFor } from '../permissions.ts';
import type { Values } from '../resource.ts';
import { holds } from '../rights.ts';
import { addRoute, type Room } from '../room.ts';
import type { AdminContext } from '../services.ts';
import { readBody } from '../validation.ts';
import { denied } from '../visibility.ts';
import { rolesResource } from './roles.ts';
import { objectOfPath } from '../visibility.ts';

const view = (each: Permission): Values => ({
  id: each.id,
  name: each.name,
  codename: each.codename,
  model: each.model,
  app_label: each.app,
  app_label_verbose: each.app,
  model_verbose: each.model,
});

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
      wanted.slice(offset, offset + limit).map(view),
    );
  });
  addRoute(room, 'GET', `${path}/assigned_by_roles`, assignedByRoles);
  addRoute(room, 'POST', `${path}/assigned_by_roles/:key/assign`, (context) => giveOrTake(context, 'assign'));
  addRoute(room, 'PATCH', `${path}/assigned_by_roles/:key/unassign`, (context) => giveOrTake(context, 'unassign'));
  addRoute(room, 'GET', `${path}/roles`, permissionsOfRole);
  addRoute(room, 'GET', `${path}/:key`, async ({ declarations, request }) => {
    const found = allPermissions(declarations).find((each) => String(each.id) === pathKey(request));
    if (!found) throw notFound();
    return view(found);
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

const isOf = (permission: Permission, model: string | null | undefined): boolean =>
  model === `${permission.app}.${permission.model}`;

async function targetOf(
  { declarations, core, caller }: AdminContext,
  model: string | undefined,
  key: string | number | undefined,
): Promise<{ declaration: Declaration; object: StoredObject } | undefined> {
  if (key === undefined || key === '') return undefined;
  const declaration = declarations.find((each) => each.model === model);
  if (!declaration) throw invalid({ model: ['This field is required with object_pk.'] });
  const number = numberColumn(declaration) === 'pk';
  if (number && !/^\d{1,15}$/.test(String(key))) throw invalid({ object_pk: ['Invalid pk.'] });
  const where: Record<string, string | number> = number ? { pk: Number(key) } : { id: String(key).toLowerCase() };
  const object = await findObject(core.database.read, declaration, where);
  if (!object || !caller.can(permissionFor('view', declaration.model), object.id)) {
    throw invalid({ object_pk: [`Invalid pk "${key}" - object does not exist.`] });
  }
  return { declaration, object };
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

/** Roles with the permissions that they hold on one model, or on one object of it. */
async function assignedByRoles(context: AdminContext): Promise<unknown> {
  const { core, query, caller, declarations } = context;
  if (!caller.can(permissionFor('view', roleModel.model))) throw denied();
  const model = query.get('model')?.at(-1);
  if (!model) throw invalid({ model: ['This field is required.'] });
  const key = query.get('object_pk')?.at(-1);
  const target = key ? await targetOf(context, model, key) : undefined;
  const known = new Map(
    allPermissions(declarations)
      .filter((each) => isOf(each, model))
      .map((each) => [keyOf(each), each]),
  );
  const { read } = core.database;
  const matching = read
    .selectFrom('role_permissions')
    .select('role_id')
    .where('permission', 'in', [...known.keys(), ''])
    .where('object_id', 'in', target ? ['', target.object.id] : ['']);
  const count = await read
    .selectFrom('roles')
    .select((builder) => builder.fn.countAll<number>().as('count'))
    .where('id', 'in', matching)
    .executeTakeFirstOrThrow();
  return pageOf(await pagingOf(core, query), count.count, async (limit, offset) => {
    const roles = await read
      .selectFrom('roles')
      .select(['id', 'name'])
      .where('id', 'in', matching)
      .orderBy('name_key')
      .limit(limit)
      .offset(offset)
      .execute();
    const ids = roles.map((each) => each.id);
    const rows = await read.selectFrom('role_permissions').selectAll().where('role_id', 'in', ids).execute();
    return roles.map((role) => {
      const own = rows.filter((row) => row.role_id === role.id && known.has(row.permission));
      const shown = (row: (typeof own)[number]): Values => {
        const { id, codename, name } = known.get(row.permission) as Permission;
        const parts = partsOfModel(model);
        return { id, codename, name, model: parts.name, app_label: parts.app };
      };
      const onObject = own.filter((row) => target && row.object_id === target.object.id);
      return {
        role_pk: role.id,
        name: role.name,
        object_permissions: onObject.map((row) => ({ ...shown(row), object_pk: String(key) })),
        model_permissions: own.filter((row) => row.object_id === '').map(shown),
      };
    });
  });
}

/** The permissions that one role holds on single objects. */
async function permissionsOfRole(context: AdminContext): Promise<unknown> {
  const { core, query, declarations } = context;
  const key = query.get('uuid')?.at(-1) ?? '';
  const role = await objectOfPath(rolesResource, context, key, 'view');
  const { read } = core.database;
  const held = read.selectFrom('role_permissions').where('role_id', '=', role.id).where('object_id', '!=', '');
  const counted = held.select((builder) => builder.fn.countAll<number>().as('count'));
  const count = (await counted.executeTakeFirstOrThrow()).count;
  const known = new Map(allPermissions(declarations).map((each) => [keyOf(each), each]));
  return pageOf(await pagingOf(core, query), count, async (limit, offset) => {
    const rows = await held
      .selectAll()
      .orderBy('permission')
      .orderBy('object_id')
      .limit(limit)
      .offset(offset)
      .execute();
    return rows.flatMap((row) => {
      const permission = known.get(row.permission);
      return permission ? [{ ...view(permission), object_pk: row.object_id, object_description: null }] : [];
    });
  });
}
