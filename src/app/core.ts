/** Makes the Core of a process: opens the database, finds the secret key, and puts together what every room is handed. */
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { makeAttempts } from '../core/attempts.ts';
import { openConfiguration } from '../core/configuration.ts';
import type { Core, Log } from '../core/core.ts';
import { makePasswords } from '../core/crypto/passwords.ts';
import { makeSealer } from '../core/crypto/seal.ts';
import { checkSecretKey } from '../core/secret-key.ts';
import { openDatabase } from '../db/database.ts';

export type CoreOptions = {
  /** True for a server, which holds the data folder for itself; false for a command beside it. */
  server: boolean;
  now?: () => number;
};

/** Opens everything. @throws DatabaseInUseError, NewerSchemaError, WrongSecretKeyError */
export async function makeCore(config: Config, log: Log, options: CoreOptions): Promise<Core> {
  mkdirSync(config.dataDirectory, { recursive: true, mode: 0o700 });
  const { database: chosen } = config;
  const url = chosen.kind === 'sqlite' ? chosen.file : chosen.url;
  const database = await openDatabase({ url, server: options.server });
  try {
    const sealer = makeSealer(config.secretKey ?? ownSecretKey(config.dataDirectory));
    await checkSecretKey(database, sealer);
    const now = options.now ?? Date.now;
    return {
      database,
      configuration: await openConfiguration(database),
      sealer,
      passwords: makePasswords(),
      attempts: makeAttempts(database, now),
      log,
      now,
      baseUrl: config.baseUrl,
    };
  } catch (fault) {
    await database.close();
    throw fault;
  }
}

/** Closes what `makeCore` opened. */
export async function closeCore(core: Core): Promise<void> {
  await core.configuration.close();
  await core.database.close();
}

/**
 * The key beside the embedded database, made at the first start. It is on the disk before anything is sealed with it,
 * and whole as soon as it has its name.
 */
function ownSecretKey(dataDirectory: string): string {
  const path = join(dataDirectory, 'secret-key');
  if (!existsSync(path)) {
    const draft = `${path}.${randomUUID()}`;
    writeFileSync(draft, `${randomBytes(48).toString('base64')}\n`, { mode: 0o600, flag: 'wx', flush: true });
    try {
      linkSync(draft, path);
    } catch {
      // Another process of the same start was quicker, and its key is as good; or the file system has no links.
      if (!existsSync(path)) renameSync(draft, path);
    } finally {
      rmSync(draft, { force: true });
    }
  }
  return readFileSync(path, 'utf8').trim();
}
