/**
 * The one table of settings. Reading the environment, docs/config.md and `--help` are all drawn from it.
 */
import {
  parseBaseUrl,
  parseDatabaseHost,
  parseDatabaseUrl,
  parseListen,
  parseLogLevel,
  parseMailAddress,
  parseNetworks,
  parsePassword,
  parsePort,
  parseSecretKey,
  parseText,
  parseToken,
} from './values.ts';

/** One setting, as declared. `Fallback` is the text of the default, or undefined when there is none. */
export type Setting<Value = unknown, Fallback extends string | undefined = string | undefined> = {
  /** The name after `OSTIARY_`, and after `AUTHENTIK_` too unless `authentikNames` says otherwise. */
  readonly name: string;
  readonly parse: (text: string) => Value;
  readonly fallback: Fallback;
  /** A secret is never shown and may come from the file that its `_FILE` twin names. */
  readonly secret: boolean;
  /** What the setting does, for people. */
  readonly about: string;
  /** What holds when it is not given and there is no plain default. */
  readonly otherwise: string | undefined;
  /** authentik's names for the same setting, after `AUTHENTIK_`. */
  readonly authentikNames: readonly string[];
};

type Declared = { about: string; otherwise?: string; secret?: true; authentikNames?: readonly string[] };

function setting<Value, const Fallback extends string | undefined>(
  name: string,
  parse: (text: string) => Value,
  fallback: Fallback,
  declared: Declared,
): Setting<Value, Fallback> {
  return {
    name,
    parse,
    fallback,
    secret: declared.secret ?? false,
    about: declared.about,
    otherwise: declared.otherwise,
    authentikNames: declared.authentikNames ?? [name],
  };
}

/** Every setting there is, by its name in the code. */
export const settings = {
  dataDirectory: setting('DATA_DIR', parseText, './data', {
    about: 'The folder that holds the embedded database and the secret key. Back it up whole.',
    authentikNames: [],
  }),
  databaseUrl: setting('DATABASE_URL', parseDatabaseUrl, undefined, {
    about: 'Where PostgreSQL is: `postgres://user:password@host:5432/database`.',
    otherwise: 'a SQLite file in the data folder',
    secret: true,
    authentikNames: [],
  }),
  postgresqlHost: setting('POSTGRESQL__HOST', parseDatabaseHost, undefined, {
    about: 'The host of PostgreSQL, where the connection is not given as one URL.',
    otherwise: 'not used',
  }),
  postgresqlPort: setting('POSTGRESQL__PORT', parsePort, '5432', { about: 'The port of PostgreSQL.' }),
  postgresqlUser: setting('POSTGRESQL__USER', parseText, 'ostiary', { about: 'The user in PostgreSQL.' }),
  postgresqlPassword: setting('POSTGRESQL__PASSWORD', parseText, undefined, {
    about: 'The password in PostgreSQL.',
    otherwise: 'none',
    secret: true,
  }),
  postgresqlName: setting('POSTGRESQL__NAME', parseText, 'ostiary', { about: 'The database in PostgreSQL.' }),
  secretKey: setting('SECRET_KEY', parseSecretKey, undefined, {
    about: 'Seals everything secret that is stored. At least 32 characters; the same on every node.',
    otherwise: 'with SQLite, made at the first start and kept in the data folder; with PostgreSQL it must be given',
    secret: true,
  }),
  listenHttp: setting('LISTEN__HTTP', parseListen, '[::]:9000', {
    about: 'Where to listen for HTTP; several addresses are separated by commas.',
  }),
  listenMetrics: setting('LISTEN__METRICS', parseListen, '[::]:9300', {
    about: 'Where to listen for Prometheus (`/metrics`); `off` for nowhere.',
  }),
  baseUrl: setting('BASE_URL', parseBaseUrl, undefined, {
    about: 'The address people use, such as `https://id.example.com`: scheme, host and port only.',
    otherwise: 'the one that the set-up page was told',
    authentikNames: ['WEB__BASE_URL'],
  }),
  trustedProxies: setting('LISTEN__TRUSTED_PROXY_CIDRS', parseNetworks, '127.0.0.0/8,::1', {
    about:
      'The networks of reverse proxies whose `X-Forwarded-*` headers count, separated by commas. Loopback is always one.',
  }),
  bootstrapPassword: setting('BOOTSTRAP_PASSWORD', parsePassword, undefined, {
    about: 'First start only: the password of `akadmin`.',
    otherwise: 'the set-up page asks',
    secret: true,
  }),
  bootstrapToken: setting('BOOTSTRAP_TOKEN', parseToken, undefined, {
    about: 'First start only: an API token of `akadmin`.',
    otherwise: 'none is made',
    secret: true,
  }),
  bootstrapEmail: setting('BOOTSTRAP_EMAIL', parseMailAddress, undefined, {
    about: 'First start only: the mail address of `akadmin`.',
    otherwise: 'the set-up page asks',
  }),
  logLevel: setting('LOG_LEVEL', parseLogLevel, 'info', {
    about: 'How much is logged: `trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`.',
  }),
  blueprintsDirectory: setting('BLUEPRINTS_DIR', parseText, undefined, {
    about: 'The folder whose blueprints are offered, and that `!File` may read.',
    otherwise: '`blueprints` in the data folder',
  }),
};

/** The values that the table gives, by setting. */
export type SettingValues = {
  readonly [Key in keyof typeof settings]: (typeof settings)[Key] extends Setting<infer Value, infer Fallback>
    ? Fallback extends string
      ? Value
      : Value | undefined
    : never;
};
