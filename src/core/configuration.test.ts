import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openTestCore, type TestCore } from '../../tests/environment/core.ts';
import { databases } from '../../tests/environment/databases.ts';
import type { Queries } from '../db/database.ts';
import { bumpConfiguration } from './configuration.ts';

for (const engine of databases()) {
  describe(`configuration in memory on ${engine.name}`, () => {
    let tested: TestCore;
    before(async () => {
      tested = await openTestCore(engine);
    });
    after(() => tested.close());

    const read = async (queries: Queries): Promise<string> => {
      const row = await queries
        .selectFrom('system_settings')
        .select('value')
        .where('name', '=', 'v')
        .executeTakeFirst();
      return row?.value ?? 'nothing';
    };
    const set = async (value: string): Promise<void> => {
      const { database, configuration } = tested.core;
      await database.write(async (transaction) => {
        await transaction
          .insertInto('system_settings')
          .values({ name: 'v', value })
          .onConflict((conflict) => conflict.columns(['name']).doUpdateSet({ value }))
          .execute();
        await bumpConfiguration(database, transaction);
      });
      configuration.clear();
    };

    it('is loaded once for all who ask, until it changes', async () => {
      const { configuration } = tested.core;
      let loads = 0;
      const get = () =>
        configuration.get('once', (queries) => {
          loads += 1;
          return read(queries);
        });
      assert.deepEqual(await Promise.all([get(), get(), get()]), ['nothing', 'nothing', 'nothing']);
      assert.equal(loads, 1);
      await set('one');
      assert.equal(await get(), 'one');
      assert.ok(loads >= 2);
      // PostgreSQL tells of the change once more, a little later.
      for (let seen = 0; seen !== loads; ) {
        seen = loads;
        await tested.core.database.write((transaction) => read(transaction));
        await get();
      }
      const settled = loads;
      // Other writes, such as sign-ins, leave it where it is.
      await tested.core.attempts.count('anything', 5, 1000);
      await get();
      assert.equal(loads, settled);
    });

    it('a load that began before a change is not kept after it', async () => {
      const { configuration } = tested.core;
      await set('before');
      const gate = Promise.withResolvers<void>();
      const hasRead = Promise.withResolvers<void>();
      const slow = configuration.get('slow', async (queries) => {
        const value = await read(queries);
        hasRead.resolve();
        await gate.promise;
        return value;
      });
      await hasRead.promise;
      await set('after');
      gate.resolve();
      assert.equal(await slow, 'before');
      assert.equal(await configuration.get('slow', read), 'after');
    });

    it('what fails or is not there is asked for again', async () => {
      const { configuration } = tested.core;
      await assert.rejects(
        configuration.get('faulty', async () => {
          throw new Error('no');
        }),
        /no/,
      );
      assert.equal(await configuration.get('faulty', async () => 'yes'), 'yes');
      assert.equal(await configuration.get<string | undefined>('absent', async () => undefined), undefined);
      assert.equal(await configuration.get<string | undefined>('absent', async () => 'there'), 'there');
    });

    it('keeps no more than so many things', async () => {
      const { configuration } = tested.core;
      let loads = 0;
      const get = (key: string) =>
        configuration.get(key, async () => {
          loads += 1;
          return key;
        });
      for (let index = 0; index < 2500; index += 1) await get(`key ${index}`);
      await get('key 2499');
      assert.equal(loads, 2500);
      await get('key 0');
      assert.equal(loads, 2501);
    });
  });
}
