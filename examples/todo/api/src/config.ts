/** Everything the todo API can be told from outside. */
export type TodoApiConfig = {
  /** The `iss` that every token must carry, compared exactly (RFC 9068 section 4). */
  readonly issuer: string;
  /** The `aud` that every token must name: the client id of the web application. */
  readonly audience: string;
  /** Where the issuer publishes its public keys (RFC 7517 section 5). */
  readonly jwksUri: string;
  /** The least time between two fetches of the keys, in milliseconds. */
  readonly jwksCooldownMilliseconds: number;
  /** A path of a SQLite file, `:memory:`, or a `postgres://` URL. */
  readonly databaseUrl: string;
  /** The origins of the pages that may call the API from a browser. */
  readonly allowedOrigins: readonly string[];
  /** The address to listen on. */
  readonly host: string;
  /** The port to listen on; 0 takes any free one. */
  readonly port: number;
  /** Whether faults are written to standard output. */
  readonly log: boolean;
};

/** The environment holds values that cannot work. `faults` has one sentence for each. */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The todo API cannot start:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

/**
 * Reads the configuration from environment variables.
 * @throws ConfigError with every fault at once, each with its remedy.
 */
export function readTodoApiConfig(environment: Readonly<Record<string, string | undefined>>): TodoApiConfig {
  const faults: string[] = [];
  const read = (name: string, fallback: string): string => environment[name]?.trim() || fallback;

  const webUrl = (name: string, value: string): string => {
    const url = URL.parse(value);
    if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return value;
    faults.push(`${name} is "${value}": give an http:// or https:// URL.`);
    return value;
  };

  const issuer = webUrl('OIDC_ISSUER', read('OIDC_ISSUER', 'http://localhost:9000/application/o/todo-app/'));
  const ownJwksUri = read('OIDC_JWKS_URI', '');
  const jwksUri = ownJwksUri ? webUrl('OIDC_JWKS_URI', ownJwksUri) : `${issuer.replace(/\/$/, '')}/jwks/`;

  const audience = read('OIDC_AUDIENCE', '');
  if (audience === '') faults.push('OIDC_AUDIENCE is missing: give the client id of the provider.');

  const allowedOrigins = read('TODO_ALLOWED_ORIGINS', 'http://localhost:3000')
    .split(',')
    .map((origin) => origin.trim())
    .filter((origin) => origin !== '');
  for (const origin of allowedOrigins) {
    if (URL.parse(origin)?.origin !== origin) {
      faults.push(
        `TODO_ALLOWED_ORIGINS holds "${origin}": give origins such as http://localhost:3000, without a path.`,
      );
    }
  }

  const port = Number(read('PORT', '8000'));
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    faults.push(`PORT is "${environment.PORT}": give a number from 0 to 65535.`);
  }

  const databaseUrl = read('TODO_DATABASE_URL', './data/todo.sqlite');
  if (/^[a-z]+:\/\//i.test(databaseUrl) && !/^postgres(ql)?:\/\//.test(databaseUrl)) {
    // The value itself is not shown: it may hold a password.
    faults.push('TODO_DATABASE_URL has an unknown scheme: give the path of a SQLite file or a postgres:// URL.');
  }

  if (faults.length > 0) throw new ConfigError(faults);
  return {
    issuer,
    audience,
    jwksUri,
    jwksCooldownMilliseconds: 30_000,
    databaseUrl,
    allowedOrigins,
    host: read('HOST', '127.0.0.1'),
    port,
    log: true,
  };
}
