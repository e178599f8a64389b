/**
 * The one door to the database. Owns the connections, transactions and durability; knows nothing of what is stored.
 */
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import { migrate } from './migrate.ts';
import { isBusy, openSqlite } from './sqlite.ts';
import type { Tables } from './tables.ts';
import { TenancyPlugin } from './tenancy.ts';
import { makeNesting, UnitPlugin } from './units.ts';

/** A query builder, bound to a tenant. Inside a unit of work it is the transaction's. */
export type Queries = Kysely<Tables>;

/**
 * Work that is done whole or not at all. It awaits nothing but the database, holds no other unit, and may be run again
 * after a deadlock. Queries that it has not awaited are refused after its end.
 */
export type Unit<T> = (transaction: Queries) => Promise<T>;

export type Database = {
  engine: 'sqlite' | 'postgresql';
  /** For reading: sees only what is committed. */
  read: Queries;
  /** Runs the unit in one transaction and resolves when it is durable; rejects with nothing changed. */
  write<T>(unit: Unit<T>): Promise<T>;
  /**
   * Calls back when configuration was announced: on PostgreSQL by any process, on SQLite by this one, with the commit.
   * Returns how to stop listening.
   */
  watch(changed: () => void): Promise<() => Promise<void>>;
  /** Tells those who watch, at the end of the unit, that configuration has changed. */
  announce(transaction: Queries): Promise<void>;
  /** A cheap number that changes with every commit of another process (SQLite); undefined where `watch` tells. */
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

async function openFile(named: string, tenancy: TenancyPlugin, server: boolean): Promise<Database> {
  const path = realPath(named);
  const lock = server ? holdLock(`${path}.lock`) : undefined;
  const counter = { statements: 0 };
  let file: ReturnType<typeof openSqlite>;
  try {
    file = openSqlite(path, counter);
  } catch (fault) {
    lock?.close();
    throw fault;
  }
  const nesting = makeNesting();
  const watching = new Set<() => void>();
  let announced = false;
  let last: Promise<unknown> = Promise.resolve();
  const unfinished = new Set<Promise<unknown>>();
  let closed = false;
  const alone = async <T>(unit: Unit<T>, bind: (queries: Queries) => Queries): Promise<T> => {
    const predecessor = last;
    let release: () => void = () => {};
    last = new Promise<void>((resolve) => {
      release = resolve;
    });
    await predecessor;
    try {
      await file.begin();
      announced = false;
      const { dialect, end } = file.writer();
      try {
        const result = await nesting.run(() => unit(bind(new Kysely<Tables>({ dialect }))));
        file.commit();
        if (announced) for (const changed of watching) changed();
        return result;
      } catch (fault) {
        file.rollback();
        throw fault;
      } finally {
        end();
      }
    } finally {
      release();
    }
  };
  const write = async <T>(unit: Unit<T>, bind: (queries: Queries) => Queries): Promise<T> => {
    nesting.refuse();
    if (closed) throw new Error('the database is closed');
    const done = alone(unit, bind).then(async (result) => {
      await file.durable();
      return result;
    });
    unfinished.add(done);
    try {
      return await done;
    } finally {
      unfinished.delete(done);
    }
  };
  const close = async (): Promise<void> => {
    closed = true;
    await Promise.allSettled(unfinished);
    await file.close();
    lock?.close();
  };
  try {
    await write(
      (transaction) => migrate(transaction, 'sqlite'),
      (untenanted) => untenanted,
    );
  } catch (fault) {
    await close();
    throw fault;
  }
  return {
    engine: 'sqlite',
    read: new Kysely<Tables>({ dialect: file.reader }).withPlugin(tenancy),
    write: (unit) => write(unit, (queries) => queries.withPlugin(tenancy)),
    async watch(changed) {
      watching.add(changed);
      return async () => void watching.delete(changed);
    },
    async announce() {
      announced = true;
    },
    dataVersion: file.dataVersion,
    statements: () => counter.statements,
    close,
  };
}

/** Two names of one file are one file, and SQLite keeps its log beside the file itself. */
function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path));
}

/** The kernel gives the lock back when the process dies, however it dies. */
function holdLock(path: string): DatabaseSync {
  const lock = new DatabaseSync(path);
  try {
    lock.exec('begin exclusive');
    return lock;
  } catch (fault) {
    lock.close();
    if (!isBusy(fault)) throw fault;
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
  // So would one that is lost between two statements of a unit; the next statement reports it.
  pool.on('connect', (client) => void client.on('error', () => {}));
  let statements = 0;
  const untenanted = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool }),
    log: () => {
      statements += 1;
    },
  });
  const queries = untenanted.withPlugin(tenancy);
  const nesting = makeNesting();
  const once = <T>(unit: Unit<T>): Promise<T> =>
    queries.transaction().execute(async (transaction) => {
      const bound = new UnitPlugin();
      try {
        return await nesting.run(() => unit(transaction.withPlugin(bound)));
      } finally {
        bound.end();
      }
    });
  const write = async <T>(unit: Unit<T>): Promise<T> => {
    nesting.refuse();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once(unit);
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
    // A connection that has died silently is noticed by the probes of TCP.
    watch: (changed) => listen(() => new pg.Client({ connectionString: url, keepAlive: true }), changed),
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
async function listen(connection: () => Listener, changed: () => void): Promise<() => Promise<void>> {
  let stopped = false;
  let current: Listener | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const begin = async (): Promise<void> => {
    const client = connection();
    current = client;
    let lost = false;
    const again = (): void => {
      if (stopped || lost) return;
      lost = true;
      changed();
      client.end().catch(() => undefined);
      timer = setTimeout(() => void begin(), 1000);
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
  await begin();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await current?.end().catch(() => undefined);
  };
}
