/**
 * The one door to the database. Owns the connections, transactions and durability; knows nothing of what is stored.
 */
import { DatabaseSync } from 'node:sqlite';
import { CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import { migrate } from './migrate.ts';
import { openSqlite } from './sqlite.ts';
import type { Tables } from './tables.ts';
import { TenancyPlugin } from './tenancy.ts';

/** A query builder, bound to a tenant. Inside a unit of work it is the transaction's. */
export type Queries = Kysely<Tables>;

/** Work that is done whole or not at all. It awaits nothing but the database, and may be run again after a deadlock. */
export type Unit<T> = (transaction: Queries) => Promise<T>;

export type Database = {
  engine: 'sqlite' | 'postgresql';
  /** For reading: sees only what is committed. */
  read: Queries;
  /** Runs the unit in one transaction and resolves when it is durable; rejects with nothing changed. */
  write<T>(unit: Unit<T>): Promise<T>;
  /** Calls back when another process may have changed something; returns how to stop listening. */
  watch(changed: () => void): Promise<() => Promise<void>>;
  /** Tells the other processes at the end of the unit that configuration has changed. */
  announce(transaction: Queries): Promise<void>;
  /** A cheap number that changes with every commit of anybody (SQLite); undefined where `watch` tells. */
  dataVersion(): number | undefined;
  /** How many statements have been run so far, for tests and metrics. */
  statements(): number;
  close(): Promise<void>;
};

/** The only tenant that the interface shows for now. */
export const DEFAULT_TENANT = 'default';

/** Another server has the same SQLite file open. */
export class DatabaseInUseError extends Error {}

export type OpenOptions = {
  /** A file path, `sqlite:<path>`, or `postgres://…`. */
  url: string;
  tenant?: string;
  /** True for the server: a second one on the same SQLite file is refused with DatabaseInUseError. */
  server?: boolean;
  poolSize?: number;
};

/** Opens the database and brings its schema up to date. */
export async function openDatabase(options: OpenOptions): Promise<Database> {
  const tenancy = new TenancyPlugin(options.tenant ?? DEFAULT_TENANT);
  return /^postgres(ql)?:\/\//.test(options.url)
    ? openPostgres(options.url, tenancy, options.poolSize ?? 10)
    : openFile(options.url.replace(/^sqlite:(\/\/)?/, ''), tenancy, options.server ?? false);
}

/** True when a unique key already has the value. */
export function isUniqueViolation(fault: unknown): boolean {
  const { code, errcode } = (fault ?? {}) as { code?: unknown; errcode?: unknown };
  return code === '23505' || errcode === 2067 || errcode === 1555;
}

/** True when a row that others point at was to go, or a row was to point at nothing. */
export function isForeignKeyViolation(fault: unknown): boolean {
  const { code, errcode } = (fault ?? {}) as { code?: unknown; errcode?: unknown };
  return code === '23503' || errcode === 787;
}

async function openFile(path: string, tenancy: TenancyPlugin, server: boolean): Promise<Database> {
  const lock = server ? holdLock(`${path}.lock`) : undefined;
  const counter = { statements: 0 };
  const file = openSqlite(path, counter);
  const untenanted = new Kysely<Tables>({ dialect: file.writer });
  const writer = untenanted.withPlugin(tenancy);
  let last: Promise<unknown> = Promise.resolve();
  const alone = async <T>(queries: Queries, unit: Unit<T>): Promise<T> => {
    const before = last;
    let release: () => void = () => {};
    last = new Promise<void>((resolve) => {
      release = resolve;
    });
    await before;
    try {
      file.begin();
      try {
        const result = await unit(queries);
        file.commit();
        return result;
      } catch (fault) {
        file.rollback();
        throw fault;
      }
    } finally {
      release();
    }
  };
  const write = async <T>(queries: Queries, unit: Unit<T>): Promise<T> => {
    const result = await alone(queries, unit);
    await file.durable();
    return result;
  };
  try {
    await write(untenanted, (transaction) => migrate(transaction, 'sqlite'));
  } catch (fault) {
    file.close();
    lock?.close();
    throw fault;
  }
  return {
    engine: 'sqlite',
    read: new Kysely<Tables>({ dialect: file.reader }).withPlugin(tenancy),
    write: (unit) => write(writer, unit),
    watch: async () => async () => {},
    announce: async () => {},
    dataVersion: file.dataVersion,
    statements: () => counter.statements,
    async close() {
      await last;
      file.close();
      lock?.close();
    },
  };
}

/** The kernel gives the lock back when the process dies, however it dies. */
function holdLock(path: string): DatabaseSync {
  const lock = new DatabaseSync(path);
  try {
    lock.exec('begin exclusive');
    return lock;
  } catch {
    lock.close();
    throw new DatabaseInUseError('another Ostiary server is running on this data folder');
  }
}

const CHANNEL = 'ostiary_configuration';
const DEADLOCKS = new Set(['40001', '40P01']);

async function openPostgres(url: string, tenancy: TenancyPlugin, poolSize: number): Promise<Database> {
  const { default: pg } = await import('pg');
  // 64-bit integers come as text from the driver; ours are times and keys, all below 2^53.
  const types = {
    getTypeParser: ((id: number, format: 'text') =>
      id === 20 ? Number : pg.types.getTypeParser(id, format)) as typeof pg.types.getTypeParser,
  };
  const pool = new pg.Pool({ connectionString: url, max: poolSize, types });
  // A lost idle connection is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => {});
  let statements = 0;
  const untenanted = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool }),
    log: () => {
      statements += 1;
    },
  });
  const queries = untenanted.withPlugin(tenancy);
  const write = async <T>(unit: Unit<T>): Promise<T> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await queries.transaction().execute(unit);
      } catch (fault) {
        if (attempt >= 4 || !DEADLOCKS.has(String((fault as { code?: unknown }).code))) throw fault;
      }
    }
  };
  try {
    await untenanted.transaction().execute((transaction) => migrate(transaction, 'postgresql'));
  } catch (fault) {
    await untenanted.destroy();
    throw fault;
  }
  return {
    engine: 'postgresql',
    read: queries,
    write,
    watch: (changed) =>
      listen(new pg.Client({ connectionString: url }), () => new pg.Client({ connectionString: url }), changed),
    announce: async (transaction) => {
      await transaction.executeQuery(CompiledQuery.raw(`notify ${CHANNEL}`));
    },
    dataVersion: () => undefined,
    statements: () => statements,
    close: () => untenanted.destroy(),
  };
}

type Listener = {
  connect(): Promise<unknown>;
  query(text: string): Promise<unknown>;
  end(): Promise<void>;
  on(event: 'notification' | 'error' | 'end', heard: () => void): unknown;
};

/** Listens for announcements. A lost connection counts as a change, since one may have been missed meanwhile. */
async function listen(first: Listener, another: () => Listener, changed: () => void): Promise<() => Promise<void>> {
  let stopped = false;
  let current = first;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const begin = async (client: Listener): Promise<void> => {
    current = client;
    let lost = false;
    const again = (): void => {
      if (stopped || lost) return;
      lost = true;
      changed();
      timer = setTimeout(() => begin(another()).catch(again), 1000);
      timer.unref();
    };
    client.on('error', again);
    client.on('end', again);
    client.on('notification', changed);
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      changed();
    } catch {
      again();
    }
  };
  await begin(first);
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await current.end().catch(() => undefined);
  };
}
