/** Everything the todo page's server can be told from outside. */
export type TodoWebConfig = {
  /** The OpenID provider; its discovery document is below it. */
  readonly issuer: string;
  /** The public name of this application at the provider. There is no secret: a browser could not keep it. */
  readonly clientId: string;
  /** Where the todo API listens, as the browser sees it. */
  readonly apiUrl: string;
  /** Whether to ask for a refresh token, for providers on another site, where browsers keep cookies from hidden frames. */
  readonly offlineAccess: boolean;
  /** Origins besides the issuer's own that hold the provider's endpoints; most providers have none. */
  readonly providerOrigins: readonly string[];
  /** The address to listen on. */
  readonly host: string;
  /** The port to listen on; 0 takes any free one. */
  readonly port: number;
};

/** What the page reads from `/config.json`. */
export type BrowserSettings = Pick<TodoWebConfig, 'issuer' | 'clientId' | 'apiUrl' | 'offlineAccess'>;

/** The part of the configuration that is for everybody to see. */
export function browserSettings({ issuer, clientId, apiUrl, offlineAccess }: TodoWebConfig): BrowserSettings {
  return { issuer, clientId, apiUrl, offlineAccess };
}

/** The environment holds values that cannot work. `faults` has one sentence for each. */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The todo page cannot start:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

/**
 * Reads the configuration from environment variables.
 * @throws ConfigError with every fault at once, each with its remedy.
 */
export function readTodoWebConfig(environment: Readonly<Record<string, string | undefined>>): TodoWebConfig {
  const faults: string[] = [];
  const read = (name: string, fallback: string): string => environment[name]?.trim() || fallback;
  const webUrl = (name: string, fallback: string): string => {
    const value = read(name, fallback);
    const protocol = URL.parse(value)?.protocol;
    if (protocol !== 'http:' && protocol !== 'https:')
      faults.push(`${name} is "${value}": give an http:// or https:// URL.`);
    return value;
  };

  const clientId = read('OIDC_CLIENT_ID', '');
  if (clientId === '') faults.push('OIDC_CLIENT_ID is missing: give the client id of the provider.');

  const offlineAccess = read('OIDC_OFFLINE_ACCESS', 'false');
  if (offlineAccess !== 'true' && offlineAccess !== 'false') faults.push('OIDC_OFFLINE_ACCESS must be true or false.');

  const providerOrigins = read('OIDC_PROVIDER_ORIGINS', '')
    .split(',')
    .map((origin) => origin.trim())
    .filter((origin) => origin !== '');
  for (const origin of providerOrigins) {
    if (URL.parse(origin)?.origin === origin) continue;
    faults.push(
      `OIDC_PROVIDER_ORIGINS holds "${origin}": give origins such as https://login.example.org, without a path.`,
    );
  }

  const port = Number(read('PORT', '3000'));
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    faults.push(`PORT is "${environment.PORT}": give a number from 0 to 65535.`);
  }

  const config: TodoWebConfig = {
    issuer: webUrl('OIDC_ISSUER', 'http://localhost:9000/application/o/todo-app/'),
    clientId,
    apiUrl: webUrl('TODO_API_URL', 'http://localhost:8000'),
    offlineAccess: offlineAccess === 'true',
    providerOrigins,
    host: read('HOST', '127.0.0.1'),
    port,
  };
  if (faults.length > 0) throw new ConfigError(faults);
  return config;
}
