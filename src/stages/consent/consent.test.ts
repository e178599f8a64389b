import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { databases } from '../../../tests/environment/databases.ts';
import { startOstiary, type TestOstiary } from '../../../tests/environment/ostiary.ts';
import type { Json } from '../../core/declaration.ts';
import { applicationModel } from '../../core/models/access.ts';
import type { User } from '../../core/users.ts';
import type { RunContext, StageRun } from '../stage.ts';
import { allow } from './consent.store.ts';
import { consent } from './consent.ts';

const day = 86_400_000;
const scopes = (...ids: string[]): Json => ids.map((id) => ({ id, name: `See your ${id}` }));
const ids = (permissions: unknown): string[] => (permissions as { id: string }[]).map(({ id }) => id);

for (const engine of databases()) {
  describe(engine.name, () => {
    let ostiary: TestOstiary;
    let ann: User;
    let now = Date.UTC(2026, 0, 1);
    before(async () => {
      ostiary = await startOstiary({ engine, now: () => now });
      ann = await ostiary.person('ann');
    });
    after(() => ostiary.stop());

    const application = async (slug: string): Promise<string> =>
      (await ostiary.make(applicationModel, { name: slug, slug })).id;

    /** The stage in the place where a flow would run it. */
    function stage(mode: string, context: RunContext, more: Partial<StageRun> = {}): StageRun {
      return {
        core: ostiary.core,
        stageId: 'stage',
        settings: { name: 'consent', mode, consent_expire_in: 'days=2' },
        context,
        pendingUser: ann,
        request: { session: undefined },
        ...more,
      } as unknown as StageRun;
    }
    const look = (run: StageRun) => consent.challenge(run);
    const shown = async (run: StageRun): Promise<Record<string, unknown> & { token: string }> => {
      const outcome = await look(run);
      assert.equal(outcome.type, 'challenge');
      return (outcome as unknown as { challenge: Record<string, unknown> & { token: string } }).challenge;
    };
    /** Says yes on the screen that is shown. */
    async function sayYes(run: StageRun): Promise<void> {
      const { token } = await shown(run);
      const outcome = await consent.respond?.(run, { token });
      assert.equal(outcome?.type, 'next');
      if (outcome?.type === 'next' && outcome.effect) await ostiary.core.database.write(outcome.effect);
    }

    test('always means every time, and nothing is kept', async () => {
      const run = stage('always_require', { application: await application('a'), permissions: scopes('email') });
      await sayYes(run);
      assert.equal((await look(run)).type, 'challenge');
      assert.deepEqual(await ostiary.core.database.read.selectFrom('consents').selectAll().execute(), []);
    });

    test('permanent is asked once; more is asked for apart, and joins what was allowed', async () => {
      const at = await application('b');
      const run = (...names: string[]) => stage('permanent', { application: at, permissions: scopes(...names) });
      assert.deepEqual((await shown(run('email'))).additional_permissions, []);
      await sayYes(run('email'));
      now += 3650 * day;
      assert.deepEqual(await look(run('email')), { type: 'next' });
      const more = await shown(run('email', 'profile'));
      assert.deepEqual([ids(more.permissions), ids(more.additional_permissions)], [['email'], ['profile']]);
      await sayYes(run('profile'));
      assert.deepEqual(await look(run('email', 'profile')), { type: 'next' });
      const other = stage('permanent', { application: await application('b2'), permissions: scopes('email') });
      assert.equal((await look(other)).type, 'challenge', 'consent is to one application');
    });

    test('expiring consent is asked for again when it is over, as if it had never been', async () => {
      const at = await application('c');
      const run = (...names: string[]) => stage('expiring', { application: at, permissions: scopes(...names) });
      await sayYes(run('email', 'profile'));
      now += 2 * day - 1;
      assert.deepEqual(await look(run('email')), { type: 'next' });
      now += 1;
      const again = await shown(run('email'));
      assert.deepEqual([ids(again.permissions), again.additional_permissions], [['email'], []]);
      await sayYes(run('email'));
      assert.equal((await look(run('profile'))).type, 'challenge', 'what has lapsed is not renewed along');
    });

    test('an application that insists is asked for again', async () => {
      const context = { application: await application('d'), permissions: scopes('email') };
      await sayYes(stage('permanent', context));
      const again = await shown(stage('permanent', { ...context, consent_required: true }));
      assert.deepEqual([ids(again.permissions), again.additional_permissions], [['email'], []]);
    });

    test('only the token of this screen is consent', async () => {
      const at = await application('e');
      const context = { application: at, permissions: scopes('email') };
      const run = stage('permanent', context);
      const bob = await ostiary.person(`bob-${engine.name}`);
      const others = [
        stage('permanent', { ...context, permissions: scopes('email', 'profile') }),
        stage('permanent', { ...context, application: await application('e2') }),
        stage('permanent', context, { pendingUser: bob }),
        stage('permanent', context, { request: { session: { id: 'another' } } as never }),
        stage('permanent', context, { stageId: 'another' }),
      ];
      const tokens: unknown[] = [undefined, '', 'x', 'x'.repeat(100_000), 7, ['x'], { toString: 'x' }, null];
      for (const other of others) tokens.push((await shown(other)).token);
      const late = (await shown(run)).token;
      now += 3_600_001;
      tokens.push(late);
      for (const token of tokens) {
        const outcome = await consent.respond?.(run, { token });
        assert.equal(outcome?.type, 'retry', JSON.stringify(token)?.slice(0, 40));
      }
      assert.equal((await look(run)).type, 'challenge');
    });

    test('without an application the question is asked and nothing is kept', async () => {
      for (const context of [{ permissions: scopes('email') }, { permissions: 'email', application: 'x' }, {}]) {
        const run = stage('permanent', context as RunContext);
        await sayYes(run);
        assert.equal((await look(run)).type, 'challenge');
      }
    });

    test('two tabs do not take away what the other allowed', async () => {
      const at = await application('f');
      const parties = { userPk: ann.pk, application: at };
      const { core } = ostiary;
      await Promise.all(
        ['email', 'profile', 'groups', 'phone'].map((each) =>
          core.database.write((transaction) => allow(core, transaction, parties, [each], null)),
        ),
      );
      const all = { application: at, permissions: scopes('email', 'profile', 'groups', 'phone') };
      assert.deepEqual(await look(stage('permanent', all)), { type: 'next' });
    });

    test('the screen names the application and the person, in the form that the wire has', async () => {
      const context = { application: await application('g'), application_name: 'Todo', permissions: scopes('email') };
      const { token, ...rest } = await shown(stage('permanent', context));
      assert.ok(token.length > 20);
      assert.deepEqual(rest, {
        component: 'ak-stage-consent',
        pending_user: 'ann',
        pending_user_avatar: '',
        header_text: 'Todo asks for access to your account.',
        permissions: [{ id: 'email', name: 'See your email' }],
        additional_permissions: [],
      });
    });
  });
}
