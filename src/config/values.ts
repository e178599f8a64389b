/**
 * Turns the text of one setting into its value.
 *
 * Every parser throws `SettingProblem` with words for the operator; it never puts the text itself into them,
 * because the text may be a secret.
 */
import { BlockList, isIP } from 'node:net';

/** One wrong value: what is wrong and what to do about it. */
export class SettingProblem extends Error {
  readonly remedy: string;
  constructor(problem: string, remedy: string) {
    super(problem);
    this.remedy = remedy;
  }
}

/** Where a listener waits. Port 0 lets the system choose one. */
export type ListenAddress = { readonly host: string; readonly port: number };

/** How much is logged, in pino's words. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

const hostName = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const controlCharacter = /[\u0000-\u001f\u007f]/;

/** Any text without control characters. */
export function parseText(text: string): string {
  if (controlCharacter.test(text)) {
    throw new SettingProblem('holds a control character', 'Remove line breaks, tabs and other invisible characters.');
  }
  return text;
}

/** The key that everything secret is sealed with: at least 32 characters. */
export function parseSecretKey(text: string): string {
  parseText(text);
  if (text.length < 32) {
    throw new SettingProblem(
      `has ${text.length} characters, but at least 32 are needed`,
      'Make one with `openssl rand -base64 48` and keep it: what is stored cannot be read without it.',
    );
  }
  return text;
}

/** A password of at most 1024 bytes, which is what a sign-in accepts. */
export function parsePassword(text: string): string {
  if (Buffer.byteLength(parseText(text)) > 1024) {
    throw new SettingProblem('is longer than 1024 bytes', 'Choose a shorter password.');
  }
  return text;
}

/** A token that fits into an `Authorization` header. */
export function parseToken(text: string): string {
  if (!/^[\x21-\x7e]{1,1024}$/.test(text)) {
    throw new SettingProblem('does not fit into a header', 'Use at most 1024 visible ASCII characters, no spaces.');
  }
  return text;
}

/** A mail address, checked only as far as sending needs. */
export function parseMailAddress(text: string): string {
  if (!/^[^\s@<>]{1,64}@[^\s@<>]{1,255}$/.test(parseText(text))) {
    throw new SettingProblem('is not a mail address', 'Give one such as admin@example.com.');
  }
  return text;
}

/** The address people use: scheme, host and port only. Returns the origin, without a trailing slash. */
export function parseBaseUrl(text: string): string {
  const remedy = 'Give scheme, host and port only, such as https://id.example.com.';
  const url = URL.canParse(parseText(text)) ? new URL(text) : undefined;
  if (url === undefined) throw new SettingProblem('is not a URL', remedy);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new SettingProblem('is neither http nor https', remedy);
  }
  if (url.username !== '' || url.password !== '') throw new SettingProblem('holds credentials', remedy);
  // The text itself counts: the URL parser forgets an empty query, dots in the path, backslashes and spaces.
  if (!/^https?:\/\/[^/?#\\\s]+\/?$/i.test(text)) throw new SettingProblem('has a path, query or fragment', remedy);
  return url.origin;
}

/** A PostgreSQL connection URL. */
export function parseDatabaseUrl(text: string): string {
  if (!/^postgres(ql)?:\/\//.test(parseText(text)) || !URL.canParse(text)) {
    throw new SettingProblem(
      'is not a PostgreSQL URL',
      'Give postgres://user:password@host:5432/database (special characters percent-encoded), or leave it out to keep the data in a SQLite file in the data folder.',
    );
  }
  return text;
}

/** A host name, an IP address, or the absolute path of a socket folder. */
export function parseDatabaseHost(text: string): string {
  if (!hostName.test(text) && isIP(text) === 0 && !/^\/[\x21-\x7e]*$/.test(text)) {
    throw new SettingProblem(
      'is not one host name, address or socket folder',
      'Give one such as db.example.com, or /var/run/postgresql.',
    );
  }
  return text;
}

/** A TCP port from 1 to 65535. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535) throw new SettingProblem('is not a port', 'Give a number from 1 to 65535.');
  return port;
}

/** A list of `host:port`, `[address]:port`, `:port` or `port`, separated by commas; `off` gives none. */
export function parseListen(text: string): readonly ListenAddress[] {
  if (text === 'off') return [];
  const addresses = text.split(',').map((part) => parseListenAddress(part.trim()));
  if (new Set(addresses.map(({ host, port }) => `${host} ${port}`)).size !== addresses.length) {
    throw new SettingProblem('names the same address twice', 'Name each address once.');
  }
  return addresses;
}

function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:(?:\[(?<address>[^\]]*)\]|(?<host>[^:[\]]*)):)?(?<port>\d{1,5})$/.exec(text);
  const { address, host = '', port } = match?.groups ?? {};
  const fits = address === undefined ? host === '' || isIP(host) === 4 || hostName.test(host) : isIP(address) === 6;
  if (port === undefined || Number(port) > 65535 || !fits) {
    throw new SettingProblem(
      'is not an address to listen on',
      'Give host:port, such as [::]:9000 or 127.0.0.1:9000; several are separated by commas.',
    );
  }
  return { host: address ?? (host === '' ? '::' : host), port: Number(port) };
}

/**
 * Networks as `address/bits`, or single addresses, separated by commas. Loopback is always in the list:
 * whoever can connect from there is on this machine already.
 */
export function parseNetworks(text: string): BlockList {
  const networks = new BlockList();
  networks.addSubnet('127.0.0.0', 8, 'ipv4');
  networks.addAddress('::1', 'ipv6');
  for (const part of text.split(',').map((each) => each.trim())) {
    const [address = '', bits, ...rest] = part.split('/');
    const version = isIP(address);
    const most = version === 4 ? 32 : 128;
    const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
    if (version === 0 || address.includes('%') || rest.length > 0 || !(prefix <= most)) {
      throw new SettingProblem(
        'holds something that is not a network',
        'Give networks such as 10.0.0.0/8,fd00::/8, separated by commas.',
      );
    }
    networks.addSubnet(address, prefix, version === 4 ? 'ipv4' : 'ipv6');
  }
  return networks;
}

const logLevels: Readonly<Record<string, LogLevel>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  critical: 'fatal',
  fatal: 'fatal',
  silent: 'silent',
};

/** A log level by its name; `warning` and `critical` are accepted for `warn` and `fatal`. */
export function parseLogLevel(text: string): LogLevel {
  const level = Object.hasOwn(logLevels, text.toLowerCase()) ? logLevels[text.toLowerCase()] : undefined;
  if (level === undefined) {
    throw new SettingProblem('is not a log level', 'Give one of trace, debug, info, warn, error, fatal, silent.');
  }
  return level;
}
