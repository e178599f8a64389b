/** Which roles hold which permissions, and how permissions are shown. */
import type { Declaration } from '../../core/declaration.ts';
import { invalid } from '../../core/fault.ts';
import { roleModel } from '../../core/models/people.ts';
import { findObject, numberColumn, type StoredObject } from '../../core/objects.ts';
import { pageOf, pagingOf } from '../paging.ts';
import { allPermissions, keyOf, partsOfModel, type Permission, permissionFor } from '../permissions.ts';
import type { Values } from '../resource.ts';
import type { AdminContext } from '../services.ts';
import { denied, objectOfPath } from '../visibility.ts';
import { rolesResource } from './roles.ts';

/** A permission as the API shows it. */
export const viewOfPermission = (each: Permission): Values => ({
  id: each.id,
  name: each.name,
  codename: each.codename,
  model: each.model,
  app_label: each.app,
  app_label_verbose: each.app,
  model_verbose: each.model,
});

/** Whether the permission is one on this model. */
export const isOf = (permission: Permission, model: string | null | undefined): boolean =>
  model === `${permission.app}.${permission.model}`;

/** The object that a model and a key name, for permissions on it alone. Throws `invalid`. */
export async function targetOf(
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

/** Roles with the permissions that they hold on one model, or on one object of it. */
export async function assignedByRoles(context: AdminContext): Promise<unknown> {
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
export async function permissionsOfRole(context: AdminContext): Promise<unknown> {
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
      return permission
        ? [{ ...viewOfPermission(permission), object_pk: row.object_id, object_description: null }]
        : [];
    });
  });
}
