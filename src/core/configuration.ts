/**
 * What is read on every request and changes rarely (flows, stages, providers, keys, brands), kept in memory.
 * A change by this process, by the command line on the same file, or by another node empties it. People, sessions
 * and tokens are never in here.
 */
import type { Database, Queries } from '../db/database.ts';

const VERSION = 'configuration_version';
/** How many loaded things are kept; the oldest go first. */
const MOST_ENTRIES = 2000;

/** Marks in the same transaction that configuration has changed, and tells the other processes. */
export async function bumpConfiguration(database: Database, transaction: Queries): Promise<void> {
  await transaction
    .insertInto('system_settings')
    .values({ name: VERSION, value: '1' })
    .onConflict((conflict) =>
      conflict.columns(['name']).doUpdateSet((expression) => ({
        value: expression.cast<string>(
          expression(expression.cast<number>('system_settings.value', 'integer'), '+', 1),
          'text',
        ),
      })),
    )
    .execute();
  await database.announce(transaction);
}

export type Configuration = {
  /** The value under the key, loaded when it is not in memory. Undefined results are not kept. */
  get<T>(key: string, load: (queries: Queries) => Promise<T>): Promise<T>;
  /** Forgets everything; called after each change. */
  clear(): void;
  close(): Promise<void>;
};

/** Opens the cache over a database and begins to listen for changes of others. */
export async function openConfiguration(database: Database): Promise<Configuration> {
  const entries = new Map<string, Promise<unknown>>();
  let seenDataVersion: number | undefined;
  let seenVersion: string | undefined;
  const clear = (): void => entries.clear();
  const stop = await database.watch(clear);

  // On SQLite every commit of another process moves data_version; only a moved configuration version empties the cache.
  // One look in a turn of the event loop is enough for all that is read in it.
  let hasLooked = false;
  const refresh = async (): Promise<void> => {
    if (hasLooked) return;
    hasLooked = true;
    setImmediate(() => {
      hasLooked = false;
    });
    const dataVersion = database.dataVersion();
    if (dataVersion === undefined || dataVersion === seenDataVersion) return;
    const row = await database.read
      .selectFrom('system_settings')
      .select('value')
      .where('name', '=', VERSION)
      .executeTakeFirst();
    if (row?.value !== seenVersion) clear();
    seenVersion = row?.value;
    seenDataVersion = dataVersion;
  };

  return {
    async get<T>(key: string, load: (queries: Queries) => Promise<T>): Promise<T> {
      await refresh();
      const known = entries.get(key) as Promise<T> | undefined;
      if (known) return known;
      const loading = load(database.read);
      entries.set(key, loading);
      if (entries.size > MOST_ENTRIES) entries.delete(entries.keys().next().value as string);
      const forget = (): void => {
        if (entries.get(key) === loading) entries.delete(key);
      };
      loading.then((value) => {
        if (value === undefined) forget();
      }, forget);
      return loading;
    },
    clear,
    close: stop,
  };
}
