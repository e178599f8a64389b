import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { openTestCore, type TestCore } from '../../tests/environment/core.ts';
import { databases } from '../../tests/environment/databases.ts';
import { eventRetention, recordEvent } from './events.ts';
import { groupModel, userModel } from './models/people.ts';
import { normalisedKey } from './names.ts';
import { insertObject, updateObject } from './objects.ts';
import { readSecret, writeSecret } from './secrets.ts';
import { createSession, endSessions, hashOfToken, sessionById, sessionByToken, sessionIdsOf } from './sessions.ts';
import { createUser, membershipsOf, userByIdentifier } from './users.ts';

const HOUR = 3_600_000;

describe('names', () => {
  it('are the same after normalising once or twice, in whatever case and width', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        const key = normalisedKey(name);
        assert.equal(normalisedKey(key), key);
        assert.equal(normalisedKey(` ${name.normalize('NFD')}\t`), key);
      }),
    );
    for (const same of ['ÅSE', 'åse', 'A\u030ase', 'Ａ\u030aＳＥ', ' åse ']) assert.equal(normalisedKey(same), 'åse');
  });
});

for (const engine of databases()) {
  describe(`people on ${engine.name}`, { timeout: 60_000 }, () => {
    let tested: TestCore;
    before(async () => {
      tested = await openTestCore(engine);
    });
    after(() => tested.close());

    const user = async (username: string, more: object = {}): Promise<number> => {
      const { core } = tested;
      const made = await core.database.write((transaction) => createUser(core, transaction, { username, ...more }));
      return made.pk as number;
    };
    const group = async (name: string, more: object = {}): Promise<string> => {
      const { core } = tested;
      const values = { name, ...more };
      return (await core.database.write((transaction) => insertObject(core, transaction, groupModel, values))).id;
    };
    const session = (userPk: number) =>
      tested.core.database.write((transaction) =>
        createSession(transaction, tested.core.now(), {
          userPk,
          lifetimeMilliseconds: HOUR,
          methods: ['pwd'],
          address: '192.0.2.1',
          userAgent: 'x'.repeat(2000),
          binding: {},
        }),
      );
    const open = (token: string) => sessionByToken(tested.core.database, tested.core.now(), token);
    const end = (ids: string[]) =>
      tested.core.database.write((transaction) => endSessions(transaction, tested.core.now(), ids));

    it('are found by name in any case and width, and by an address that is theirs alone', async () => {
      const pk = await user('Åse', { email: 'Ase@Example.org' });
      await user('first', { email: 'shared@example.org' });
      await user('second', { email: 'SHARED@example.org' });
      const find = async (typed: string, exact = false) =>
        (await userByIdentifier(tested.core.database, typed, ['username', 'email'], exact))?.pk;
      for (const typed of ['åse', 'ÅSE', ' A\u030ase ', 'ase@example.ORG', 'ａse@example.org'])
        assert.equal(await find(typed), pk, typed);
      for (const typed of ['', ' ', 'shared@example.org', 'ase', "' or 1=1 --", '%', 'a\0', '\ud800'])
        assert.equal(await find(typed), undefined, typed);
      assert.equal(await find('Åse', true), pk);
      assert.equal(await find('åse', true), undefined);
      const named = await user('named', { attributes: { upn: 'ann@corp.example' } });
      const byUpn = await userByIdentifier(tested.core.database, 'ann@corp.example', ['upn']);
      assert.equal(byUpn?.pk, named);
    });

    it('are in every group above theirs, once, also when parents go in a circle', async () => {
      const top = await group('top', { is_superuser: true, attributes: { level: 1 } });
      const middle = await group('middle', { parents: [top] });
      const leaf = await group('leaf', { parents: [middle] });
      await tested.core.database.write((transaction) =>
        updateObject(tested.core, transaction, groupModel, top, { parents: [leaf] }),
      );
      await group('elsewhere', { parents: [leaf] });
      const pk = await user('climber', { groups: [leaf] });
      const held = await membershipsOf(tested.core.database.read, pk);
      assert.deepEqual(
        held.map((each) => [each.name, each.isSuperuser]),
        [
          ['leaf', false],
          ['middle', false],
          ['top', true],
        ],
      );
      assert.deepEqual(held[2]?.attributes, { level: 1 });
      assert.deepEqual(await membershipsOf(tested.core.database.read, await user('alone')), []);
    });

    it('have sessions that end at once, with the account, and in time', async () => {
      const pk = await user('visitor');
      const first = await session(pk);
      const opened = await open(first.token);
      assert.equal(opened?.user.pk, pk);
      assert.equal(opened?.id, first.id);
      assert.equal(await open(hashOfToken(first.token)), undefined, 'what is stored opens nothing');
      await end([first.id]);
      assert.equal(await open(first.token), undefined);
      assert.equal(await sessionById(tested.core.database.read, tested.core.now(), first.id), undefined);
      const second = await session(pk);
      const { id } = opened?.user ?? { id: '' };
      const active = (is_active: boolean) =>
        tested.core.database.write((transaction) =>
          updateObject(tested.core, transaction, userModel, id, { is_active }),
        );
      await active(false);
      assert.equal(await open(second.token), undefined);
      await active(true);
      assert.ok(await open(second.token));
      tested.wait(HOUR - 1);
      assert.ok(await open(second.token));
      tested.wait(1);
      assert.equal(await open(second.token), undefined);
    });

    it('may have a thousand sessions and more, and lose all but one together', async () => {
      const pk = await user('busy');
      const { id: kept, token } = await session(pk);
      const at = tested.core.now();
      const row = { user_pk: pk, created_at: at, expires_at: at + HOUR, last_used_at: at, authenticated_at: at };
      await tested.core.database.write(async (transaction) => {
        for (let part = 0; part < 25; part += 1) {
          const values = Array.from({ length: 100 }, (_, index) => ({
            ...row,
            id: `session ${part} ${index}`,
            token_hash: `hash ${part} ${index}`,
            methods: '[]',
            address: '',
            user_agent: '',
            binding: '{}',
          }));
          await transaction.insertInto('sessions').values(values).execute();
        }
      });
      const others = await sessionIdsOf(tested.core.database.read, pk, kept);
      assert.equal(others.length, 2500);
      await end(others);
      assert.deepEqual(await sessionIdsOf(tested.core.database.read, pk), [kept]);
      assert.ok(await open(token));
    });

    it('of fifty guesses at once exactly as many pass as may', async () => {
      const other = await tested.another();
      const guess = (index: number) => (index % 2 ? tested.core : other).attempts.count('password user 1', 7, 60_000);
      const passed = await Promise.all(Array.from({ length: 50 }, (_, index) => guess(index)));
      assert.equal(passed.filter(Boolean).length, 7);
      assert.equal(await guess(0), false);
      assert.equal(await tested.core.attempts.count('password user 2', 7, 60_000), true);
      // More guesses do not make the window longer.
      tested.wait(59_999);
      assert.equal(await guess(0), false);
      tested.wait(1);
      assert.equal(await guess(0), true);
      await tested.core.attempts.clear('password user 1');
      for (let index = 0; index < 7; index += 1) assert.equal(await guess(0), true);
      assert.equal(await guess(0), false);
      const keys = await tested.core.database.read.selectFrom('attempts').select('key').execute();
      for (const { key } of keys) assert.match(key, /^[0-9a-f]{64}$/);
    });

    it('have secrets that no table shows and no other owner opens', async () => {
      const { sealer, database } = tested.core;
      await database.write((transaction) => writeSecret(sealer, transaction, 'owner', 'seed', 'the plain secret'));
      const rows = await database.read.selectFrom('secrets').selectAll().where('owner_id', '=', 'owner').execute();
      assert.ok(!JSON.stringify(rows).includes('plain'));
      assert.ok(
        !Buffer.from(rows[0]?.sealed ?? '', 'base64url')
          .toString('latin1')
          .includes('plain'),
      );
      assert.equal(await readSecret(sealer, database.read, 'owner', 'seed'), 'the plain secret');
      const sealed = rows[0]?.sealed as string;
      await database.write(async (transaction) => {
        await transaction.insertInto('secrets').values({ owner_id: 'thief', field: 'seed', sealed }).execute();
        await transaction.insertInto('secrets').values({ owner_id: 'owner', field: 'note', sealed }).execute();
      });
      await assert.rejects(readSecret(sealer, database.read, 'thief', 'seed'));
      await assert.rejects(readSecret(sealer, database.read, 'owner', 'note'));
      await database.write((transaction) => writeSecret(sealer, transaction, 'owner', 'seed', ''));
      assert.equal(await readSecret(sealer, database.read, 'owner', 'seed'), undefined);
    });

    it('leave events of bounded size that end some day', async () => {
      const at = tested.core.now();
      for (const filler of ['"', '\\', '\0', '😀', 'x'])
        await tested.core.database.write((transaction) =>
          recordEvent(transaction, at, {
            action: 'login_failed',
            app: 'tests',
            context: { filler: filler.repeat(200_000) },
          }),
        );
      const rows = await tested.core.database.read
        .selectFrom('events')
        .selectAll()
        .where('app', '=', 'tests')
        .execute();
      assert.equal(rows.length, 5);
      for (const row of rows) {
        assert.ok(row.context.length <= 3 * 16_384, String(row.context.length));
        assert.equal(typeof (JSON.parse(row.context) as { truncated: string }).truncated, 'string');
        assert.equal(row.expires_at, at + (await eventRetention(tested.core.database.read)));
      }
    });
  });
}
