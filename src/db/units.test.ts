import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { Client } from 'pg';
import { databases, type TestDatabase } from '../../tests/environment/databases.ts';
import { type Database, isUniqueViolation, openDatabase, type Queries } from './database.ts';

const put = (transaction: Queries, name: string, value = '1') =>
  transaction.insertInto('system_settings').values({ name, value }).execute();

for (const engine of databases()) {
  describe(`a unit of work on ${engine.name}`, () => {
    let place: TestDatabase;
    let database: Database;
    before(async () => {
      place = await engine.make();
      database = await openDatabase({ url: place.url });
    });
    after(async () => {
      await database.close();
      await place.drop();
    });
    afterEach(() => database.write((transaction) => transaction.deleteFrom('system_settings').execute()));
    const names = async (): Promise<string[]> => {
      const rows = await database.read.selectFrom('system_settings').select('name').orderBy('name').execute();
      return rows.map((row) => row.name);
    };

    it('is rolled back whole, and the next one works', async () => {
      const fault = new Error('half way');
      await assert.rejects(
        database.write(async (transaction) => {
          await put(transaction, 'first');
          throw fault;
        }),
        fault,
      );
      await assert.rejects(
        database.write(async (transaction) => {
          await put(transaction, 'first');
          await put(transaction, 'first');
        }),
        isUniqueViolation,
      );
      assert.deepEqual(await names(), []);
      await database.write((transaction) => put(transaction, 'second'));
      assert.deepEqual(await names(), ['second']);
    });

    it('is seen by its own queries at once and by readers only when it is committed', async () => {
      await database.write(async (transaction) => {
        await put(transaction, 'mine');
        const own = await transaction.selectFrom('system_settings').select('name').execute();
        assert.equal(own.length, 1);
        assert.deepEqual(await names(), []);
      });
      assert.deepEqual(await names(), ['mine']);
    });

    it('takes turns with the others, so that no count is lost', async () => {
      await database.write((transaction) => put(transaction, 'count', '0'));
      await Promise.all(
        Array.from({ length: 40 }, () =>
          database.write(async (transaction) => {
            let query = transaction.selectFrom('system_settings').select('value').where('name', '=', 'count');
            // What is to be changed is locked before it is looked at; SQLite has one writer anyway.
            if (engine.name === 'postgresql') query = query.forUpdate();
            const { value } = await query.executeTakeFirstOrThrow();
            await transaction
              .updateTable('system_settings')
              .set({ value: String(Number(value) + 1) })
              .where('name', '=', 'count')
              .execute();
          }),
        ),
      );
      const row = await database.read.selectFrom('system_settings').select('value').executeTakeFirst();
      assert.equal(row?.value, '40');
    });

    it('leaves nothing behind when one of several threads in it fails while the others go on', async () => {
      let late: Promise<void> | undefined;
      const slow = async (transaction: Queries): Promise<void> => {
        for (let index = 0; index < 50; index += 1) await put(transaction, `late ${index}`);
      };
      const failed = database.write((transaction) => {
        late = slow(transaction);
        return Promise.all([late, Promise.reject(new Error('at once'))]);
      });
      const next = database.write((transaction) => put(transaction, 'next'));
      await assert.rejects(failed, /at once/);
      await next;
      await assert.rejects(late as Promise<void>);
      assert.deepEqual(await names(), ['next']);
    });

    it('is closed to queries after its end', async () => {
      let kept: Queries | undefined;
      await database.write(async (transaction) => {
        kept = transaction;
      });
      await assert.rejects(put(kept as Queries, 'afterwards'), /unit of work has ended/);
      assert.deepEqual(await names(), []);
    });

    it('holds no other one, instead of waiting for itself', async () => {
      await assert.rejects(
        database.write(() => database.write((transaction) => put(transaction, 'inner'))),
        /cannot hold another/,
      );
      // What it starts for later is not inside.
      const later = Promise.withResolvers<void>();
      await database.write(async () => {
        setImmediate(() => {
          database.write((transaction) => put(transaction, 'later')).then(() => later.resolve(), later.reject);
        });
      });
      await later.promise;
      assert.deepEqual(await names(), ['later']);
    });

    if (engine.name === 'postgresql') {
      it('is run again after a deadlock', async () => {
        await database.write(async (transaction) => {
          await put(transaction, 'a', '0');
          await put(transaction, 'b', '0');
        });
        let runs = 0;
        const held = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
        const add = (transaction: Queries, name: string) =>
          transaction
            .updateTable('system_settings')
            .set((set) => ({ value: set.cast<string>(set(set.cast<number>('value', 'integer'), '+', 1), 'text') }))
            .where('name', '=', name)
            .execute();
        const both = (index: 0 | 1, order: readonly [string, string]) =>
          database.write(async (transaction) => {
            runs += 1;
            await add(transaction, order[0]);
            held[index].resolve();
            await held[index === 0 ? 1 : 0].promise;
            await add(transaction, order[1]);
          });
        await Promise.all([both(0, ['a', 'b']), both(1, ['b', 'a'])]);
        assert.ok(runs > 2, 'there was a deadlock');
        const rows = await database.read.selectFrom('system_settings').select('value').execute();
        assert.deepEqual(
          rows.map((row) => row.value),
          ['2', '2'],
        );
      });

      it('fails alone when its connection is cut, also between two statements', async () => {
        const admin = new Client({ connectionString: place.url });
        await admin.connect();
        await assert.rejects(
          database.write(async (transaction) => {
            await put(transaction, 'lost');
            const cut = await admin.query(
              "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database() and state = 'idle in transaction'",
            );
            assert.equal(cut.rowCount, 1);
            await put(transaction, 'lost too');
          }),
        );
        await admin.end();
        await database.write((transaction) => put(transaction, 'kept'));
        assert.deepEqual(await names(), ['kept']);
      });
    }
  });
}
