import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { databases } from '../../tests/environment/databases.ts';
import { makeFlow } from '../../tests/environment/flow-client.ts';
import { startOstiary, type TestOstiary } from '../../tests/environment/ostiary.ts';
import { named, Program, proven } from '../../tests/environment/program.ts';
import { rulesOf } from '../../tests/environment/rules.ts';
import { bumpConfiguration } from '../core/configuration.ts';
import { deny } from '../stages/deny/deny.ts';
import { dummy } from '../stages/dummy/dummy.ts';
import { identification } from '../stages/identification/identification.ts';
import { password } from '../stages/password/password.ts';
import { userLogin } from '../stages/user-login/user-login.ts';

const BACKENDS = { backends: ['authentik.core.auth.InbuiltBackend'] };
const NAMES = { user_fields: ['username'] };
const DENIED = 'ak-stage-access-denied';

for (const engine of databases()) {
  describe(`flows that start over or lose a step, on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    before(async () => {
      ostiary = await startOstiary({ engine });
    });
    after(() => ostiary.stop());

    const { slugOf, policy, flowId, bindingsOf, change } = rulesOf(() => ostiary);
    /** A sign-in of name, a stage that only denies, password and login. */
    const guarded = async (): Promise<{ slug: string; guard: string }> => {
      const slug = slugOf('guarded');
      await makeFlow(ostiary, { slug, designation: 'authentication' }, [
        [identification, NAMES],
        [deny, { deny_message: 'Not you.' }],
        [password, BACKENDS],
        [userLogin, {}],
      ]);
      return { slug, guard: (await bindingsOf(slug))[1] ?? '' };
    };
    test('a wrong answer may send the person to the start, with what was known or without', async () => {
      for (const [action, keepsName] of [
        ['restart', false],
        ['restart_with_context', true],
      ] as const) {
        const { slug, guard } = await guarded();
        await ostiary.bind(guard, { policy: await policy('return false') });
        const [, , secret = ''] = await bindingsOf(slug);
        await change(secret, { invalid_response_action: action });
        const program = new Program(ostiary, slug);
        await program.look();
        await program.answer(named('akadmin'));
        const { json } = await program.answer(proven('wrong'));
        assert.equal(json.component, 'ak-stage-identification');
        assert.equal(json.pending_user_identifier, keepsName ? 'akadmin' : null);
        await program.answer(named('akadmin'));
        assert.equal((await program.answer(proven('password of akadmin'))).json.component, 'xak-flow-redirect');
        const browser = ostiary.visitor();
        await browser.open(`/if/flow/${slug}/`);
        await browser.submit({ uid_field: 'akadmin' });
        await browser.submit({ password: 'wrong' });
        assert.match(browser.last?.body ?? '', /value="ak-stage-identification"/);
        assert.match(browser.words(), /Invalid password/, 'the person learns why');
      }
    });

    test('naming somebody else after a restart loses what was proven before', async () => {
      await ostiary.person('attacker');
      await ostiary.person('victim');
      const slug = slugOf('steps');
      // The password is asked of those who have not proven one; then comes a step for one person that can fail.
      await makeFlow(ostiary, { slug, designation: 'authentication' }, [
        [identification, NAMES],
        [password, BACKENDS],
        [password, { ...BACKENDS, failed_attempts_before_cancel: 100 }],
        [userLogin, {}],
      ]);
      const [, first = '', second = ''] = await bindingsOf(slug);
      await ostiary.bind(first, { policy: await policy('return !context.authentication_methods') });
      await ostiary.bind(second, { policy: await policy('return context.pending_user_identifier === "attacker"') });
      await change(second, { invalid_response_action: 'restart_with_context' });
      for (const name of ['victim', 'nobody-at-all']) {
        const program = new Program(ostiary, slug);
        await program.look();
        await program.answer(named('attacker'));
        await program.answer(proven('password of attacker'));
        await program.answer(proven('wrong'));
        assert.equal((await program.answer(named(name))).json.component, 'ak-stage-password', name);
        const last = await program.answer(proven('password of attacker'));
        assert.deepEqual(last.json.response_errors, { password: [{ string: 'Invalid password', code: 'invalid' }] });
      }
    });

    test('a step that is taken away while a run stands before it denies the run', async () => {
      for (const what of ['stages', 'flow_stage_bindings'] as const) {
        const slug = slugOf('removed');
        const [, secret = ''] = await makeFlow(ostiary, { slug, designation: 'authentication' }, [
          [identification, NAMES],
          [password, BACKENDS],
          [userLogin, {}],
        ]);
        const program = new Program(ostiary, slug);
        await program.look();
        await program.answer(named('akadmin'));
        const [, binding = ''] = await bindingsOf(slug);
        await ostiary.core.database.write(async (transaction) => {
          await transaction.deleteFrom('flow_stage_bindings').where('id', '=', binding).execute();
          if (what === 'stages') await transaction.deleteFrom('stages').where('id', '=', secret).execute();
          await bumpConfiguration(ostiary.core.database, transaction);
        });
        ostiary.core.configuration.clear();
        assert.equal((await program.answer(proven('password of akadmin'))).json.component, DENIED);
      }
    });

    test('a flow that is taken away while a run stands in it is not there', async () => {
      const slug = slugOf('vanished');
      await makeFlow(ostiary, { slug }, [
        [dummy, {}],
        [dummy, {}],
      ]);
      const program = new Program(ostiary, slug);
      await program.look();
      await program.answer({ component: 'ak-stage-dummy' });
      const id = await flowId(slug);
      await ostiary.core.database.write(async (transaction) => {
        await transaction.deleteFrom('flow_stage_bindings').where('flow_id', '=', id).execute();
        await transaction.deleteFrom('flows').where('id', '=', id).execute();
      });
      ostiary.core.configuration.clear();
      assert.equal((await program.answer({ component: 'ak-stage-dummy' })).status, 404);
    });
  });
}
