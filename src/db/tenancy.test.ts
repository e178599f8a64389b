import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { sql } from 'kysely';
import { databases, type TestDatabase } from '../../tests/environment/databases.ts';
import { type Database, openDatabase, type Queries } from './database.ts';
import { shapes } from './tenancy.testing.ts';

/** Rows of SQLite have no prototype. */
const copies = (rows: unknown) => (rows as object[]).map((row) => ({ ...row }));

/** Ours count below this, the neighbour's from here on. */
const NEIGHBOUR = 1000;

for (const engine of databases()) {
  describe(`two tenants in one database on ${engine.name}`, () => {
    let place: TestDatabase;
    let ours: Database;
    let theirs: Database;
    before(async () => {
      place = await engine.make();
      ours = await openDatabase({ url: place.url, tenant: 'ours' });
      theirs = await openDatabase({ url: place.url, tenant: 'theirs' });
    });
    after(async () => {
      await ours.close();
      await theirs.close();
      await place.drop();
    });
    const fill = async (): Promise<void> => {
      for (const [database, count] of [
        [ours, 1],
        [theirs, NEIGHBOUR],
      ] as const) {
        await database.write(async (transaction) => {
          await transaction.deleteFrom('attempts').execute();
          await transaction
            .insertInto('attempts')
            .values(['a', 'b', 'c'].map((key, index) => ({ key, window_ends_at: 0, count: count + index })))
            .execute();
        });
      }
    };
    const rows = (database: Database) => database.read.selectFrom('attempts').selectAll().orderBy('key').execute();
    /** Runs a change as one tenant and checks that the other has kept every row. */
    const changed = async (change: (transaction: Queries) => Promise<unknown>): Promise<unknown> => {
      await fill();
      const kept = await rows(theirs);
      const result = await ours.write(change);
      assert.deepEqual(await rows(theirs), kept);
      return result;
    };
    const counts = async () => (await rows(ours)).map((row) => row.count);

    it('never see each other, whatever a query is made of', async () => {
      await fill();
      await fc.assert(
        fc.asyncProperty(shapes, async (shape) => {
          const mine = await shape(ours.read).limit(500).execute();
          assert.ok(mine.length > 0);
          for (const row of mine) assert.ok(row.count < NEIGHBOUR, `saw ${row.count}`);
          const other = await shape(theirs.read).limit(500).execute();
          for (const row of other) assert.ok(row.count >= NEIGHBOUR, `saw ${row.count}`);
        }),
        { numRuns: 150 },
      );
    });

    it('do not touch each other by update, also not from another table', async () => {
      await changed((transaction) => transaction.updateTable('attempts').set({ count: 7 }).execute());
      assert.deepEqual(await counts(), [7, 7, 7]);
      await changed((transaction) =>
        transaction
          .updateTable('attempts as t')
          .from('attempts as f')
          .set((set) => ({ count: set.ref('f.count') }))
          .where((where) => where.or([where('f.key', '=', 'c'), where('f.count', '>=', NEIGHBOUR)]))
          .execute(),
      );
      assert.deepEqual(await counts(), [3, 3, 3]);
      const returned = await changed((transaction) =>
        transaction
          .with('named', (query) => query.selectFrom('attempts').select('key'))
          .updateTable('attempts')
          .set({ count: 9 })
          .where((where) => where('key', 'in', where.selectFrom('named').select('named.key')))
          .returning(['count'])
          .execute(),
      );
      assert.deepEqual(copies(returned), [{ count: 9 }, { count: 9 }, { count: 9 }]);
    });

    it('do not touch each other by delete', async () => {
      const returned = await changed((transaction) =>
        transaction
          .deleteFrom('attempts')
          .where((where) => where.or([where('key', '=', 'a'), where('count', '>', 0)]))
          .returning('count')
          .execute(),
      );
      assert.deepEqual(copies(returned), [{ count: 1 }, { count: 2 }, { count: 3 }]);
      if (engine.name === 'postgresql')
        await changed((transaction) =>
          transaction
            .deleteFrom('attempts')
            .using('attempts as o')
            .whereRef('o.window_ends_at', '=', 'attempts.count')
            .execute(),
        );
    });

    it('may both have the same key, and an upsert meets only its own', async () => {
      await changed((transaction) =>
        transaction
          .insertInto('attempts')
          .values([
            { key: 'a', window_ends_at: 5, count: 50 },
            { key: 'd', window_ends_at: 5, count: 51 },
          ])
          .onConflict((conflict) =>
            conflict.columns(['key']).doUpdateSet((set) => ({ count: set.ref('excluded.count') })),
          )
          .returning('count')
          .execute(),
      );
      assert.deepEqual(await counts(), [50, 2, 3, 51]);
      await changed((transaction) =>
        transaction
          .insertInto('attempts')
          .values({ key: 'a', window_ends_at: 5, count: 60 })
          .onConflict((conflict) => conflict.columns(['key']).doNothing())
          .execute(),
      );
      assert.deepEqual(await counts(), [1, 2, 3]);
    });

    it('cannot be reached by the number of a row', async () => {
      const user = (username: string) => ({
        id: username,
        uid: username,
        username,
        username_key: username,
        name: '',
        email: '',
        email_key: '',
        is_active: 1 as const,
        type: 'internal',
        path: 'users',
        attributes: '{}',
        password_hash: null,
        password_changed_at: 0,
        last_login_at: null,
        created_at: 0,
        updated_at: 0,
      });
      const { pk } = await theirs.write((transaction) =>
        transaction.insertInto('users').values(user('ann')).returning('pk').executeTakeFirstOrThrow(),
      );
      assert.deepEqual(await ours.read.selectFrom('users').selectAll().where('pk', '=', pk).execute(), []);
      // The number alone is unique in the whole database, so this is the one key where a tenant can meet another.
      const upsert = ours.write((transaction) =>
        transaction
          .insertInto('users')
          .values({ ...user('bob'), pk })
          .onConflict((conflict) => conflict.constraint('users_pkey').doUpdateSet({ username: 'taken' }))
          .execute(),
      );
      await upsert.catch(() => undefined);
      const kept = await theirs.read.selectFrom('users').select('username').where('pk', '=', pk).execute();
      assert.deepEqual(copies(kept), [{ username: 'ann' }]);
    });

    it('a name made by with hides a table only inside its query', async () => {
      await fill();
      const found = await ours.read
        .selectFrom('attempts')
        .innerJoin(
          ours.read
            .with('named', (query) => query.selectFrom('attempts').select('key').where('key', '=', 'a'))
            .selectFrom('named')
            .select('named.key')
            .as('one'),
          'one.key',
          'attempts.key',
        )
        .select(['attempts.key', 'attempts.count'])
        .execute();
      assert.deepEqual(copies(found), [{ key: 'a', count: 1 }]);
    });

    it('what cannot be bound to a tenant is refused', async () => {
      const { read } = ours;
      const refused = (run: () => Promise<unknown>) =>
        assert.rejects(async () => run(), /cannot be bound|names its columns|keeps its tenant/);
      await refused(() => sql`select * from attempts`.execute(read));
      await refused(() => read.selectFrom(sql<{ key: string }>`attempts`.as('a')).selectAll().execute());
      await refused(() =>
        read.selectFrom('attempts as a').rightJoin('attempts as b', 'b.key', 'a.key').selectAll().execute(),
      );
      await refused(() =>
        read.selectFrom('attempts as a').fullJoin('attempts as b', 'b.key', 'a.key').selectAll().execute(),
      );
      await refused(() => read.schema.dropTable('attempts').execute());
      await refused(() => read.insertInto('attempts').defaultValues().execute());
      await refused(() =>
        read
          .insertInto('attempts')
          .columns(['key', 'window_ends_at', 'count'])
          .expression(read.selectFrom('attempts').select(['key', 'window_ends_at', 'count']))
          .execute(),
      );
      await refused(() =>
        read
          .updateTable('attempts')
          .set({ tenant_id: 'theirs' } as never)
          .execute(),
      );
      await refused(() =>
        read.mergeInto('attempts').using('attempts as o', 'o.key', 'attempts.key').whenMatched().thenDelete().execute(),
      );
      // A refusal leaves nothing behind that the next query would meet.
      await fill();
      assert.deepEqual(await counts(), [1, 2, 3]);
    });
  });
}
