/**
 * SQLite as the embedded database.
 *
 * Durability without a blocked event loop: a commit writes to the write-ahead log and returns at once
 * (`synchronous=NORMAL`); before anybody is told that the write happened, one `fdatasync` of the log runs on the
 * thread pool. Commits that arrive meanwhile share the next one. What was answered survives a power cut, and
 * frames of the log carry checksums, so a torn tail is only what nobody was told of.
 * The argument is in docs/decisions/0007-durable-without-blocking.md.
 */
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
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
import { makeFlusher } from './flush.ts';
import { UnitEndedError } from './units.ts';

const STATEMENTS_KEPT = 500;
/** How long a writer waits for the one of another process, such as a command beside the server. */
const BUSY_MILLISECONDS = 10_000;

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

  // oxlint-disable-next-line require-yield -- Kysely asks for the method; nothing here streams.
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

/** The writing connection as one unit of work sees it: after the end it is closed to that unit. */
class UnitConnection implements DatabaseConnection {
  readonly #connection: DatabaseConnection;
  #ended = false;
  constructor(connection: DatabaseConnection) {
    this.#connection = connection;
  }
  end(): void {
    this.#ended = true;
  }
  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    if (this.#ended) throw new UnitEndedError();
    return this.#connection.executeQuery<Row>(query);
  }
  streamQuery<Row>(query: CompiledQuery, size: number): AsyncIterableIterator<QueryResult<Row>> {
    return this.#connection.streamQuery<Row>(query, size);
  }
}

class SqliteDriver implements Driver {
  readonly #connection: DatabaseConnection;
  constructor(connection: DatabaseConnection) {
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

/** The lower byte is the error, the rest its details. */
export const isBusy = (fault: unknown): boolean => (Number((fault as { errcode?: unknown }).errcode) & 0xff) === 5;

function dialect(connection: DatabaseConnection): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SqliteDriver(connection),
    createIntrospector: (kysely) => new SqliteIntrospector(kysely),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** The two connections to one file: writes go through one, reads see only what is committed. */
export type SqliteFile = {
  reader: Dialect;
  /** The writing connection for one unit of work. */
  writer(): { dialect: Dialect; end(): void };
  /** Waits while another process writes. Throws FlushFailedError when nothing can be promised any more. */
  begin(): Promise<void>;
  commit(): void;
  rollback(): void;
  /** Resolves when everything committed before the call is on the disk. */
  durable(): Promise<void>;
  /** Changes whenever another process has committed. */
  dataVersion(): number;
  close(): Promise<void>;
};

/**
 * Opens the file, making it when it is missing. `path` leads through no symbolic link, because SQLite puts the log
 * beside the file itself.
 */
export function openSqlite(path: string, counter: { statements: number }): SqliteFile {
  const writer = new DatabaseSync(path, { timeout: BUSY_MILLISECONDS });
  const opened: { close(): void }[] = [writer];
  try {
    writer.exec(
      'pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on; pragma cache_size = -4000;',
    );
    // Beginning makes the log where there is none. Its inode stays the same until the last connection closes.
    writer.exec('begin immediate; commit');
    // From here on waiting for another process must not hold up this one; see begin.
    writer.exec('pragma busy_timeout = 0');
    const reader = new DatabaseSync(path, { timeout: BUSY_MILLISECONDS });
    opened.push(reader);
    reader.exec('pragma query_only = on; pragma cache_size = -8000;');
    return connected(writer, reader, openSync(`${path}-wal`, 'r+'), counter);
  } catch (fault) {
    for (const each of opened) each.close();
    throw fault;
  }
}

function connected(
  writer: DatabaseSync,
  reader: DatabaseSync,
  log: number,
  counter: { statements: number },
): SqliteFile {
  // On the writing connection it stays where it is when we commit ourselves.
  const dataVersion = writer.prepare('pragma data_version');
  const flusher = makeFlusher(log);
  const begin = writer.prepare('begin immediate');
  const commit = writer.prepare('commit');
  const rollback = writer.prepare('rollback');
  const writing = new SqliteConnection(writer, counter);
  return {
    reader: dialect(new SqliteConnection(reader, counter)),
    writer() {
      const connection = new UnitConnection(writing);
      return { dialect: dialect(connection), end: () => connection.end() };
    },
    async begin() {
      const until = performance.now() + BUSY_MILLISECONDS;
      for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
        flusher.check();
        try {
          begin.run();
          return;
        } catch (fault) {
          if (!isBusy(fault) || performance.now() > until) throw fault;
        }
        await setTimeout(pause);
      }
    },
    commit: () => void commit.run(),
    // A full disk ends the transaction by itself.
    rollback: () => void (writer.isTransaction && rollback.run()),
    durable: () => flusher.flush(),
    dataVersion: () => (dataVersion.get() as { data_version: number }).data_version,
    async close() {
      // A closed descriptor gets a new owner, and a flush must not go there.
      await flusher.settled();
      closeSync(log);
      reader.close();
      writer.close();
    },
  };
}
