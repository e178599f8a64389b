import assert from 'node:assert/strict';
import { after, before, describe, mock, test } from 'node:test';
import { events } from '../../tests/environment/counting.ts';
import { databases } from '../../tests/environment/databases.ts';
import { type PolicyBinding, startOstiary, type TestOstiary } from '../../tests/environment/ostiary.ts';
import { bumpConfiguration } from '../core/configuration.ts';
import { applicationModel, policyBindingModel } from '../core/models/access.ts';
import type { User } from '../core/users.ts';
import { expression } from '../policies/expression/expression.ts';
import type { Application } from './access.ts';

const ENTRY = { clientAddress: '192.0.2.7' };

for (const engine of databases()) {
  describe(`the gate on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    let ann: User;
    let made = 0;
    before(async () => {
      ostiary = await startOstiary({ engine });
      ann = await ostiary.person('ann');
    });
    after(() => ostiary.stop());

    const application = async (mode: 'any' | 'all', bindings: PolicyBinding[] = []): Promise<Application> => {
      made += 1;
      const slug = `application-${made}`;
      const found = await ostiary.make(applicationModel, { name: slug, slug, policy_engine_mode: mode });
      for (const [order, binding] of bindings.entries()) await ostiary.bind(found.id, { order, ...binding });
      return found;
    };
    const policy = async (source: string, language = 'javascript'): Promise<string> => {
      made += 1;
      const values = { name: `policy ${made}`, language, expression: source };
      return (await ostiary.make(expression.declaration, values as never)).id;
    };
    const enters = async (user: Pick<User, 'pk'>, into: Application): Promise<boolean> =>
      (await ostiary.access.mayEnter(user, into, ENTRY)).passing;
    const inTransaction = ostiaryWrite(() => ostiary);

    test('an application that nothing is bound to is open to everybody who is active', async () => {
      const open = await application('any');
      assert.equal(await enters(ann, open), true);
      const idle = await ostiary.person('idle', { isActive: false });
      assert.equal(await enters(idle, open), false);
      assert.equal(await enters({ pk: 999_999 }, open), false, 'nobody');
      for (const pk of [0, -1, Number.NaN, 1.5]) assert.equal(await enters({ pk }, open), false, `${pk}`);
    });

    test('the account is read again: an old picture of an active person opens nothing', async () => {
      const open = await application('any');
      const bea = await ostiary.person('bea');
      assert.equal(await enters(bea, open), true);
      await inTransaction((transaction) =>
        transaction.updateTable('users').set({ is_active: 0 }).where('pk', '=', bea.pk).execute(),
      );
      assert.equal(bea.isActive, true, 'the picture');
      assert.equal(await enters(bea, open), false);
    });

    test('groups let in their members and those of groups below, until they leave', async () => {
      const above = await ostiary.group('above');
      const below = await ostiary.group('below', { parents: [above] });
      const beside = await ostiary.group('beside');
      const guarded = await application('any', [{ group: above }]);
      assert.equal(await enters(ann, guarded), false, 'a stranger to the group');
      assert.equal(await enters(await ostiary.person('in-above', { groups: [above] }), guarded), true);
      const lower = await ostiary.person('in-below', { groups: [below] });
      assert.equal(await enters(lower, guarded), true);
      assert.equal(await enters(await ostiary.person('in-beside', { groups: [beside] }), guarded), false);
      const downwards = await application('any', [{ group: below }]);
      assert.equal(await enters(await ostiary.person('only-above', { groups: [above] }), downwards), false);
      await inTransaction((transaction) =>
        transaction.deleteFrom('group_members').where('user_pk', '=', lower.pk).execute(),
      );
      assert.equal(await enters(lower, guarded), false, 'the next time they ask');
    });

    test("groups that are each other's parents come to an end", async () => {
      const one = await ostiary.group('ring one');
      const two = await ostiary.group('ring two', { parents: [one] });
      await inTransaction((transaction) =>
        transaction
          .insertInto('group_parents')
          .values({ group_id: one, parent_id: two })
          .onConflict((each) => each.doNothing())
          .execute(),
      );
      const member = await ostiary.person('in-ring', { groups: [one] });
      assert.equal(await enters(member, await application('any', [{ group: two }])), true);
    });

    test('any lets in by one, all asks for each, and the order decides whose words are heard', async () => {
      const yes = await policy('ak_message("yes"); return true');
      const no = await policy('ak_message("no"); return false');
      const never = await policy('ak_message("never"); return false');
      const cases: ['any' | 'all', PolicyBinding[], boolean, string[]][] = [
        ['any', [{ policy: no }, { policy: yes }, { policy: never }], true, ['yes']],
        ['any', [{ policy: no }, { policy: never }], false, ['no', 'never']],
        ['all', [{ policy: yes }, { policy: no }, { policy: never }], false, ['yes', 'no']],
        ['all', [{ policy: yes }, { user: ann.pk }], true, ['yes']],
        [
          'any',
          [
            { policy: no, order: 9 },
            { policy: never, order: 1 },
          ],
          false,
          ['never', 'no'],
        ],
        ['any', [{ policy: yes, enabled: false }, { policy: no }], false, ['no']],
        ['any', [{ policy: yes, enabled: false }], true, []],
        ['all', [{ policy: no, negate: true }], true, ['no']],
        ['any', [{ user: ann.pk, negate: true }], false, []],
        ['any', [{}], false, []],
        ['any', [{ negate: true }], true, []],
      ];
      for (const [mode, bindings, passing, messages] of cases) {
        const { id } = await application(mode, bindings);
        const verdict = await ostiary.access.judge(id, mode, ostiary.access.request(ann, ENTRY));
        assert.deepEqual([verdict.passing, verdict.messages], [passing, messages], JSON.stringify([mode, bindings]));
      }
    });

    test('a policy learns who asks, from where and for what', async () => {
      const curious = await policy(`
        return request.user.username === "ann" && request.client_ip === "192.0.2.7"
          && context.application.slug.startsWith("application-") && context.oauth_scopes.includes("openid")`);
      const into = await application('any', [{ policy: curious }]);
      const verdict = await ostiary.access.mayEnter(ann, into, { ...ENTRY, context: { oauth_scopes: ['openid'] } });
      assert.equal(verdict.passing, true);
      // What a caller says of the application is not believed.
      const forged = { ...ENTRY, context: { application: { slug: 'application-forged' }, oauth_scopes: ['openid'] } };
      const named = await application('any', [
        { policy: await policy('return context.application.slug === "application-forged"') },
      ]);
      assert.equal((await ostiary.access.mayEnter(ann, named, forged)).passing, false);
    });

    for (const [what, source, language] of [
      ['throws', 'throw new Error("broken")', 'javascript'],
      ['never ends', 'for (;;) {}', 'javascript'],
      ['cannot be read', 'return (', 'javascript'],
      ['fills the memory', 'const a = []; for (;;) a.push("x".repeat(1e6))', 'javascript'],
      ['is in a language that does not run', 'return True', 'python'],
      ['throws what cannot be shown', 'throw { get message() { throw 1 } }', 'javascript'],
    ] as const) {
      test(`a policy that ${what} denies, negated or not, unless its failure result says otherwise`, async () => {
        const broken = await policy(source, language);
        const earlier = await events(ostiary, 'policy_exception');
        for (const [binding, passing] of [
          [{}, false],
          [{ negate: true }, false],
          [{ failure_result: true }, true],
          [{ failure_result: true, negate: true }, true],
        ] as const) {
          for (const mode of ['any', 'all'] as const) {
            const into = await application(mode, [{ policy: broken, ...binding }]);
            assert.equal(await enters(ann, into), passing, JSON.stringify([mode, binding]));
          }
        }
        assert.equal((await events(ostiary, 'policy_exception')) - earlier, 8, 'an administrator can see it');
      });
    }

    test('a policy of an unknown kind denies, and one that is bound stays', async () => {
      const odd = await policy('return true');
      const into = await application('any', [{ policy: odd }]);
      await inTransaction(async (transaction) => {
        await transaction.updateTable('policies').set({ kind: 'of-tomorrow' }).where('id', '=', odd).execute();
        await bumpConfiguration(ostiary.core.database, transaction);
      });
      ostiary.core.configuration.clear();
      assert.equal(await enters(ann, into), false);
      // While something is bound by it, a policy is not taken away; so nothing falls open.
      const remove = inTransaction((transaction) => transaction.deleteFrom('policies').where('id', '=', odd).execute());
      await assert.rejects(remove);
    });

    test('settings of a binding that nobody can have written deny', async () => {
      const into = await application('any', [{ group: await ostiary.group('whole') }]);
      await inTransaction((transaction) =>
        transaction.updateTable('policy_bindings').set({ settings: '{' }).where('target_id', '=', into.id).execute(),
      );
      ostiary.core.configuration.clear();
      assert.equal(await enters(ann, into), false);
    });

    test('a database that does not answer denies', async () => {
      const open = await application('any');
      const broken = mock.method(ostiary.core.database.read, 'selectFrom', () => {
        throw new Error('the database is away');
      });
      try {
        ostiary.core.configuration.clear();
        assert.equal(await enters(ann, open), false);
        const verdict = await ostiary.access.judge(open.id, 'any', ostiary.access.request(ann, ENTRY));
        assert.deepEqual([verdict.passing, verdict.failed], [false, true]);
      } finally {
        broken.mock.restore();
      }
      assert.equal(await enters(ann, open), true);
    });

    test('policies that are named one by one must all pass', async () => {
      const yes = await policy('return true');
      const no = await policy('ak_message("Too short."); return false');
      const broken = await policy('throw new Error("broken")');
      const { judgePolicies, request } = ostiary.access;
      for (const [ids, passing] of [
        [[], true],
        [[yes], true],
        [[yes, no], false],
        [[yes, broken], false],
        [['not an identifier'], false],
      ] as const) {
        assert.equal((await judgePolicies(ids, request(ann, ENTRY))).passing, passing, ids.join());
      }
      assert.deepEqual((await judgePolicies([no], request(ann, ENTRY))).messages, ['Too short.']);
    });

    test('a change of the bindings counts with the next request', async () => {
      const into = await application('any', [{ user: ann.pk }]);
      assert.equal(await enters(ann, into), true);
      await ostiary.make(policyBindingModel, { target: into.id, user: ann.pk, negate: true, order: 1 });
      assert.equal(await enters(ann, into), true, 'any');
      await inTransaction(async (transaction) => {
        await transaction
          .deleteFrom('policy_bindings')
          .where('target_id', '=', into.id)
          .where('position', '=', 0)
          .execute();
        await bumpConfiguration(ostiary.core.database, transaction);
      });
      ostiary.core.configuration.clear();
      assert.equal(await enters(ann, into), false);
    });
  });
}

function ostiaryWrite(current: () => TestOstiary): TestOstiary['core']['database']['write'] {
  return (unit) => current().core.database.write(unit);
}
