/**
 * Configuration: environment and files become one typed, checked `Config`.
 *
 * Owns the names, defaults and meaning of the settings. Does not own what is configured in the database
 * (brands, providers, flows), and keeps no value anywhere: whoever needs one is handed the `Config`.
 */
import { readFileSync } from 'node:fs';
import type { BlockList } from 'node:net';
import { join, resolve } from 'node:path';
import { type GivenSetting, type SettingFault, readEnvironment } from './config/environment.ts';
import { type Setting, type SettingValues, settings } from './config/settings.ts';
import { type ListenAddress, type LogLevel, SettingProblem } from './config/values.ts';

export type { SettingFault } from './config/environment.ts';
export type { ListenAddress, LogLevel } from './config/values.ts';

/** Everything that is configured outside the database. Paths are absolute. */
export type Config = {
  readonly dataDirectory: string;
  readonly database:
    | { readonly kind: 'sqlite'; readonly file: string }
    | { readonly kind: 'postgresql'; readonly url: string };
  /** Undefined (only with SQLite): made at the first start and kept in the data folder. */
  readonly secretKey: string | undefined;
  readonly listenHttp: readonly ListenAddress[];
  /** Empty: no metrics. */
  readonly listenMetrics: readonly ListenAddress[];
  /** An origin such as `https://id.example.com`, without a trailing slash. */
  readonly baseUrl: string | undefined;
  /** The addresses whose forwarded headers count; loopback is always among them. */
  readonly trustedProxies: BlockList;
  readonly bootstrap: {
    readonly password: string | undefined;
    readonly token: string | undefined;
    readonly email: string | undefined;
  };
  readonly logLevel: LogLevel;
  readonly blueprintsDirectory: string;
};

/** All that is wrong with the configuration, at once. The message is written for the operator and holds no secret. */
export class ConfigFaults extends Error {
  readonly faults: readonly SettingFault[];
  constructor(faults: readonly SettingFault[]) {
    super(faults.map(({ name, shown, problem, remedy }) => `${name}${shown} ${problem}. ${remedy}`).join('\n'));
    this.faults = faults;
  }
}

/** Where relative paths start, and how a file is read; both have their usual defaults. */
export type ConfigOptions = { readonly directory?: string; readonly readFile?: (path: string) => string };

/**
 * Reads the configuration from environment variables. Notices are sentences to log once, such as names that
 * were ignored.
 *
 * @throws ConfigFaults naming every fault there is, each with its remedy.
 */
export function loadConfig(
  environment: Readonly<Record<string, string | undefined>>,
  options: ConfigOptions = {},
): { readonly config: Config; readonly notices: readonly string[] } {
  const directory = options.directory ?? process.cwd();
  const readFile = options.readFile ?? ((path: string) => readFileSync(resolve(directory, path), 'utf8'));
  const { given, faults, notices } = readEnvironment(environment, readFile);

  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(settings) as [string, Setting][]) {
    values[key] = parseSetting(setting, given.get(setting), faults);
  }
  const checked = values as SettingValues;
  const database = chooseDatabase(checked, given, directory, faults, notices);
  if (database.kind === 'postgresql' && !given.has(settings.secretKey)) {
    faults.push({
      name: 'OSTIARY_SECRET_KEY',
      shown: '',
      problem: 'is missing, and with PostgreSQL it must be given',
      remedy: 'Make one with `openssl rand -base64 48` and give the same to every node.',
    });
  }
  if (faults.length > 0) throw new ConfigFaults(faults);

  const dataDirectory = resolve(directory, checked.dataDirectory);
  const config: Config = {
    dataDirectory,
    database,
    secretKey: checked.secretKey,
    listenHttp: checked.listenHttp,
    listenMetrics: checked.listenMetrics,
    baseUrl: checked.baseUrl,
    trustedProxies: checked.trustedProxies,
    bootstrap: {
      password: checked.bootstrapPassword,
      token: checked.bootstrapToken,
      email: checked.bootstrapEmail,
    },
    logLevel: checked.logLevel,
    blueprintsDirectory: resolve(directory, checked.blueprintsDirectory ?? join(dataDirectory, 'blueprints')),
  };
  return { config, notices };
}

function parseSetting(setting: Setting, given: GivenSetting | undefined, faults: SettingFault[]): unknown {
  const text = given?.text ?? setting.fallback;
  if (text === undefined) return undefined;
  try {
    return setting.parse(text);
  } catch (problem) {
    if (!(problem instanceof SettingProblem)) throw problem;
    const name = given?.name ?? `OSTIARY_${setting.name}`;
    faults.push({ name, shown: given?.shown ?? '', problem: problem.message, remedy: problem.remedy });
    return undefined;
  }
}

function chooseDatabase(
  values: SettingValues,
  given: ReadonlyMap<Setting, GivenSetting>,
  directory: string,
  faults: SettingFault[],
  notices: string[],
): Config['database'] {
  const parts = [
    settings.postgresqlHost,
    settings.postgresqlPort,
    settings.postgresqlUser,
    settings.postgresqlPassword,
    settings.postgresqlName,
  ].flatMap((setting) => given.get(setting)?.name ?? []);
  if (given.has(settings.databaseUrl)) {
    if (parts.length > 0) notices.push(`Not used, because the database is given as one URL: ${parts.join(', ')}.`);
    return { kind: 'postgresql', url: values.databaseUrl ?? '' };
  }
  if (given.has(settings.postgresqlHost)) return { kind: 'postgresql', url: postgresqlUrl(values) };
  const first = parts[0];
  if (first !== undefined) {
    // Falling back to SQLite here would look like an empty installation.
    const remedy = 'Give OSTIARY_POSTGRESQL__HOST too, or remove the OSTIARY_POSTGRESQL__ settings.';
    faults.push({ name: first, shown: '', problem: 'is given, but not the host of PostgreSQL', remedy });
  }
  return { kind: 'sqlite', file: resolve(directory, values.dataDirectory ?? '.', 'ostiary.db') };
}

function postgresqlUrl(values: SettingValues): string {
  const host = values.postgresqlHost ?? '';
  const plain = /^[\w.-]+$/.test(host);
  const url = new URL(`postgres://${plain ? host : 'localhost'}/`);
  url.port = String(values.postgresqlPort ?? '');
  url.username = encodeURIComponent(values.postgresqlUser ?? '');
  url.password = encodeURIComponent(values.postgresqlPassword ?? '');
  url.pathname = `/${encodeURIComponent(values.postgresqlName ?? '')}`;
  // A socket folder or an IPv6 address does not fit between the slashes; the driver reads it from the query.
  if (!plain) url.searchParams.set('host', host);
  return url.href;
}
