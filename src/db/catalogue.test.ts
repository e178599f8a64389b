import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CompiledQuery } from 'kysely';
import { databases } from '../../tests/environment/databases.ts';
import { type Database, openDatabase } from './database.ts';

for (const engine of databases()) {
  describe(`the tables on ${engine.name}`, () => {
    it('every table says whose each row is, and every unique key begins with it', async () => {
      const place = await engine.make();
      const database = await openDatabase({ url: place.url });
      const tables = await catalogue(engine.name, database);
      assert.ok(tables.size > 30);
      for (const [table, keys] of tables) {
        // Steps of the schema belong to the database; numbers are given out for all tenants together.
        if (table === 'migrations') continue;
        for (const key of keys) {
          const isNumber = key.length === 1 && ['pk', 'num_pk'].includes(key[0] as string);
          assert.ok(isNumber || key[0] === 'tenant_id', `${table} (${key.join(', ')})`);
        }
        assert.ok(
          keys.some((key) => key[0] === 'tenant_id') || table === 'consents',
          `${table} has no key of a tenant`,
        );
      }
      await database.close();
      await place.drop();
    });
  });
}

/** For each table the columns of its unique keys, read from the database. Throws for a table without the column. */
async function catalogue(engine: string, database: Database): Promise<Map<string, string[][]>> {
  const ask = async <T>(text: string): Promise<T[]> =>
    (await database.read.executeQuery(CompiledQuery.raw(text))).rows as T[];
  const sqlite = `select m.name as name, i.name as key, c.name as col from sqlite_master m
    join pragma_index_list(m.name) i on i."unique" = 1 join pragma_index_info(i.name) c
    where m.type = 'table' and m.name not like 'sqlite_%' order by 1, 2, c.seqno`;
  const postgresql = `select t.relname as name, i.indexrelid::text as key, a.attname as col from pg_index i
    join pg_class t on t.oid = i.indrelid join pg_namespace n on n.oid = t.relnamespace and n.nspname = 'public'
    cross join unnest(i.indkey) with ordinality k(n, position) join pg_attribute a on a.attrelid = t.oid and a.attnum = k.n
    where i.indisunique order by 1, 2, k.position`;
  const columns = await ask<{ name: string }>(
    engine === 'sqlite'
      ? "select m.name from sqlite_master m where m.type = 'table' and m.name not in ('migrations', 'sqlite_sequence') and not exists (select 1 from pragma_table_info(m.name) c where c.name = 'tenant_id' and c.\"notnull\" = 1)"
      : "select tablename as name from pg_tables where schemaname = 'public' and tablename <> 'migrations' and not exists (select 1 from information_schema.columns c where c.table_schema = 'public' and c.table_name = tablename and c.column_name = 'tenant_id' and c.is_nullable = 'NO')",
  );
  assert.deepEqual(columns, []);
  const found = await ask<{ name: string; key: string; col: string }>(engine === 'sqlite' ? sqlite : postgresql);
  const tables = new Map<string, string[][]>();
  for (const [name, rows] of Map.groupBy(found, (row) => row.name)) {
    tables.set(
      name,
      [...Map.groupBy(rows, (row) => row.key).values()].map((key) => key.map((row) => row.col)),
    );
  }
  return tables;
}
