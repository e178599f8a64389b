/**
 * The tables as TypeScript sees them. Rules that hold for all of them:
 * times are integers in milliseconds since 1970, flags are 0 or 1, JSON is text, identifiers are UUIDs in text.
 * `tenant_id` is missing here on purpose: the tenancy plugin adds it to every query, so no store can forget it.
 */
import type { Generated } from 'kysely';

/** 0 or 1: SQLite has no booleans, and both engines hold the same values. */
export type Flag = 0 | 1;
/** Milliseconds since 1970. */
export type Time = number;

type Named = { id: string; name: string; name_key: string; settings: string; settings_version: number };

/** Every object that a policy can be bound to or that settings can point at. */
export type ObjectsTable = { id: string; model: string; created_at: Time; updated_at: Time };
/** A setting of one object that names another; the foreign key keeps what is used from being deleted. */
export type ReferencesTable = { source_id: string; field: string; position: number; target_id: string };
/** A sealed value: never inside a JSON column. */
export type SecretsTable = { owner_id: string; field: string; sealed: string };

export type UsersTable = {
  pk: Generated<number>;
  id: string;
  uid: string;
  username: string;
  username_key: string;
  name: string;
  email: string;
  email_key: string;
  is_active: Flag;
  type: string;
  path: string;
  attributes: string;
  password_hash: string | null;
  password_changed_at: Time;
  last_login_at: Time | null;
  created_at: Time;
  updated_at: Time;
};
export type GroupsTable = Named & { num_pk: Generated<number>; is_superuser: Flag };
export type GroupParentsTable = { group_id: string; parent_id: string };
export type GroupMembersTable = { group_id: string; user_pk: number };
export type RolesTable = Named;
export type GroupRolesTable = { group_id: string; role_id: string };
export type UserRolesTable = { user_pk: number; role_id: string };
/** `object_id` is '' for a permission on every object of the model. */
export type RolePermissionsTable = { role_id: string; permission: string; object_id: string };

export type FlowsTable = Named & { slug: string; designation: string };
export type StagesTable = Named & { kind: string };
/** What a prompt stage asks; one prompt can be in several stages. */
export type PromptsTable = Named & { field_key: string };
export type FlowStageBindingsTable = {
  id: string;
  flow_id: string;
  stage_id: string;
  position: number;
  settings: string;
  settings_version: number;
};
export type PoliciesTable = Named & { kind: string };
export type PolicyBindingsTable = {
  id: string;
  target_id: string;
  policy_id: string | null;
  group_id: string | null;
  user_pk: number | null;
  position: number;
  enabled: Flag;
  settings: string;
  settings_version: number;
};
export type PropertyMappingsTable = Named & { kind: string; managed: string | null; scope_name: string | null };
export type ProvidersTable = Named & {
  pk: Generated<number>;
  kind: string;
  client_id: string | null;
};
export type ApplicationsTable = Named & { slug: string; provider_pk: number | null; group_name: string };
export type BrandsTable = Omit<Named, 'name' | 'name_key'> & { domain: string; is_default: Flag };
export type CertificatesTable = Named & { managed: string | null; key_type: string | null; expires_at: Time | null };
export type BlueprintsTable = Named & { path: string; enabled: Flag; status: string; last_applied_at: Time | null };

export type TokensTable = {
  id: string;
  identifier: string;
  intent: string;
  user_pk: number;
  key_hash: string;
  description: string;
  expires_at: Time | null;
  managed: string | null;
  settings: string;
  settings_version: number;
};
export type SessionsTable = {
  id: string;
  token_hash: string;
  user_pk: number;
  created_at: Time;
  expires_at: Time;
  last_used_at: Time;
  /** When the person last proved who they are. */
  authenticated_at: Time;
  /** JSON list of RFC 8176 method references. */
  methods: string;
  address: string;
  user_agent: string;
  /** JSON: what the session is bound to (network). */
  binding: string;
};
export type ConsentsTable = {
  pk: Generated<number>;
  user_pk: number;
  application_id: string;
  permissions: string;
  expires_at: Time | null;
};
export type FlowRunsTable = { id: string; version: number; browser_hash: string; state: string; expires_at: Time };
export type EventsTable = {
  id: string;
  created_at: Time;
  expires_at: Time;
  action: string;
  app: string;
  user: string;
  username_key: string;
  context: string;
  client_ip: string | null;
  brand: string;
};
/** Counted guesses of something secret: `key` says what and for whom, hashed. */
export type AttemptsTable = { key: string; window_ends_at: Time; count: number };
/** Facts about this installation: setting name to JSON. */
export type SystemSettingsTable = { name: string; value: string };

export type AuthorizationCodesTable = {
  pk: Generated<number>;
  code_hash: string;
  family_id: string;
  provider_pk: number;
  user_pk: number;
  session_id: string | null;
  /** JSON: redirect URI, scopes, nonce, challenge, claims … */
  grant: string;
  created_at: Time;
  expires_at: Time;
  redeemed_at: Time | null;
};
export type AccessTokensTable = {
  pk: Generated<number>;
  token_hash: string;
  family_id: string;
  provider_pk: number;
  user_pk: number;
  session_id: string | null;
  grant: string;
  created_at: Time;
  expires_at: Time;
  revoked_at: Time | null;
};
export type RefreshTokensTable = AccessTokensTable & { redeemed_at: Time | null };
export type DeviceCodesTable = {
  pk: Generated<number>;
  device_code_hash: string;
  user_code_hash: string;
  provider_pk: number;
  /** Null until somebody has entered the code and allowed it. */
  user_pk: number | null;
  session_id: string | null;
  /** JSON: scopes, and once allowed how the person had signed in. */
  grant: string;
  status: string;
  last_polled_at: Time;
  interval_seconds: number;
  created_at: Time;
  expires_at: Time;
  redeemed_at: Time | null;
};
/** Until when tokens signed with a certificate may live, so that its key stays published that long. */
export type SigningKeyUsesTable = { provider_pk: number; certificate_id: string; used_until: Time };

/** All tables by name. */
export type Tables = {
  objects: ObjectsTable;
  object_references: ReferencesTable;
  secrets: SecretsTable;
  users: UsersTable;
  groups: GroupsTable;
  group_parents: GroupParentsTable;
  group_members: GroupMembersTable;
  roles: RolesTable;
  group_roles: GroupRolesTable;
  user_roles: UserRolesTable;
  role_permissions: RolePermissionsTable;
  flows: FlowsTable;
  stages: StagesTable;
  prompts: PromptsTable;
  flow_stage_bindings: FlowStageBindingsTable;
  policies: PoliciesTable;
  policy_bindings: PolicyBindingsTable;
  property_mappings: PropertyMappingsTable;
  providers: ProvidersTable;
  applications: ApplicationsTable;
  brands: BrandsTable;
  certificates: CertificatesTable;
  blueprints: BlueprintsTable;
  tokens: TokensTable;
  sessions: SessionsTable;
  consents: ConsentsTable;
  flow_runs: FlowRunsTable;
  events: EventsTable;
  attempts: AttemptsTable;
  system_settings: SystemSettingsTable;
  authorization_codes: AuthorizationCodesTable;
  access_tokens: AccessTokensTable;
  refresh_tokens: RefreshTokensTable;
  device_codes: DeviceCodesTable;
  signing_key_uses: SigningKeyUsesTable;
};
