/** `root/config` and `admin/*`: what this installation is, and its settings. */
import { arch, platform, release } from 'node:os';
import { brandOfHost } from '../../core/brands.ts';
import { recordFrom } from '../audit.ts';
import { change } from '../changes.ts';
import { partsOfModel } from '../permissions.ts';
import { addOpenRoute, addRoute, type Room } from '../room.ts';
import type { AdminContext } from '../services.ts';
import { readSystemSettings, systemSettingsSchema, writeSystemSettings } from '../system-settings.ts';
import { readBody } from '../validation.ts';
import { denied } from '../visibility.ts';

/** The version of the interface that the answers follow. */
export const WIRE_VERSION = '2026.8.3';
/** Headers that are safe to show; others may hold what signs somebody in. */
const SHOWN_HEADERS = [
  'host',
  'user-agent',
  'accept',
  'accept-language',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
];

function need(context: AdminContext, permission: string): void {
  if (!context.caller.can(`authentik_rbac.${permission}`)) throw denied();
}

async function system(context: AdminContext): Promise<unknown> {
  need(context, 'view_system_info');
  const { request, core } = context;
  const { scheme, host, origin } = request.requestOrigin;
  const brand = await brandOfHost(core, host);
  const headers = SHOWN_HEADERS.flatMap((name) => {
    const value = request.headers[name];
    return typeof value === 'string' ? [[name, value]] : [];
  });
  return {
    http_headers: Object.fromEntries(headers) as Record<string, string>,
    http_host: host,
    http_is_secure: scheme === 'https',
    runtime: {
      // The document asks for it, and there is no Python here.
      python_version: '',
      environment: 'process',
      architecture: arch(),
      platform: platform(),
      uname: `${platform()} ${release()} ${arch()}`,
      openssl_version: process.versions.openssl,
      openssl_fips_enabled: null,
      authentik_version: WIRE_VERSION,
    },
    brand: brand?.values.domain ?? '',
    server_time: new Date(core.now()).toISOString(),
    embedded_outpost_disabled: true,
    embedded_outpost_host: '',
    base_url: core.baseUrl ?? origin,
  };
}

async function changeSettings(context: AdminContext): Promise<unknown> {
  need(context, 'edit_system_settings');
  const { core, request } = context;
  const given = readBody(systemSettingsSchema().partial(), request.body);
  const before = await readSystemSettings(core);
  const changed = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const settings = { ...before, ...changed, flags: { ...before.flags, ...given.flags } };
  await change(context, async (transaction) => {
    await writeSystemSettings(core, transaction, settings);
    const about = { app: 'authentik_tenants', model_name: 'tenant', pk: 'default', name: 'Settings' };
    const diff = { fields: Object.keys(changed) };
    await recordFrom(transaction, context, 'model_updated', { model: about, diff });
  });
  return settings;
}

/** Adds the routes. */
export function mountSystem(room: Room): void {
  addOpenRoute(room, 'GET', 'root/config', async () => ({
    error_reporting: { enabled: false, sentry_dsn: '', environment: '', send_pii: false, traces_sample_rate: 0 },
    capabilities: [],
    cache_timeout: 0,
    cache_timeout_flows: 0,
    cache_timeout_policies: 0,
  }));
  addRoute(room, 'GET', 'admin/version', async () => ({
    version_current: WIRE_VERSION,
    version_latest: WIRE_VERSION,
    // Nobody is asked whether there is a newer one.
    version_latest_valid: false,
    build_hash: '',
    outdated: false,
    outpost_outdated: false,
  }));
  addRoute(room, 'GET', 'admin/system', system);
  addRoute(room, 'GET', 'admin/settings', async (context) => {
    need(context, 'view_system_settings');
    return readSystemSettings(context.core);
  });
  addRoute(room, 'PUT', 'admin/settings', changeSettings);
  addRoute(room, 'PATCH', 'admin/settings', changeSettings);
  addRoute(room, 'GET', 'admin/models', async ({ declarations }) =>
    declarations.map((each) => ({ name: each.model, label: each.verboseName })),
  );
  addRoute(room, 'GET', 'admin/apps', async ({ declarations }) =>
    [...new Set(declarations.map((each) => partsOfModel(each.model).app))]
      .sort()
      .map((app) => ({ name: app, label: app })),
  );
}
