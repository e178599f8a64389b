/** Settings of the whole installation, kept as one JSON value, but for the base URL, which set-up knows too. */
import { z } from 'zod';
import { bumpConfiguration } from '../core/configuration.ts';
import type { Core } from '../core/core.ts';
import type { Json } from '../core/declaration.ts';
import { invalid } from '../core/fault.ts';
import { storedBaseUrl, writeBaseUrl } from '../core/setup.ts';
import { readChangedSettings, writeChangedSettings } from '../core/system-settings.ts';
import type { Queries } from '../db/database.ts';
import { parseDuration } from '../formats/duration.ts';

const duration = () =>
  z
    .string()
    .max(200)
    .refine((value) => {
      try {
        return parseDuration(value) >= 0;
      } catch {
        return false;
      }
    }, 'Enter a duration such as hours=1;minutes=30.');

/** `scheme://host`, as browsers write it; the slash at its end is taken off. */
const origin = () =>
  z
    .string()
    .max(500)
    .transform((value) => value.replace(/\/$/, ''))
    .refine(
      (value) => value === '' || (/^https?:/i.test(value) && URL.parse(value)?.origin === value.toLowerCase()),
      'Enter an address such as https://id.example.com.',
    )
    .transform((value) => value.toLowerCase());

/** Made when it is needed: it is asked for a few times in a year. */
export const systemSettingsSchema = () =>
  z.object({
    avatars: z.string().max(500),
    base_url: origin(),
    default_user_change_name: z.boolean(),
    default_user_change_email: z.boolean(),
    default_user_change_username: z.boolean(),
    event_retention: duration(),
    reputation_lower_limit: z.int().min(-1_000_000).max(0),
    reputation_upper_limit: z.int().min(0).max(1_000_000),
    footer_links: z
      .array(
        z.object({
          name: z.string().min(1).max(200),
          href: z.union([z.url({ protocol: /^https?$/ }), z.null()]).optional(),
        }),
      )
      .max(50),
    gdpr_compliance: z.boolean(),
    impersonation: z.boolean(),
    impersonation_require_reason: z.boolean(),
    default_token_duration: duration(),
    default_token_length: z.int().min(32).max(200),
    pagination_default_page_size: z.int().min(1).max(1000),
    pagination_max_page_size: z.int().min(1).max(1000),
    flags: z.record(z.string().max(100), z.boolean()),
  });

export type SystemSettings = z.infer<ReturnType<typeof systemSettingsSchema>>;

const defaults = (): SystemSettings => ({
  avatars: 'initials',
  base_url: '',
  default_user_change_name: true,
  default_user_change_email: false,
  default_user_change_username: false,
  event_retention: 'days=365',
  reputation_lower_limit: -5,
  reputation_upper_limit: 5,
  footer_links: [],
  gdpr_compliance: true,
  impersonation: true,
  impersonation_require_reason: true,
  default_token_duration: 'minutes=30',
  default_token_length: 60,
  pagination_default_page_size: 20,
  pagination_max_page_size: 100,
  flags: {
    core_default_app_access: true,
    enterprise_audit_include_expanded_diff: false,
    flows_continuous_login: false,
    flows_refresh_others: false,
  },
});

/**
 * The settings, with defaults for those that nobody has changed. The base URL of the operator counts before the stored
 * one. Kept until configuration changes.
 */
export function readSystemSettings(core: Core): Promise<SystemSettings> {
  return core.configuration.get('system settings', async (queries) => {
    const stored = (await readChangedSettings(queries)) as Partial<SystemSettings>;
    const usual = defaults();
    const base_url = core.baseUrl ?? (await storedBaseUrl(core)) ?? '';
    return { ...usual, ...stored, base_url, flags: { ...usual.flags, ...stored.flags } };
  });
}

/** Stores all settings. Throws `invalid` for a base URL where the operator has set another. */
export async function writeSystemSettings(core: Core, transaction: Queries, settings: SystemSettings): Promise<void> {
  const { base_url, ...others } = settings;
  if (core.baseUrl === undefined) await writeBaseUrl(transaction, base_url);
  else if (base_url !== core.baseUrl) {
    throw invalid({ base_url: ['The base URL is set by OSTIARY_BASE_URL and can only be changed there.'] });
  }
  await writeChangedSettings(transaction, JSON.parse(JSON.stringify(others)) as Record<string, Json>);
  await bumpConfiguration(core.database, transaction);
}
