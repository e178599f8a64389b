import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { Client } from 'pg';
import { launchBrowser, missingBrowser } from './browser.ts';
import { databases, POSTGRES_VARIABLE } from './databases.ts';

const missingPostgres = process.env[POSTGRES_VARIABLE] ? false : 'needs PostgreSQL: run by npm test, or install it';

test('a SQLite database is a new file each time and goes away', async () => {
  const sqlite = databases().find((engine) => engine.name === 'sqlite');
  assert.ok(sqlite);
  const first = await sqlite.make();
  const second = await sqlite.make();
  assert.notEqual(first.url, second.url);
  const folder = new URL('.', first.url.replace('sqlite:', 'file:'));
  assert.ok(existsSync(folder));
  await first.drop();
  await second.drop();
  assert.ok(!existsSync(folder));
});

test('a PostgreSQL database is empty, syncs to disk, and is dropped under open connections', {
  skip: missingPostgres,
}, async () => {
  const postgresql = databases().find((engine) => engine.name === 'postgresql');
  assert.ok(postgresql);
  const database = await postgresql.make();
  const client = new Client({ connectionString: database.url });
  client.on('error', () => undefined); // The server cuts this connection below, as it should.
  await client.connect();
  const tables = await client.query("select 1 from pg_tables where schemaname = 'public'");
  assert.equal(tables.rowCount, 0);
  const durable = await client.query("select name from pg_settings where name in ('fsync') and setting = 'on'");
  assert.equal(durable.rowCount, 1);
  const cut = new Promise((resolve) => client.once('end', resolve));
  await database.drop();
  await cut;
  const again = new Client({ connectionString: database.url });
  await assert.rejects(again.connect(), /does not exist/);
});

test('a browser starts and runs scripts', { skip: missingBrowser() }, async () => {
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    await page.setContent('<title>door</title>');
    assert.equal(await page.title(), 'door');
  } finally {
    await browser.close();
  }
});
