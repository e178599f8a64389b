/**
 * The type Core: what every room is handed. It holds the database, the keys, the clock and the log of one tenant;
 * nothing in the program lives outside of one. It knows nothing of HTTP, flows or protocols.
 */
import type { Database } from '../db/database.ts';
import type { Configuration } from './configuration.ts';
import type { Attempts } from './attempts.ts';
import type { Sealer } from './secrets.ts';

/** The part of the log that the rooms use; pino fits. */
export type Log = {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
};

/** Hashes and checks passwords with bounded concurrency. */
export type PasswordHasher = {
  hash(password: string): Promise<string>;
  /** Without a stored hash it still takes the time of one, so that time tells nothing. */
  verify(stored: string | null | undefined, password: string): Promise<{ valid: boolean; needsRehash: boolean }>;
};

/** Sealed, short-lived JSON for round trips through a browser: bound to a purpose and to whom it was given. */
export type TicketSealer = {
  sealToken(value: unknown, purpose: string, boundTo: string, lifetimeMilliseconds: number): string;
  /** Undefined when it was changed, has expired, or was made for something or somebody else. */
  openToken(token: string, purpose: string, boundTo: string): unknown;
};

export type Core = {
  database: Database;
  configuration: Configuration;
  sealer: Sealer;
  tickets: TicketSealer;
  passwords: PasswordHasher;
  attempts: Attempts;
  log: Log;
  /** Milliseconds since 1970. Tests turn it. */
  now: () => number;
  /** `scheme://host` set by the operator, or undefined to take it from the request. */
  baseUrl: string | undefined;
};
