import {
  attributes,
  choice,
  declare,
  flag,
  moment,
  nullableText,
  numberReference,
  numberReferences,
  references,
  slug,
  text,
} from '../declaration.ts';

/** What sort of account it is. */
export const userTypes = ['internal', 'external', 'service_account', 'internal_service_account'] as const;
/** What a token may be used for. */
export const tokenIntents = ['verification', 'api', 'recovery', 'app_password'] as const;

/** A person, or an account that a program uses. */
export const userModel = declare({
  model: 'authentik_core.user',
  table: 'users',
  verboseName: 'User',
  verboseNamePlural: 'Users',
  fields: {
    username: text({ min: 1, max: 150, column: 'username', keyColumn: 'username_key' }),
    name: text({ column: 'name', max: 500, help: 'The name that others see.' }),
    is_active: flag(true, { column: 'is_active', storage: 'flag', help: 'Whether the account may be used.' }),
    last_login: moment({ column: 'last_login_at' }),
    email: text({ default: '', max: 254, column: 'email', keyColumn: 'email_key' }),
    attributes: attributes({ column: 'attributes', storage: 'json' }),
    path: text({ default: 'users', min: 1, max: 500, column: 'path' }),
    type: choice(userTypes, { default: 'internal', column: 'type' }),
    groups: references('groups', { relation: { table: 'group_members', own: 'user_pk', other: 'group_id' } }),
    roles: references('roles', { relation: { table: 'user_roles', own: 'user_pk', other: 'role_id' } }),
  },
});

/** People who share something; rights come down from parents. */
export const groupModel = declare({
  model: 'authentik_core.group',
  table: 'groups',
  verboseName: 'Group',
  verboseNamePlural: 'Groups',
  fields: {
    name: text({ min: 1, max: 150, column: 'name', keyColumn: 'name_key' }),
    is_superuser: flag(false, {
      column: 'is_superuser',
      storage: 'flag',
      help: 'Members may do everything.',
    }),
    attributes: attributes(),
    parents: references('groups', { relation: { table: 'group_parents', own: 'group_id', other: 'parent_id' } }),
    users: numberReferences('users', { relation: { table: 'group_members', own: 'group_id', other: 'user_pk' } }),
    roles: references('roles', { relation: { table: 'group_roles', own: 'group_id', other: 'role_id' } }),
  },
});

/** A set of permissions that people and groups are given. */
export const roleModel = declare({
  model: 'authentik_rbac.role',
  table: 'roles',
  verboseName: 'Role',
  verboseNamePlural: 'Roles',
  fields: { name: text({ min: 1, max: 150, column: 'name', keyColumn: 'name_key' }) },
});

/** A key that acts for a user. Its value is stored as a hash, and sealed for those who may read it again. */
export const tokenModel = declare({
  model: 'authentik_core.token',
  table: 'tokens',
  verboseName: 'Token',
  verboseNamePlural: 'Tokens',
  fields: {
    identifier: slug({ column: 'identifier' }),
    intent: choice(tokenIntents, { default: 'api', column: 'intent' }),
    user: numberReference('users', { column: 'user_pk', whenDeleted: 'cascade' }),
    description: text({ default: '', max: 2000, column: 'description' }),
    expires: moment({ column: 'expires_at' }),
    expiring: flag(true),
    managed: nullableText({ column: 'managed' }),
  },
});
