import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openTestCore, type TestCore } from '../../tests/environment/core.ts';
import { databases } from '../../tests/environment/databases.ts';
import { makeExpiry } from './expiry.ts';
import { insertObject } from './objects.ts';
import { declare, text } from './declaration.ts';
import { createSession } from './sessions.ts';
import { createToken } from './tokens.ts';
import { createUser } from './users.ts';

const providerModel = declare({
  model: 'tests.provider',
  table: 'providers',
  kind: 'tests',
  verboseName: 'Test Provider',
  verboseNamePlural: 'Test Providers',
  fields: { name: text({ column: 'name', keyColumn: 'name_key' }) },
});

for (const engine of databases()) {
  describe(`rows whose time is over on ${engine.name}`, () => {
    let tested: TestCore;
    let user: number;
    let provider: number;
    before(async () => {
      tested = await openTestCore(engine);
      const { core } = tested;
      await core.database.write(async (transaction) => {
        user = (await createUser(core, transaction, { username: 'ann' })).pk as number;
        provider = (await insertObject(core, transaction, providerModel, { name: 'door' })).pk as number;
      });
    });
    after(() => tested.close());

    const session = (lifetimeMilliseconds: number) =>
      tested.core.database.write((transaction) =>
        createSession(transaction, tested.core.now(), {
          userPk: user,
          lifetimeMilliseconds,
          methods: ['pwd'],
          address: '',
          userAgent: '',
          binding: {},
        }),
      );
    const count = async (table: 'sessions' | 'attempts' | 'tokens' | 'secrets' | 'objects' | 'authorization_codes') =>
      (await tested.core.database.read.selectFrom(table).selectAll().execute()).length;
    const grant = (family: string, lifetime: number) => ({
      family_id: family,
      provider_pk: provider,
      user_pk: user,
      session_id: null,
      grant: '{}',
      created_at: tested.core.now(),
      expires_at: tested.core.now() + lifetime,
    });

    it('go, in batches, and the others stay', async () => {
      const { core } = tested;
      const objects = await count('objects');
      for (let index = 0; index < 25; index += 1) await session(index < 23 ? 1000 : 100_000);
      await core.attempts.count('short', 5, 1000);
      await core.attempts.count('long', 5, 100_000);
      const token = (identifier: string, lifetime: number, expiring = true) =>
        core.database.write((transaction) =>
          createToken(core, transaction, {
            identifier,
            user,
            intent: 'app_password',
            expires: new Date(core.now() + lifetime).toISOString(),
            expiring,
          }),
        );
      await token('short', 1000);
      await token('long', 100_000);
      await token('kept', 1000, false);
      tested.wait(1000);
      const expiry = makeExpiry(core, { batch: 10 });
      assert.equal(await expiry.sweep(), 23 + 1 + 1);
      assert.equal(await count('sessions'), 2);
      assert.equal(await count('attempts'), 1);
      assert.equal(await count('tokens'), 2);
      assert.equal(await count('secrets'), 2);
      assert.equal(await count('objects'), objects + 2);
      assert.equal(await expiry.sweep(), 0);
      await expiry.close();
    });

    it('a redeemed code stays until everything that came of it is over', async () => {
      const { database } = tested.core;
      const codes = ['living', 'revoked', 'over', 'short access'];
      await database.write(async (transaction) => {
        for (const family of codes) {
          await transaction
            .insertInto('authorization_codes')
            .values({ ...grant(family, 1000), code_hash: family, redeemed_at: 1 })
            .execute();
        }
        const refresh = (family: string, lifetime: number, more: object = {}) =>
          transaction
            .insertInto('refresh_tokens')
            .values({
              ...grant(family, lifetime),
              token_hash: `${family} ${lifetime}`,
              revoked_at: null,
              redeemed_at: null,
              ...more,
            })
            .execute();
        await refresh('living', 2000, { redeemed_at: 5 });
        await refresh('living', 10_000);
        await refresh('revoked', 10_000, { revoked_at: 5 });
        await refresh('over', 1000);
        await transaction
          .insertInto('access_tokens')
          .values({ ...grant('short access', 3000), token_hash: 'access', revoked_at: null })
          .execute();
      });
      const left = async () =>
        (await database.read.selectFrom('authorization_codes').select('family_id').orderBy('pk').execute()).map(
          (row) => row.family_id,
        );
      const expiry = makeExpiry(tested.core);
      tested.wait(1000);
      await expiry.sweep();
      assert.deepEqual(await left(), ['living', 'short access']);
      tested.wait(2000);
      await expiry.sweep();
      assert.deepEqual(await left(), ['living']);
      tested.wait(7000);
      await expiry.sweep();
      assert.deepEqual(await left(), []);
      await expiry.close();
    });

    it('are looked for after so many writes, once a while, and never while nothing happens', async () => {
      const swept = async (what: () => void): Promise<void> => {
        await session(1);
        tested.wait(1);
        assert.equal(await count('sessions'), 1);
        what();
        while ((await count('sessions')) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
      };
      tested.wait(1_000_000);
      const many = makeExpiry(tested.core, { writes: 3 });
      await many.sweep();
      await swept(() => [1, 2, 3].forEach(() => many.touch()));
      await many.close();
      const soon = makeExpiry(tested.core, { delayMilliseconds: 20 });
      await swept(() => soon.touch());
      // It may be touched inside a unit of work.
      await session(1);
      tested.wait(1);
      await tested.core.database.write(async () => soon.touch());
      while ((await count('sessions')) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await soon.sweep();
      const sweptAt = tested.core.database.statements();
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.equal(tested.core.database.statements(), sweptAt);
      await soon.close();
      await session(1);
      tested.wait(1);
      soon.touch();
      const closedAt = tested.core.database.statements();
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.equal(tested.core.database.statements(), closedAt, 'closed');
    });
  });
}
