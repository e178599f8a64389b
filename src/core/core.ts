/**
 * The type Core: what every room is handed. It holds the database, the keys, the clock and the log of one tenant;
 * nothing in the program lives outside of one. It knows nothing of HTTP, flows or protocols.
 */
import type { Database } from '../db/database.ts';
import type { Configuration } from './configuration.ts';
import type { Attempts } from './attempts.ts';
import type { Passwords } from './crypto/passwords.ts';
import type { Sealer } from './crypto/seal.ts';

/** The part of the log that the rooms use; pino fits. */
export type Log = {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
};

export type Core = {
  database: Database;
  configuration: Configuration;
  sealer: Sealer;
  passwords: Passwords;
  attempts: Attempts;
  log: Log;
  /** Milliseconds since 1970. Tests turn it. */
  now: () => number;
  /** `scheme://host` set by the operator, or undefined to take it from the request. */
  baseUrl: string | undefined;
};
