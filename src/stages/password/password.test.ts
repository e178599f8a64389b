import assert from 'node:assert/strict';
import { after, before, describe, mock, test } from 'node:test';
import bcrypt from 'bcryptjs';
import { databases } from '../../../tests/environment/databases.ts';
import { makeFlow } from '../../../tests/environment/flow-client.ts';
import { startOstiary, type TestOstiary } from '../../../tests/environment/ostiary.ts';
import { named, Program, proven } from '../../../tests/environment/program.ts';
import { createToken } from '../../core/tokens.ts';
import { passwordHashOf, setPasswordHash } from '../../core/users.ts';
import { identification } from '../identification/identification.ts';
import { userLogin } from '../user-login/user-login.ts';
import { password } from './password.ts';

const BUILT_IN = 'authentik.core.auth.InbuiltBackend';
const APP_PASSWORD = 'authentik.core.auth.TokenBackend';
const LDAP = 'authentik.sources.ldap.auth.LDAPBackend';

for (const engine of databases()) {
  describe(`the password stage on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    before(async () => {
      ostiary = await startOstiary({ engine });
      for (const [slug, backends, limit] of [
        ['built-in', [BUILT_IN], 5],
        ['app-password', [APP_PASSWORD], 5],
        ['both', [BUILT_IN, APP_PASSWORD], 5],
        ['neither', [], 5],
        ['elsewhere', [LDAP], 5],
        ['strict', [BUILT_IN], 1],
      ] as const) {
        await makeFlow(ostiary, { slug, designation: 'authentication' }, [
          [identification, { user_fields: ['username'] }],
          [password, { backends, failed_attempts_before_cancel: limit }],
          [userLogin, {}],
        ]);
      }
    });
    after(() => ostiary.stop());

    const attempt = async (slug: string, name: string, secret: string): Promise<string> => {
      const program = new Program(ostiary, slug);
      await program.look();
      await program.answer(named(name));
      const { json } = await program.answer(proven(secret));
      const errors = (json.response_errors ?? {}) as { password?: { code: string }[] };
      return errors.password?.[0]?.code ?? String(json.component);
    };
    const tokenFor = (user: number, intent: 'app_password' | 'api' | 'recovery', expires?: string) =>
      ostiary.core.database.write((transaction) =>
        createToken(ostiary.core, transaction, {
          identifier: `token ${intent} ${user} ${expires ?? ''}`,
          user,
          intent,
          expiring: expires !== undefined,
          ...(expires !== undefined && { expires }),
        }),
      );

    test('asks for the password in the places that are set, and nowhere else', async () => {
      const { pk } = await ostiary.person('ann');
      const { key } = await tokenFor(pk, 'app_password');
      for (const [slug, byPassword, byToken] of [
        ['built-in', true, false],
        ['app-password', false, true],
        ['both', true, true],
        ['neither', false, false],
        ['elsewhere', false, false],
      ] as const) {
        const expected = (passes: boolean): string => (passes ? 'xak-flow-redirect' : 'invalid');
        assert.equal(await attempt(slug, 'ann', 'password of ann'), expected(byPassword), slug);
        assert.equal(await attempt(slug, 'ann', key), expected(byToken), slug);
      }
    });

    test("an app password is one person's, of its kind, and not expired", async () => {
      const bea = await ostiary.person('bea');
      const cleo = await ostiary.person('cleo');
      const own = await tokenFor(bea.pk, 'app_password');
      const others = await tokenFor(cleo.pk, 'app_password');
      const api = await tokenFor(bea.pk, 'api');
      const recovery = await tokenFor(bea.pk, 'recovery');
      const past = await tokenFor(bea.pk, 'app_password', new Date(Date.now() - 1000).toISOString());
      assert.equal(await attempt('both', 'bea', own.key), 'xak-flow-redirect');
      for (const { key } of [others, api, recovery, past]) assert.equal(await attempt('both', 'bea', key), 'invalid');
      assert.equal(await attempt('both', 'nobody', others.key), 'invalid');
    });

    test('a hash from elsewhere is verified, and renewed once the password is known', async () => {
      const { pk } = await ostiary.person('dora');
      const old = await bcrypt.hash('an old password', 4);
      await ostiary.core.database.write((transaction) => setPasswordHash(transaction, 0, pk, old));
      const { read } = ostiary.core.database;
      assert.equal(await attempt('built-in', 'dora', 'not it'), 'invalid');
      assert.equal(await passwordHashOf(read, pk), old);
      assert.equal(await attempt('built-in', 'dora', 'an old password'), 'xak-flow-redirect');
      assert.match((await passwordHashOf(read, pk)) ?? '', /^\$argon2id\$/);
      assert.equal(await attempt('built-in', 'dora', 'an old password'), 'xak-flow-redirect');
    });

    test('an account without a usable password lets nobody in', async () => {
      const { pk } = await ostiary.person('edda');
      for (const stored of [
        null,
        '',
        '!',
        '!unusable',
        'plain',
        '$argon2id$broken',
        'pbkdf2_sha256$0$a$b',
        '$2a$99$x',
        'md5$a$b',
      ]) {
        await ostiary.core.database.write((transaction) => setPasswordHash(transaction, 0, pk, stored));
        for (const secret of ['plain', '!', stored || ' ']) {
          const said = await attempt('strict', 'edda', secret);
          assert.ok(['invalid', 'throttled'].includes(said), `${stored} ${said}`);
        }
        await ostiary.core.attempts.clear(`password user ${pk} 127.0.0.1`);
      }
    });

    test('no password reaches the row of a run, the log or an event', async () => {
      await ostiary.person('fay', { password: 'a-very-secret-thing' });
      await attempt('built-in', 'fay', 'a-very-secret-guess');
      await attempt('built-in', 'fay', 'a-very-secret-thing');
      const { read } = ostiary.core.database;
      const rows = [
        ...(await read.selectFrom('flow_runs').selectAll().execute()),
        ...(await read.selectFrom('events').selectAll().execute()),
        ...(await read.selectFrom('sessions').selectAll().execute()),
      ];
      assert.ok(rows.length > 0);
      assert.ok(!`${JSON.stringify(rows)}${ostiary.logged()}`.includes('a-very-secret'));
    });

    test('a limit of one is a limit of one', async () => {
      await ostiary.person('gil');
      assert.equal(await attempt('strict', 'gil', 'wrong'), 'invalid');
      assert.equal(await attempt('strict', 'gil', 'password of gil'), 'throttled');
      // What was counted counts for every flow.
      const other = await attempt('built-in', 'gil', 'password of gil');
      assert.equal(other, 'xak-flow-redirect', 'a flow that allows more still lets in');
    });

    test('a server that is too busy says so and decides nothing', async () => {
      await ostiary.person('hera');
      const program = new Program(ostiary, 'built-in');
      await program.look();
      await program.answer(named('hera'));
      const replies = await Promise.all(Array.from({ length: 3 }, () => program.post(proven('wrong'))));
      for (const each of replies) assert.equal(each.status, 200);
      const away = mock.method(ostiary.core.passwords, 'verify', () => Promise.reject(new Error('out of memory')));
      const broken = await program.post(proven('password of hera'));
      away.mock.restore();
      assert.equal(broken.status, 500);
      assert.ok(broken.json.request_id);
      assert.equal((await program.look()).json.component, 'ak-stage-password');
      assert.equal((await program.answer(proven('password of hera'))).json.component, 'xak-flow-redirect');
    });
  });
}
