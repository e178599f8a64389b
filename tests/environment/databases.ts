/**
 * Databases for tests. Owns: making an empty SQLite file or PostgreSQL database and taking it away again.
 * Does not own: tables (the product migrates what it opens) and the PostgreSQL server (postgresql.ts).
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';

/** An empty database; `drop` removes it, also while connections to it are open. */
export type TestDatabase = { url: string; drop(): Promise<void> };

/** One engine that a test runs on. Each `make` gives a database of its own. */
export type DatabaseEngine = { name: 'sqlite' | 'postgresql'; make(): Promise<TestDatabase> };

/** The environment variable that carries the URL of a PostgreSQL server in which databases may be created. */
export const POSTGRES_VARIABLE = 'OSTIARY_TEST_POSTGRES';

/**
 * The engines at hand: SQLite always, PostgreSQL when the environment names a server. `npm test` starts one and names
 * it; a single file run by `node --test` then has SQLite alone.
 */
export function databases(): DatabaseEngine[] {
  const engines: DatabaseEngine[] = [{ name: 'sqlite', make: makeSqlite }];
  const server = process.env[POSTGRES_VARIABLE];
  if (server) engines.push({ name: 'postgresql', make: () => makePostgres(server) });
  return engines;
}

async function makeSqlite(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'ostiary-test-'));
  return {
    url: `sqlite://${join(folder, 'ostiary.sqlite')}`,
    drop: () => rm(folder, { recursive: true, force: true }),
  };
}

async function makePostgres(server: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await command(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => command(server, `drop database if exists ${name} with (force)`) };
}

async function command(server: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
