import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { databases } from '../../../tests/environment/databases.ts';
import { events } from '../../../tests/environment/counting.ts';
import { makeFlow } from '../../../tests/environment/flow-client.ts';
import { startOstiary, type TestOstiary } from '../../../tests/environment/ostiary.ts';
import { named, Program, proven, type Reply } from '../../../tests/environment/program.ts';
import { flowModel } from '../../core/models/flow.ts';
import { password } from '../password/password.ts';
import { userLogin } from '../user-login/user-login.ts';
import { identification } from './identification.ts';

const BACKENDS = { backends: ['authentik.core.auth.InbuiltBackend'], failed_attempts_before_cancel: 50 };

for (const engine of databases()) {
  describe(`the identification stage on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    let made = 0;
    before(async () => {
      ostiary = await startOstiary({ engine });
      await ostiary.person('Ann');
      await ostiary.core.database.write((transaction) =>
        transaction
          .updateTable('users')
          .set({ attributes: JSON.stringify({ upn: 'ann@corp' }) })
          .where('username', '=', 'Ann')
          .execute(),
      );
      await ostiary.person('Straße');
    });
    after(() => ostiary.stop());

    const asking = async (settings: Record<string, unknown>): Promise<Program> => {
      made += 1;
      const slug = `naming-${made}`;
      await makeFlow(ostiary, { slug, designation: 'authentication' }, [
        [identification, settings],
        [password, BACKENDS],
        [userLogin, {}],
      ]);
      return new Program(ostiary, slug, 'next=/there');
    };
    const getsIn = async (program: Program, name: string): Promise<boolean> => {
      await program.look();
      await program.answer(named(name));
      const { json } = await program.answer(proven('password of Ann'));
      return json.component === 'xak-flow-redirect';
    };

    test('people name themselves by the fields that are set and by no other', async () => {
      const names: Record<string, string> = { username: 'Ann', email: 'Ann@example.org', upn: 'ann@corp' };
      for (const fields of [['username'], ['email'], ['upn'], ['username', 'upn'], ['email', 'username', 'upn'], []]) {
        for (const [field, name] of Object.entries(names)) {
          const program = await asking({ user_fields: fields });
          assert.equal(await getsIn(program, name), fields.includes(field), `${name} by ${fields.join()}`);
        }
      }
    });

    test('upper and lower case make no difference, unless they are to', async () => {
      for (const [case_insensitive_matching, name, wanted] of [
        [true, 'ANN', true],
        [true, 'ａnn', true],
        [false, 'ann', false],
        [false, 'Ann', true],
      ] as const) {
        const program = await asking({ user_fields: ['username'], case_insensitive_matching });
        assert.equal(await getsIn(program, name), wanted, `${name} ${case_insensitive_matching}`);
      }
    });

    test('a mail address that two people share names neither', async () => {
      for (const name of ['twin one', 'twin two']) {
        const { pk } = await ostiary.person(name, { password: 'password of Ann' });
        await ostiary.core.database.write((transaction) =>
          transaction
            .updateTable('users')
            .set({ email: 'twins@example.org', email_key: 'twins@example.org' })
            .where('pk', '=', pk)
            .execute(),
        );
      }
      assert.equal(await getsIn(await asking({ user_fields: ['email', 'username'] }), 'twins@example.org'), false);
    });

    test('where it need not be pretended, an unknown name is told, and written down', async () => {
      const program = await asking({ user_fields: ['username'], pretend_user_exists: false });
      await program.look();
      const earlier = await events(ostiary, 'login_failed');
      const { json, status } = await program.post(named('nobody here'));
      assert.deepEqual([status, json.component], [200, 'ak-stage-identification']);
      assert.ok((json.response_errors as Record<string, unknown>).non_field_errors);
      assert.equal((await events(ostiary, 'login_failed')) - earlier, 1);
      assert.equal((await program.answer(named('Ann'))).json.component, 'ak-stage-password');
    });

    test('the name on the next page is the one that was typed, not the one that was found', async () => {
      for (const [pretend_user_exists, shown] of [
        [true, 'ANN@EXAMPLE.ORG'],
        [false, 'Ann'],
      ] as const) {
        const program = await asking({ user_fields: ['email'], pretend_user_exists });
        await program.look();
        assert.equal((await program.answer(named('ANN@EXAMPLE.ORG'))).json.pending_user, shown);
      }
    });

    describe('with the password on the same page', () => {
      let slug: string;
      before(async () => {
        slug = 'naming-and-proving';
        const secret = await ostiary.make(password.declaration, { name: slug, ...BACKENDS } as never);
        await makeFlow(ostiary, { slug, designation: 'authentication' }, [
          [identification, { user_fields: ['username'], password_stage: secret.id }],
          [userLogin, {}],
        ]);
      });
      const answer = async (more: Record<string, unknown>): Promise<Reply> => {
        const program = new Program(ostiary, slug, 'next=/there');
        assert.equal((await program.look()).json.password_fields, true);
        return program.post({ component: 'ak-stage-identification', ...more });
      };

      test('both are needed, and both are right or wrong together', async () => {
        const right = { uid_field: 'Ann', password: 'password of Ann' };
        assert.equal((await answer(right)).json.to, '/there');
        const wrong = [
          {},
          { uid_field: 'Ann' },
          { password: right.password },
          { ...right, password: 'wrong' },
          { ...right, password: null },
        ];
        for (const more of [...wrong, { ...right, uid_field: 'nobody' }, { ...right, uid_field: ['Ann'] }]) {
          const { json, setCookies } = await answer(more);
          assert.equal(json.component, 'ak-stage-identification', JSON.stringify(more));
          assert.ok(json.response_errors, JSON.stringify(more));
          assert.ok(!setCookies.some((line) => line.startsWith('authentik_session=')));
        }
      });

      test('an unknown name and a wrong password read the same', async () => {
        const errors = [];
        for (const uid_field of ['Ann', 'nobody'])
          errors.push((await answer({ uid_field, password: 'wrong' })).json.response_errors);
        assert.deepEqual(errors[0], errors[1]);
      });

      test('by page, what was typed stands there again, but not the password', async () => {
        const browser = ostiary.visitor();
        await browser.open(`/if/flow/${slug}/`);
        await browser.submit({ uid_field: '<b>"Ann"', password: 'a wrong secret' });
        assert.match(browser.words(), /Invalid password/);
        assert.equal(browser.form().fields.uid_field, '<b>"Ann"');
        assert.ok(!browser.last?.body.includes('a wrong secret'));
        assert.ok(!browser.last?.body.includes('<b>"Ann"'), 'escaped');
      });
    });

    test('other ways in lead to their flows and keep where the person was going', async () => {
      const flows: string[] = [];
      for (const slug of ['join', 'forgot']) {
        const flow = { name: slug, slug, title: slug, designation: 'enrollment' };
        flows.push((await ostiary.make(flowModel, flow as never)).id);
      }
      const [enrollment_flow, recovery_flow] = flows;
      const program = await asking({ user_fields: ['username'], enrollment_flow, recovery_flow });
      const { json } = await program.look();
      assert.equal(json.enroll_url, '/if/flow/join/?next=%2Fthere');
      assert.equal(json.recovery_url, '/if/flow/forgot/?next=%2Fthere');
      assert.equal(json.passwordless_url, undefined);
    });
  });
}
