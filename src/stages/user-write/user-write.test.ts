import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { databases } from '../../../tests/environment/databases.ts';
import { FlowClient, makeFlow } from '../../../tests/environment/flow-client.ts';
import { startOstiary, type TestOstiary } from '../../../tests/environment/ostiary.ts';
import { createSession, sessionById, sessionIdsOf } from '../../core/sessions.ts';
import { membershipsOf, passwordHashOf, type User, userByIdentifier, userByPk } from '../../core/users.ts';
import { prompt, promptModel } from '../prompt/prompt.ts';
import { pick, withAttributes } from './written.ts';
import { userWrite } from './user-write.ts';

type Settings = Record<string, unknown>;
const answer = (values: Settings): Settings => ({ component: 'ak-stage-prompt', ...values });

for (const engine of databases()) {
  describe(engine.name, () => {
    let ostiary: TestOstiary;
    let made = 0;
    before(async () => {
      ostiary = await startOstiary({ engine });
    });
    after(() => ostiary.stop());

    /** A flow that asks for these fields and writes them; returns its slug. */
    async function writing(keys: string[], stage: Settings = {}, flow: Settings = {}): Promise<string> {
      made += 1;
      const slug = `write-${made}`;
      const fields: string[] = [];
      for (const [order, field_key] of keys.entries()) {
        const type = field_key === 'password' ? 'password' : 'text';
        const values = { name: `${slug} ${order}`, label: field_key, field_key, type, order, required: false };
        fields.push((await ostiary.make(promptModel, values as never)).id);
      }
      await makeFlow(ostiary, { slug, ...flow }, [
        [prompt, { fields }],
        [userWrite, stage],
      ]);
      return slug;
    }
    const settings = { designation: 'stage_configuration', authentication: 'require_authenticated' };
    const named = (username: string): Promise<User | undefined> =>
      userByIdentifier(ostiary.core.database, username, ['username']);
    const again = async (user: User): Promise<User> => (await userByPk(ostiary.core.database.read, user.pk)) as User;
    const actions = async (username: string): Promise<string[]> => {
      const rows = await ostiary.core.database.read
        .selectFrom('events')
        .select('action')
        .where('username_key', '=', username)
        .execute();
      return rows.map((row) => row.action).toSorted();
    };

    test('a new account is made as the settings say, and never with more', async () => {
      const group = await ostiary.group('newcomers');
      const keys = [
        'username',
        'name',
        'email',
        'password',
        'attributes.a.b',
        'attributes.c',
        'is_superuser',
        'groups',
      ];
      const slug = await writing([...keys, 'type', 'is_active'], {
        create_users_group: group,
        user_path_template: 'guests',
      });
      const end = await new FlowClient(ostiary, slug).answer(
        answer({
          username: 'dora',
          name: 'Dora',
          email: 'dora@example.org',
          password: 'dora has a secret',
          'attributes.a.b': 'deep',
          'attributes.c': 'flat',
          is_superuser: 'true',
          groups: 'authentik Admins',
          type: 'internal',
          is_active: 'true',
        }),
      );
      assert.equal(end.component, 'xak-flow-redirect');
      const dora = (await named('dora')) as User;
      const { name, email, isActive, type, path, attributes } = dora;
      assert.deepEqual(
        { name, email, isActive, type, path, attributes },
        {
          name: 'Dora',
          email: 'dora@example.org',
          isActive: false,
          type: 'external',
          path: 'guests',
          attributes: { a: { b: 'deep' }, c: 'flat' },
        },
      );
      const { core } = ostiary;
      assert.deepEqual(
        (await membershipsOf(core.database.read, dora.pk)).map((each) => each.id),
        [group],
      );
      const hash = await passwordHashOf(core.database.read, dora.pk);
      assert.equal((await core.passwords.verify('dora has a secret', hash ?? '')).valid, true);
      assert.deepEqual(await actions('dora'), ['model_created', 'password_set', 'user_write']);
      const runs = await core.database.read.selectFrom('flow_runs').select('state').execute();
      assert.ok(!JSON.stringify(runs).includes(String(hash)), 'the run forgets the hash');
    });

    test('nobody is made where nobody may be, or without a username', async () => {
      const never = new FlowClient(ostiary, await writing(['username'], { user_creation_mode: 'never_create' }));
      assert.equal((await never.answer(answer({ username: 'eve' }))).component, 'ak-stage-access-denied');
      assert.equal(await named('eve'), undefined);
      const nameless = new FlowClient(ostiary, await writing(['name']));
      const denied = await nameless.answer(answer({ name: 'Eve' }));
      assert.match(String(denied.error_message), /needs a username/);
    });

    test('two who want one name at the same time: one has it, the other is told', async () => {
      const slug = await writing(['username', 'attributes.who']);
      const clients = Array.from({ length: 6 }, () => new FlowClient(ostiary, slug));
      const ends = await Promise.all(
        clients.map((client, who) => client.answer(answer({ username: 'Frank', 'attributes.who': String(who) }))),
      );
      assert.equal(ends.filter((each) => each.component === 'xak-flow-redirect').length, 1);
      for (const each of ends) assert.ok(each.status < 500, JSON.stringify(each));
      assert.equal((await named('FRANK'))?.username, 'Frank');
    });

    test('people change of themselves what they may', async () => {
      const slug = await writing(['username', 'name', 'email', 'attributes.settings.locale'], {}, settings);
      const gina = await ostiary.person('gina');
      const change = async (values: Settings) => {
        const client = new FlowClient(ostiary, slug);
        await client.signIn(ostiary, gina.pk);
        return client.answer(answer({ username: 'gina', email: gina.email, ...values }));
      };
      const end = await change({ name: 'Gina G.', 'attributes.settings.locale': 'de' });
      assert.equal(end.component, 'xak-flow-redirect', JSON.stringify(end));
      assert.match(String((await change({ username: 'regina' })).error_message), /your username/);
      assert.match(String((await change({ email: 'g@example.net' })).error_message), /your email address/);
      const { name, username, email, attributes } = await again(gina);
      assert.deepEqual(
        { name, username, email, attributes },
        { name: 'Gina G.', username: 'gina', email: gina.email, attributes: { settings: { locale: 'de' } } },
      );
      await ostiary.core.database.write((transaction) =>
        transaction
          .insertInto('system_settings')
          .values({ name: 'settings', value: '{"default_user_change_email":true,"default_user_change_name":false}' })
          .execute(),
      );
      const moved = await change({ email: 'g@example.net' });
      assert.equal(moved.component, 'xak-flow-redirect', JSON.stringify(moved));
      assert.equal((await again(gina)).email, 'g@example.net');
      gina.email = 'g@example.net';
      assert.match(String((await change({ name: 'Other' })).error_message), /your name/);
    });

    test('attributes that are not written stay as they are', async () => {
      const slug = await writing(['attributes.one', 'attributes.two'], {}, settings);
      const hans = await ostiary.person('hans');
      const client = new FlowClient(ostiary, slug);
      await client.signIn(ostiary, hans.pk);
      await client.answer(answer({ 'attributes.one': '1' }));
      const other = new FlowClient(ostiary, slug);
      await other.signIn(ostiary, hans.pk);
      await other.answer(answer({ 'attributes.two': '2' }));
      assert.deepEqual((await again(hans)).attributes, { one: '1', two: '2' });
    });

    test('a new password ends the other sessions of the person, and of nobody else', async () => {
      const slug = await writing(['password'], { user_creation_mode: 'never_create' }, settings);
      const [ida, jim] = [await ostiary.person('ida'), await ostiary.person('jim')];
      const client = new FlowClient(ostiary, slug);
      const { core } = ostiary;
      const elsewhere = (userPk: number) =>
        core.database.write((transaction) =>
          createSession(transaction, core.now(), {
            userPk,
            lifetimeMilliseconds: 60_000,
            methods: ['pwd'],
            address: '192.0.2.1',
            userAgent: '',
            binding: {},
          }),
        );
      const theirs = await elsewhere(jim.pk);
      await elsewhere(ida.pk);
      const own = await client.signIn(ostiary, ida.pk);
      assert.equal((await client.answer(answer({ password: 'new secret of ida' }))).component, 'xak-flow-redirect');
      assert.deepEqual(await sessionIdsOf(core.database.read, ida.pk), [own]);
      assert.ok(await sessionById(core.database.read, core.now(), theirs.id));
      const hash = await passwordHashOf(core.database.read, ida.pk);
      assert.equal((await core.passwords.verify('new secret of ida', hash ?? '')).valid, true);
      assert.deepEqual(await actions('ida'), ['password_set', 'user_write']);
    });

    test('a look changes nothing', async () => {
      const slug = await writing(['attributes.x'], {}, settings);
      const kim = await ostiary.person('kim');
      const client = new FlowClient(ostiary, slug);
      await client.signIn(ostiary, kim.pk);
      await client.look();
      await client.look();
      assert.deepEqual(await actions('kim'), []);
    });
  });
}

