/** The names of permissions: `app.verb_model`, as roles hold them. */
import { hash } from 'node:crypto';
import type { Declaration } from '../core/declaration.ts';

export type Verb = 'view' | 'add' | 'change' | 'delete';
const VERBS: readonly Verb[] = ['view', 'add', 'change', 'delete'];

export type Permission = { id: number; app: string; model: string; codename: string; name: string };

/** `authentik_core.user` as its two parts. */
export function partsOfModel(model: string): { app: string; name: string } {
  const dot = model.indexOf('.');
  return { app: model.slice(0, dot), name: model.slice(dot + 1) };
}

/** The permission for a verb on a model, such as `authentik_core.view_user`. */
export function permissionFor(verb: Verb, model: string): string {
  const { app, name } = partsOfModel(model);
  return `${app}.${verb}_${name}`;
}

/** Models that have permissions though nothing is declared for them. */
const FURTHER_MODELS: readonly (readonly [model: string, name: string])[] = [
  ['authentik_core.provider', 'Provider'],
  ['authentik_core.propertymapping', 'Property Mapping'],
  ['authentik_flows.stage', 'Stage'],
  ['authentik_policies.policy', 'Policy'],
  ['authentik_events.event', 'Event'],
  ['authentik_core.authenticatedsession', 'Authenticated Session'],
  ['authentik_core.userconsent', 'User Consent'],
  ['authentik_providers_oauth2.accesstoken', 'OAuth2 Access Token'],
  ['authentik_providers_oauth2.refreshtoken', 'OAuth2 Refresh Token'],
  ['authentik_providers_oauth2.authorizationcode', 'Authorization Code'],
];

/** Permissions that are not one of the four verbs on a model. */
const FURTHER_PERMISSIONS: readonly (readonly [model: string, codename: string, name: string])[] = [
  ['authentik_core.user', 'reset_user_password', 'Reset Password'],
  ['authentik_core.user', 'assign_user_permissions', 'Can assign permissions to users'],
  ['authentik_core.group', 'add_user_to_group', 'Add user to group'],
  ['authentik_core.group', 'remove_user_from_group', 'Remove user from group'],
  ['authentik_core.token', 'view_token_key', "View token's key"],
  ['authentik_core.token', 'set_token_key', "Set a token's key"],
  [
    'authentik_crypto.certificatekeypair',
    'view_certificatekeypair_certificate',
    "View Certificate-Key pair's certificate",
  ],
  ['authentik_crypto.certificatekeypair', 'view_certificatekeypair_key', "View Certificate-Key pair's private key"],
  ['authentik_flows.flow', 'export_flow', 'Can export a Flow'],
  ['authentik_rbac.role', 'assign_role_permissions', 'Can assign permissions to roles'],
  ['authentik_rbac.role', 'unassign_role_permissions', 'Can unassign permissions from roles'],
  ['authentik_rbac.systempermission', 'view_system_info', 'Can view system info'],
  ['authentik_rbac.systempermission', 'view_system_settings', 'Can view system settings'],
  ['authentik_rbac.systempermission', 'edit_system_settings', 'Can edit system settings'],
];

/** Every permission that can be given, in order of name. */
export function allPermissions(declarations: readonly Declaration[]): Permission[] {
  const models = [...declarations.map((each) => [each.model, each.verboseName] as const), ...FURTHER_MODELS];
  const permissions = models.flatMap(([model, name]) =>
    VERBS.map((verb) => permission(model, `${verb}_${partsOfModel(model).name}`, `Can ${verb} ${name}`)),
  );
  for (const [model, codename, name] of FURTHER_PERMISSIONS) permissions.push(permission(model, codename, name));
  return permissions.sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
}

/** `app.codename`, as it is stored. */
export const keyOf = ({ app, codename }: Pick<Permission, 'app' | 'codename'>): string => `${app}.${codename}`;

function permission(model: string, codename: string, name: string): Permission {
  const parts = partsOfModel(model);
  // A number that stays the same whatever kinds come or go.
  const id = Number.parseInt(hash('sha256', `${parts.app}.${codename}`).slice(0, 7), 16) + 1;
  return { id, app: parts.app, model: parts.name, codename, name };
}
