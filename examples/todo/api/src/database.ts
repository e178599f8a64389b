import { Kysely, PostgresDialect, SqliteDialect } from 'kysely';
import pg from 'pg';
import { migrate } from './migrations.ts';
import { openSqlite } from './sqlite.ts';

/** One row of `todos`. Both engines hold the same: 0 or 1 for `completed`, times as milliseconds since 1970. */
export type TodoRow = {
  id: string;
  /** The `sub` of the person whose todo it is. */
  owner: string;
  title: string;
  description: string | null;
  completed: number;
  /** PostgreSQL's driver gives a bigint as text. */
  created_at: number | string;
  updated_at: number | string;
};

/** The tables of the todo API. */
export type Tables = { todos: TodoRow };

/** Opens the database that the URL names and brings it to the newest shape. Call `destroy()` when done. */
export async function openDatabase(url: string, onLostConnection: (cause: Error) => void): Promise<Kysely<Tables>> {
  const database = new Kysely<Tables>({ dialect: dialectOf(url, onLostConnection) });
  try {
    await migrate(database);
    return database;
  } catch (cause) {
    await database.destroy();
    throw cause;
  }
}

function dialectOf(url: string, onLostConnection: (cause: Error) => void): SqliteDialect | PostgresDialect {
  if (!/^postgres(ql)?:\/\//.test(url)) return new SqliteDialect({ database: async () => openSqlite(url) });
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 10_000,
  });
  // An idle connection that breaks is an event of the pool: nobody awaits it, and unheard it would end the process.
  pool.on('error', onLostConnection);
  return new PostgresDialect({ pool });
}
