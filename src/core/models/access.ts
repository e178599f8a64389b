import {
  attributes,
  declare,
  flag,
  integer,
  numberReference,
  numberReferences,
  optionalReference,
  reference,
  references,
  slug,
  text,
} from '../declaration.ts';
import { policyEngineMode } from './flow.ts';

/** Endpoints of protocols that stand where applications stand: `/application/o/<slug>/`. */
const RESERVED_SLUGS = ['authorize', 'token', 'device', 'userinfo', 'introspect', 'revoke'];

/** What people see and enter; a provider speaks its protocol. */
export const applicationModel = declare({
  model: 'authentik_core.application',
  table: 'applications',
  verboseName: 'Application',
  verboseNamePlural: 'Applications',
  fields: {
    name: text({ min: 1, column: 'name', keyColumn: 'name_key', help: 'The name that people see.' }),
    slug: slug({ column: 'slug', reserved: RESERVED_SLUGS, help: 'Internal name, used in URLs.' }),
    provider: numberReference('providers', { column: 'provider_pk' }),
    backchannel_providers: numberReferences('providers'),
    open_in_new_tab: flag(false),
    meta_launch_url: text({ default: '', max: 2000 }),
    meta_icon: text({ default: '', max: 500 }),
    meta_description: text({ default: '', max: 4000 }),
    meta_publisher: text({ default: '' }),
    policy_engine_mode: policyEngineMode(),
    group: text({ default: '', column: 'group_name' }),
    meta_hide: flag(false),
  },
});

/** Lets a policy, a group or a person decide about a flow, a stage binding or an application. */
export const policyBindingModel = declare({
  model: 'authentik_policies.policybinding',
  table: 'policy_bindings',
  verboseName: 'Policy Binding',
  verboseNamePlural: 'Policy Bindings',
  fields: {
    policy: optionalReference('policies', {
      column: 'policy_id',
      reference: { to: 'policies', key: 'id', many: false, whenDeleted: 'cascade' },
    }),
    group: optionalReference('groups', {
      column: 'group_id',
      reference: { to: 'groups', key: 'id', many: false, whenDeleted: 'cascade' },
    }),
    user: numberReference('users', { column: 'user_pk', whenDeleted: 'cascade' }),
    target: reference('objects', { column: 'target_id', whenDeleted: 'cascade' }),
    negate: flag(false, { help: 'Negates the outcome of the policy.' }),
    enabled: flag(true, { column: 'enabled', storage: 'flag' }),
    order: integer({ column: 'position' }),
    timeout: integer({ default: 30, min: 0, help: 'Seconds after which the policy counts as failed.' }),
    failure_result: flag(false, { help: 'The result when the policy fails to run.' }),
  },
});

/** A look and a set of default flows, chosen by the host name. */
export const brandModel = declare({
  model: 'authentik_brands.brand',
  table: 'brands',
  verboseName: 'Brand',
  verboseNamePlural: 'Brands',
  fields: {
    domain: text({ min: 1, max: 253, column: 'domain', help: 'Matches the host and everything below it.' }),
    default: flag(false, { column: 'is_default', storage: 'flag' }),
    branding_title: text({ default: 'Ostiary' }),
    branding_logo: text({ default: '', max: 500 }),
    branding_favicon: text({ default: '', max: 500 }),
    branding_custom_css: text({ default: '', max: 65536 }),
    branding_default_flow_background: text({ default: '', max: 500 }),
    branding_map_tiles: text({ default: '', max: 500 }),
    flow_authentication: optionalReference('flows'),
    flow_user_switch: optionalReference('flows'),
    flow_invalidation: optionalReference('flows'),
    flow_recovery: optionalReference('flows'),
    flow_unenrollment: optionalReference('flows'),
    flow_user_settings: optionalReference('flows'),
    flow_device_code: optionalReference('flows'),
    flow_lockdown: optionalReference('flows'),
    flow_request: optionalReference('flows'),
    default_application: optionalReference('applications'),
    web_certificate: optionalReference('certificates'),
    client_certificates: references('certificates'),
    attributes: attributes(),
  },
});
