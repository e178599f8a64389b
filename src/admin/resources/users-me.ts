/** `core/users/me` and `core/users/paths`. */
import { effectiveAttributes, membershipsOf } from '../../core/users.ts';
import { avatarOf, roleViews, viewsOf } from '../people-views.ts';
import type { CollectionAction, Values } from '../resource.ts';
import type { AdminContext } from '../services.ts';

async function self(context: AdminContext): Promise<Values> {
  const { user, rights } = context.caller;
  const { read } = context.core.database;
  const memberships = await membershipsOf(read, user.pk);
  const roleRows = await read.selectFrom('user_roles').select('role_id').where('user_pk', '=', user.pk).execute();
  const roleIds = roleRows.map((row) => row.role_id);
  const { settings } = effectiveAttributes(user, memberships);
  return {
    pk: user.pk,
    username: user.username,
    name: user.name,
    is_active: user.isActive,
    is_superuser: rights.isSuperuser,
    is_current: true,
    groups: memberships.map(({ id, name }) => ({ name, pk: id })),
    roles: viewsOf(await roleViews(read, roleIds), roleIds),
    email: user.email,
    avatar: avatarOf(user.name || user.username),
    uid: user.uid,
    settings: typeof settings === 'object' && settings !== null && !Array.isArray(settings) ? settings : {},
    type: user.type,
    system_permissions: [...rights.permissions].filter((each) => !each.includes(' ')),
  };
}

/** Who the caller is. */
export const meAction: CollectionAction = {
  method: 'GET',
  name: 'me',
  summary: 'Who the caller is.',
  needs: 'caller',
  async handle(context) {
    const user = await self(context);
    return { user, users: [user] };
  },
};

/** The paths that accounts are filed under. */
export const pathsAction: CollectionAction = {
  method: 'GET',
  name: 'paths',
  summary: 'The paths that accounts are filed under.',
  needs: 'view',
  async handle({ core }) {
    const rows = await core.database.read.selectFrom('users').select('path').distinct().orderBy('path').execute();
    return { paths: rows.map((row) => row.path) };
  },
};
