/**
 * SQLite as the embedded database.
 *
 * Durability without a blocked event loop: a commit writes to the write-ahead log and returns at once
 * (`synchronous=NORMAL`); before anybody is told that the write happened, one `fdatasync` of the log runs on the
 * thread pool. Commits that arrive meanwhile share the next one. What was answered survives a power cut, and
 * frames of the log carry checksums, so a torn tail is only what nobody was told of.
 */
import { closeSync, fdatasync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';

const STATEMENTS_KEPT = 500;

class SqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, { reads: boolean; statement: ReturnType<DatabaseSync['prepare']> }>();
  readonly #counter: { statements: number };

  constructor(database: DatabaseSync, counter: { statements: number }) {
    this.#database = database;
    this.#counter = counter;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    this.#counter.statements += 1;
    const { reads, statement } = this.#prepare(query.sql);
    const parameters = query.parameters as SQLInputValue[];
    if (reads) return { rows: statement.all(...parameters) as Row[] };
    const { changes, lastInsertRowid } = statement.run(...parameters);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }

  // biome-ignore lint/correctness/useYield: Kysely asks for the method; nothing here streams.
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('streaming is not used on SQLite');
  }

  #prepare(text: string): { reads: boolean; statement: ReturnType<DatabaseSync['prepare']> } {
    const known = this.#statements.get(text);
    if (known) return known;
    const statement = this.#database.prepare(text);
    const made = { reads: statement.columns().length > 0, statement };
    if (this.#statements.size >= STATEMENTS_KEPT) {
      const oldest = this.#statements.keys().next();
      if (!oldest.done) this.#statements.delete(oldest.value);
    }
    this.#statements.set(text, made);
    return made;
  }
}

class SqliteDriver implements Driver {
  readonly #connection: SqliteConnection;
  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }
  async init(): Promise<void> {}
  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }
  async releaseConnection(): Promise<void> {}
  async beginTransaction(): Promise<void> {
    throw new Error('transactions go through Database.write');
  }
  async commitTransaction(): Promise<void> {}
  async rollbackTransaction(): Promise<void> {}
  async destroy(): Promise<void> {}
}

function dialect(database: DatabaseSync, counter: { statements: number }): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SqliteDriver(new SqliteConnection(database, counter)),
    createIntrospector: (kysely) => new SqliteIntrospector(kysely),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** The two connections to one file: writes go through one, reads see only what is committed. */
export type SqliteFile = {
  reader: Dialect;
  writer: Dialect;
  begin(): void;
  commit(): void;
  rollback(): void;
  /** Resolves when everything committed before the call is on the disk. */
  durable(): Promise<void>;
  /** Changes whenever any connection, of this process or another, has committed. */
  dataVersion(): number;
  close(): void;
};

/** Opens the file, making it when it is missing. Throws when another server holds it (`exclusive`). */
export function openSqlite(path: string, counter: { statements: number }): SqliteFile {
  const writer = new DatabaseSync(path, { timeout: 5000 });
  writer.exec(
    'pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on; pragma cache_size = -4000;',
  );
  // The log exists from the first write on; its inode stays the same until the last connection closes.
  writer.exec('pragma user_version = 1');
  const reader = new DatabaseSync(path, { timeout: 5000 });
  reader.exec('pragma query_only = on; pragma cache_size = -8000;');
  const log = openSync(`${path}-wal`, 'r+');
  const dataVersion = reader.prepare('pragma data_version');
  let flushing: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const flush = (): Promise<void> =>
    new Promise((resolve, reject) => fdatasync(log, (fault) => (fault ? reject(fault) : resolve())));
  const begin = writer.prepare('begin immediate');
  const commit = writer.prepare('commit');
  const rollback = writer.prepare('rollback');
  return {
    reader: dialect(reader, counter),
    writer: dialect(writer, counter),
    begin: () => void begin.run(),
    commit: () => void commit.run(),
    rollback: () => void rollback.run(),
    durable() {
      // A flush that has begun may have missed the newest commit, so late comers share the one after it.
      if (!flushing) {
        flushing = flush().finally(() => {
          flushing = undefined;
        });
        return flushing;
      }
      next ??= flushing
        .catch(() => undefined)
        .then(() => {
          next = undefined;
          flushing = flush().finally(() => {
            flushing = undefined;
          });
          return flushing;
        });
      return next;
    },
    dataVersion: () => (dataVersion.get() as { data_version: number }).data_version,
    close() {
      reader.close();
      writer.close();
      closeSync(log);
    },
  };
}
