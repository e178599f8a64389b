import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { databases, type TestDatabase } from '../../tests/environment/databases.ts';
import { type Database, openDatabase, type Queries } from './database.ts';
import { prepare } from './prepared.ts';
import { UnitEndedError } from './units.ts';

for (const engine of databases()) {
  describe(`prepared queries on ${engine.name}`, () => {
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

    let built = 0;
    const put = prepare((queries, { name, value }: { name: string; value: string }) => {
      built += 1;
      return queries.insertInto('system_settings').values({ name, value });
    });
    const get = prepare((queries, { name }: { name: string }) =>
      queries.selectFrom('system_settings').select('value').where('name', '=', name),
    );

    it('are built once for each database, and run with the values of each call', async () => {
      for (const name of ['a', 'b', 'c']) {
        await ours.write((transaction) => put(transaction, { name, value: `our ${name}` }));
      }
      assert.equal(built, 1);
      assert.equal((await get(ours.read, { name: 'b' }))[0]?.value, 'our b');
      assert.deepEqual(await get(ours.read, { name: 'd' }), []);
    });

    it('are bound to the tenant of the database that they are run on', async () => {
      assert.deepEqual(await get(theirs.read, { name: 'a' }), []);
      await theirs.write((transaction) => put(transaction, { name: 'a', value: 'their a' }));
      assert.equal(built, 2);
      assert.equal((await get(theirs.read, { name: 'a' }))[0]?.value, 'their a');
      assert.equal((await get(ours.read, { name: 'a' }))[0]?.value, 'our a');
    });

    it('end with their unit of work', async () => {
      let left: Queries | undefined;
      await ours.write(async (transaction) => {
        left = transaction;
        await put(transaction, { name: 'inside', value: '' });
      });
      await assert.rejects(put(left as Queries, { name: 'outside', value: '' }), UnitEndedError);
      assert.deepEqual(await get(ours.read, { name: 'outside' }), []);
    });

    it('refuse a value that is missing, and a query that looks at its values', async () => {
      await assert.rejects(get(ours.read, {} as { name: string }), /lacks name/);
      const looking = prepare((queries, { name }: { name: string }) =>
        queries.selectFrom('system_settings').select('value').where('name', '=', `${name}!`),
      );
      await assert.rejects(looking(ours.read, { name: 'a' }), /does not look at it/);
    });
  });
}
