/** A Core on an empty database, for tests of rooms that need no server. */
import { openConfiguration } from '../../src/core/configuration.ts';
import { makeAttempts } from '../../src/core/attempts.ts';
import type { Core } from '../../src/core/core.ts';
import { makePasswords } from '../../src/core/crypto/passwords.ts';
import { makeSealer } from '../../src/core/crypto/seal.ts';
import { openDatabase } from '../../src/db/database.ts';
import type { DatabaseEngine } from './databases.ts';

export type TestCore = {
  core: Core;
  /** Turns the clock forward. */
  wait(milliseconds: number): void;
  /** A second process on the same database. */
  another(): Promise<Core>;
  close(): Promise<void>;
};

/** Opens a Core whose clock stands still until it is turned. */
export async function openTestCore(engine: DatabaseEngine): Promise<TestCore> {
  const place = await engine.make();
  const opened: Core[] = [];
  let at = Date.parse('2026-03-01T12:00:00Z');
  const now = (): number => at;
  const quiet = (): void => {};
  const open = async (): Promise<Core> => {
    const database = await openDatabase({ url: place.url });
    const core: Core = {
      database,
      configuration: await openConfiguration(database),
      sealer: makeSealer('a secret key for tests of at least 32 characters'),
      passwords: makePasswords(),
      attempts: makeAttempts(database, now),
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      now,
      baseUrl: undefined,
    };
    opened.push(core);
    return core;
  };
  return {
    core: await open(),
    wait(milliseconds) {
      at += milliseconds;
    },
    another: open,
    async close() {
      for (const each of opened) {
        await each.configuration.close();
        await each.database.close();
      }
      await place.drop();
    },
  };
}
