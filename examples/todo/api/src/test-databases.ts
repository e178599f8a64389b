// For the tests: an empty database of each engine at hand.
import { randomUUID } from 'node:crypto';
import pg from 'pg';

/** An empty database. `drop` takes it away again. */
export type TestDatabase = { url: string; drop(): Promise<void> };

/** SQLite always; PostgreSQL when OSTIARY_TEST_POSTGRES holds the URL of a server in which databases may be made. */
export function testDatabases(): { engine: string; make(): Promise<TestDatabase> }[] {
  const inMemory = { engine: 'SQLite', make: async () => ({ url: ':memory:', drop: async () => undefined }) };
  const server = process.env.OSTIARY_TEST_POSTGRES;
  return server ? [inMemory, { engine: 'PostgreSQL', make: () => makePostgresql(server) }] : [inMemory];
}

async function makePostgresql(server: string): Promise<TestDatabase> {
  const name = `todo_test_${randomUUID().replaceAll('-', '')}`;
  await command(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => command(server, `drop database ${name} with (force)`) };
}

async function command(server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
