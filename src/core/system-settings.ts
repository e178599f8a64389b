/** Facts about this installation that no object holds, by name, as JSON. */
import type { Queries } from '../db/database.ts';
import type { Json } from './declaration.ts';

/** The value, or undefined when it was never written. */
export async function readSystemSetting(queries: Queries, name: string): Promise<Json | undefined> {
  const row = await queries.selectFrom('system_settings').select('value').where('name', '=', name).executeTakeFirst();
  return row && (JSON.parse(row.value) as Json);
}

/** Writes the value over the one before. */
export async function writeSystemSetting(transaction: Queries, name: string, value: Json): Promise<void> {
  const text = JSON.stringify(value);
  await transaction
    .insertInto('system_settings')
    .values({ name, value: text })
    .onConflict((conflict) => conflict.columns(['name']).doUpdateSet({ value: text }))
    .execute();
}

/**
 * Writes the value if there is none. True for exactly one of all that try: on PostgreSQL the others wait here until
 * its transaction has ended, and win only if it was rolled back.
 */
export async function takeSystemSetting(transaction: Queries, name: string, value: Json): Promise<boolean> {
  const row = await transaction
    .insertInto('system_settings')
    .values({ name, value: JSON.stringify(value) })
    .onConflict((conflict) => conflict.columns(['name']).doNothing())
    .returning('name')
    .executeTakeFirst();
  return row !== undefined;
}

/** The settings of the whole installation that somebody has changed are one JSON value. */
const CHANGED = 'settings';

/** Those settings of the installation that somebody has changed, by name. */
export async function readChangedSettings(queries: Queries): Promise<Readonly<Record<string, Json>>> {
  return ((await readSystemSetting(queries, CHANGED)) ?? {}) as Record<string, Json>;
}

/** Writes all settings of the installation. */
export const writeChangedSettings = (transaction: Queries, settings: Readonly<Record<string, Json>>): Promise<void> =>
  writeSystemSetting(transaction, CHANGED, settings);