test('only known fields are picked, and none reaches a prototype', () => {
  const answers = JSON.parse('{"is_superuser":true,"pk":1,"__proto__":{"name":"x"},"uid":"u","groups":["a"]}');
  assert.deepEqual(pick(answers), { names: {}, attributes: [], hash: undefined });
  for (const key of ['attributes.__proto__.x', 'attributes.a.__proto__', 'attributes.', 'attributes.a..b']) {
    assert.deepEqual(pick({ [key]: 'x' }), { unfit: key });
  }
  assert.deepEqual(pick({ [`attributes.${'a.'.repeat(20)}b`]: 'x' }), { unfit: `attributes.${'a.'.repeat(20)}b` });
  assert.deepEqual(pick({ username: ['ann'] }), { unfit: 'username' });
  assert.deepEqual(pick({ email: 'x'.repeat(300) }), { unfit: 'email' });
  assert.deepEqual(pick({ password: 'in the clear' }), { unfit: 'password' });
  const written = withAttributes({}, [
    { path: ['constructor', 'prototype', 'x'], value: 1 },
    { path: ['toString', 'y'], value: 2 },
  ]);
  assert.deepEqual(written, { constructor: { prototype: { x: 1 } }, toString: { y: 2 } });
  assert.equal(({} as { x?: number }).x, undefined);
  assert.equal(withAttributes({ a: 'x'.repeat(65_000) }, [{ path: ['b'], value: 'x'.repeat(1000) }]), undefined);
  assert.deepEqual(withAttributes({ a: 'text' }, [{ path: ['a', 'b'], value: 1 }]), { a: { b: 1 } });
});
