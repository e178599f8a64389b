import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { events, sessions } from '../../tests/environment/counting.ts';
import { databases } from '../../tests/environment/databases.ts';
import { makeFlow } from '../../tests/environment/flow-client.ts';
import { startOstiary, type TestOstiary } from '../../tests/environment/ostiary.ts';
import { Program } from '../../tests/environment/program.ts';
import { dummy } from '../stages/dummy/dummy.ts';
import { redirect } from '../stages/redirect/redirect.ts';
import { userLogout } from '../stages/user-logout/user-logout.ts';

const SIGN_IN = '/if/flow/default-authentication-flow/';
const COOKIE = 'authentik_session';
const DUMMY = { component: 'ak-stage-dummy' };

for (const engine of databases()) {
  describe(`sessions on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    let late = 0;
    before(async () => {
      ostiary = await startOstiary({ engine, now: () => Date.now() + late });
    });
    after(() => ostiary.stop());

    const isSignedIn = async (token: string | undefined): Promise<boolean> => {
      const browser = ostiary.visitor();
      if (token !== undefined) browser.cookies.set(COOKIE, token);
      return new URL((await browser.open('/if/user/')).url).pathname === '/if/user/';
    };

    test('the cookie changes at sign-in, and the one from before is worth nothing', async () => {
      await ostiary.person('ann');
      const browser = ostiary.visitor();
      await browser.open(SIGN_IN);
      const earlier = browser.cookies.get(COOKIE);
      assert.ok(before);
      await browser.submit({ uid_field: 'ann' });
      assert.equal(browser.cookies.get(COOKIE), earlier);
      await browser.submit({ password: 'password of ann' });
      const token = browser.cookies.get(COOKIE);
      assert.notEqual(token, earlier);
      assert.equal(await isSignedIn(token), true);
      assert.equal(await isSignedIn(earlier), false);
    });

    test('its last use is known to the hour, and looking at a page of a flow is no use', async () => {
      const { pk } = await ostiary.person('una');
      const browser = await ostiary.signedIn('una');
      const lastUsed = async (): Promise<number | undefined> => {
        const query = ostiary.core.database.read.selectFrom('sessions').select('last_used_at');
        return (await query.where('user_pk', '=', pk).executeTakeFirst())?.last_used_at;
      };
      const first = await lastUsed();
      late += 3_500_000;
      await browser.open('/if/user/');
      await browser.open('/if/user/');
      assert.equal(await lastUsed(), first);
      late += 200_000;
      await browser.open(SIGN_IN);
      await browser.request(`/api/v3${SIGN_IN.replace('/if/flow/', '/flows/executor/')}`);
      assert.equal(await lastUsed(), first);
      await browser.open('/if/user/');
      // Nobody waits for it, so it may come a little later than the answer.
      const deadline = Date.now() + 5000;
      while ((await lastUsed()) === first && Date.now() < deadline) await new Promise((then) => setImmediate(then));
      assert.ok(Number(await lastUsed()) >= Number(first) + 3_600_000);
    });

    test('a planted cookie never becomes a session', async () => {
      await ostiary.person('bea');
      const planted = [
        'A'.repeat(43),
        'short',
        'x'.repeat(4000),
        '..',
        `${'A'.repeat(43)}; ${COOKIE}=${'B'.repeat(43)}`,
      ];
      for (const value of planted) {
        const browser = ostiary.visitor();
        browser.cookies.set(COOKIE, value);
        await browser.open(SIGN_IN);
        if (value.includes(';')) browser.cookies.delete(COOKIE);
        await browser.open(SIGN_IN);
        await browser.submit({ uid_field: 'bea' });
        await browser.submit({ password: 'password of bea' });
        assert.equal(await isSignedIn(browser.cookies.get(COOKIE)), true);
        assert.equal(await isSignedIn(value), false, value.slice(0, 50));
      }
    });

    test('signing in again ends the session before, whoever it belonged to', async () => {
      const first = await ostiary.person('cleo');
      const second = await ostiary.person('dora');
      const browser = await ostiary.signedIn('cleo');
      const token = browser.cookies.get(COOKIE);
      await browser.open(SIGN_IN);
      await browser.submit({ uid_field: 'dora' });
      await browser.submit({ password: 'password of dora' });
      assert.equal(await sessions(ostiary, first.pk), 0);
      assert.equal(await sessions(ostiary, second.pk), 1);
      assert.equal(await isSignedIn(token), false);
    });

    test('a person who is deactivated is out with the next request, and back in nowhere', async () => {
      const { pk } = await ostiary.person('edda');
      const browser = await ostiary.signedIn('edda');
      assert.equal(await isSignedIn(browser.cookies.get(COOKIE)), true);
      const deactivate = (is_active: 0 | 1) =>
        ostiary.core.database.write((transaction) =>
          transaction.updateTable('users').set({ is_active }).where('pk', '=', pk).execute(),
        );
      await deactivate(0);
      assert.equal(await isSignedIn(browser.cookies.get(COOKIE)), false);
      await assert.rejects(ostiary.signedIn('edda'), /was not signed in/);
    });

    test('a person who is deactivated between name and password is not signed in', async () => {
      const { pk } = await ostiary.person('fay');
      const browser = ostiary.visitor();
      await browser.open(SIGN_IN);
      await browser.submit({ uid_field: 'fay' });
      await ostiary.core.database.write((transaction) =>
        transaction.updateTable('users').set({ is_active: 0 }).where('pk', '=', pk).execute(),
      );
      await browser.submit({ password: 'password of fay' });
      assert.match(browser.words(), /Invalid password/);
      assert.equal(await events(ostiary, 'login', 'fay'), 0);
    });

    test('a session ends by itself', async () => {
      await ostiary.person('gil');
      const token = (await ostiary.signedIn('gil')).cookies.get(COOKIE);
      late += 23 * 3_600_000;
      assert.equal(await isSignedIn(token), true);
      late += 2 * 3_600_000;
      assert.equal(await isSignedIn(token), false);
    });

    test('the cookie is for this host, hidden from scripts, not for other sites, and secure where people come by https', async () => {
      const secure = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' };
      const { server } = ostiary;
      const ask = (headers: Record<string, string>, remoteAddress = '127.0.0.1') =>
        server.inject({
          url: SIGN_IN,
          headers: { host: 'localhost:9000', accept: 'text/html', ...headers },
          remoteAddress,
        });
      for (const [headers, address, isSecure] of [
        [{}, '127.0.0.1', false],
        [secure, '127.0.0.1', true],
        // From a stranger the header says nothing.
        [secure, '198.51.100.7', false],
      ] as const) {
        const cookie = String((await ask(headers, address)).headers['set-cookie']);
        const parts = cookie.split(/;\s*/).slice(1);
        assert.deepEqual(parts.includes('Secure'), isSecure, cookie);
        for (const part of ['Path=/', 'HttpOnly', 'SameSite=Lax']) assert.ok(parts.includes(part), cookie);
        assert.ok(!parts.some((part) => part.startsWith('Domain')), cookie);
      }
    });

    test('a run that needs a session ends with it, however far it had come', async () => {
      const boss = await ostiary.group('bosses', { superuser: true });
      for (const [slug, settings] of [
        ['owned-authenticated', { authentication: 'require_authenticated' }],
        ['owned-superuser', { authentication: 'require_superuser' }],
        ['owned-configuration', { designation: 'stage_configuration' }],
      ] as const) {
        await makeFlow(ostiary, { slug, ...settings }, [
          [dummy, {}],
          [dummy, {}],
          [dummy, {}],
        ]);
        const { pk } = await ostiary.person(`of-${slug}`, { groups: [boss] });
        const browser = await ostiary.signedIn(`of-${slug}`);
        const program = new Program(ostiary, slug);
        program.cookies.set(COOKIE, browser.cookies.get(COOKIE) ?? '');
        await program.look();
        assert.equal((await program.answer(DUMMY)).json.component, 'ak-stage-dummy');
        await ostiary.core.database.write((transaction) =>
          transaction.deleteFrom('sessions').where('user_pk', '=', pk).execute(),
        );
        const { json } = await program.answer(DUMMY);
        assert.equal(json.component, 'xak-flow-redirect', slug);
        assert.match(String(json.to), new RegExp(`/if/flow/${slug}/`));
      }
    });

    test('what was gathered with a session does not outlive it in another flow either', async () => {
      await makeFlow(ostiary, { slug: 'second' }, [[dummy, {}]]);
      const { id } = await ostiary.core.database.read
        .selectFrom('flows')
        .select('id')
        .where('slug', '=', 'second')
        .executeTakeFirstOrThrow();
      await makeFlow(ostiary, { slug: 'first', authentication: 'require_authenticated' }, [
        [redirect, { mode: 'flow', target_flow: id }],
      ]);
      const { pk } = await ostiary.person('hera');
      const browser = await ostiary.signedIn('hera');
      const shown = await browser.open('/if/flow/first/');
      assert.match(shown.url, /\/if\/flow\/second\//);
      await ostiary.core.database.write((transaction) =>
        transaction.deleteFrom('sessions').where('user_pk', '=', pk).execute(),
      );
      assert.equal(new URL((await browser.open(shown.url)).url).pathname, SIGN_IN);
    });

    test('a flow goes on after the stage that signs out', async () => {
      await makeFlow(
        ostiary,
        { slug: 'goodbye', designation: 'invalidation', authentication: 'require_authenticated' },
        [
          [dummy, {}],
          [userLogout, {}],
          [dummy, {}],
        ],
      );
      await ostiary.person('ines');
      const browser = await ostiary.signedIn('ines');
      await browser.open('/if/flow/goodbye/?next=/-/health/live/');
      await browser.submit({});
      assert.equal(await isSignedIn(browser.cookies.get(COOKIE)), false);
      assert.match(browser.last?.body ?? '', /value="ak-stage-dummy"/);
      assert.equal(new URL((await browser.submit({})).url).pathname, '/-/health/live/');
    });
  });
}
