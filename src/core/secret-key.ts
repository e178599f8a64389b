/** Proves that the secret key is the one that the database was made with, before anything is sealed with another. */
import type { Database } from '../db/database.ts';
import type { Sealer } from './crypto/seal.ts';
import { readSystemSetting, takeSystemSetting } from './system-settings.ts';

/** The secret key does not fit the database. Starting would make every sealed value unreadable. */
export class WrongSecretKeyError extends Error {}

const PLACE = { table: 'system_settings', row: 'secret_key_check', field: 'value' };

/** Leaves a sealed mark at the first start and opens it at every later one. @throws WrongSecretKeyError */
export async function checkSecretKey(database: Database, sealer: Sealer): Promise<void> {
  if ((await readSystemSetting(database.read, PLACE.row)) === undefined) {
    await database.write((transaction) => takeSystemSetting(transaction, PLACE.row, sealer.seal('ostiary', PLACE)));
  }
  try {
    sealer.open((await readSystemSetting(database.read, PLACE.row)) as string, PLACE);
  } catch (cause) {
    throw new WrongSecretKeyError('the secret key is not the one that this database was made with', { cause });
  }
}

/** Asks the database for one row, so that a health check fails when it is away. */
export const pingDatabase = (database: Database): Promise<unknown> => readSystemSetting(database.read, PLACE.row);
