/** `core/brands`: looks and default flows, by host name. */
import { type Brand, brandOfHost } from '../../core/brands.ts';
import { invalid } from '../../core/fault.ts';
import { brandModel } from '../../core/models/access.ts';
import type { CollectionAction, Resource, Values } from '../resource.ts';
import type { OpenContext } from '../services.ts';
import { readSystemSettings } from '../system-settings.ts';

const FLOWS = [
  'flow_authentication',
  'flow_user_switch',
  'flow_invalidation',
  'flow_recovery',
  'flow_unenrollment',
  'flow_user_settings',
  'flow_device_code',
  'flow_lockdown',
  'flow_request',
] as const;

/** The slugs of the flows that a brand names. */
async function slugsOf(brand: Brand, { core }: OpenContext): Promise<Values> {
  const named = FLOWS.map((name) => brand.values[name]).filter((id) => id !== null);
  if (named.length === 0) return {};
  const rows = await core.database.read.selectFrom('flows').select(['id', 'slug']).where('id', 'in', named).execute();
  const slugs = new Map(rows.map((row) => [row.id, row.slug]));
  return Object.fromEntries(
    FLOWS.flatMap((name) => {
      const slug = slugs.get(brand.values[name] ?? '');
      return slug === undefined ? [] : [[name, slug]];
    }),
  );
}

const settingsOf = (brand: Brand | undefined): { theme?: { base?: unknown }; locale?: unknown } =>
  (brand?.values.attributes.settings ?? {}) as { theme?: { base?: unknown }; locale?: unknown };

/** What the pages need to know before anybody has signed in. */
const current: CollectionAction = {
  method: 'GET',
  name: 'current',
  summary: 'The brand of the host that was asked.',
  needs: 'nobody',
  async handle(context) {
    const brand = await brandOfHost(context.core, context.request.requestOrigin.host);
    const { footer_links, flags } = await readSystemSettings(context.core);
    const { theme, locale } = settingsOf(brand);
    const base = theme?.base;
    return {
      matched_domain: brand?.values.domain ?? '',
      branding_title: brand?.values.branding_title ?? 'Ostiary',
      branding_logo: brand?.values.branding_logo ?? '',
      branding_logo_themed_urls: null,
      branding_favicon: brand?.values.branding_favicon ?? '',
      branding_favicon_themed_urls: null,
      branding_custom_css: brand?.values.branding_custom_css ?? '',
      branding_map_tiles: brand?.values.branding_map_tiles ?? '',
      ui_footer_links: footer_links.map(({ name, href }) => ({ name, href: href ?? null })),
      ui_theme: base === 'light' || base === 'dark' ? base : 'automatic',
      ...(brand ? await slugsOf(brand, context) : {}),
      default_locale: typeof locale === 'string' ? locale : '',
      flags: {
        flows_continuous_login: flags.flows_continuous_login ?? false,
        flows_refresh_others: flags.flows_refresh_others ?? false,
      },
    };
  },
};

export const brandsResource: Resource = {
  path: 'core/brands',
  lookup: 'id',
  keyProperty: 'brand_uuid',
  declaration: brandModel,
  search: ['domain'],
  order: 'domain',
  filters: { brand_uuid: (values) => (builder) => builder('id', 'in', [...values]) },
  async check(transaction, after) {
    if (!after.values.default) return;
    const other = await transaction
      .selectFrom('brands')
      .select('id')
      .where('is_default', '=', 1)
      .where('id', '!=', after.id)
      .executeTakeFirst();
    if (other) throw invalid({ non_field_errors: ['Only a single brand can be set as default.'] });
  },
  onCollection: [current],
};
