import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { events, rows, sessions } from '../../tests/environment/counting.ts';
import { databases } from '../../tests/environment/databases.ts';
import { startOstiary, type TestOstiary } from '../../tests/environment/ostiary.ts';
import { named, Program, proven } from '../../tests/environment/program.ts';

const SIGN_IN = '/if/flow/default-authentication-flow/';
const END = '/-/health/live/';

for (const engine of databases()) {
  describe(`signing in on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    before(async () => {
      ostiary = await startOstiary({ engine });
    });
    after(() => ostiary.stop());

    test('a person signs in by pages without scripts and arrives where they were going', async () => {
      const { pk } = await ostiary.person('ann');
      const browser = ostiary.visitor();
      const first = await browser.open(`${SIGN_IN}?next=${END}`);
      assert.equal(first.status, 200);
      assert.doesNotMatch(first.body, /<script(?![^>]*src=)[^>]*>[^<]/, 'no script stands in the page');
      const second = await browser.submit({ uid_field: 'ann' });
      assert.match(second.body, /type="password"/);
      assert.match(second.url, /[?&]run=/, 'the answer was followed by a redirect');
      const third = await browser.submit({ password: 'password of ann' });
      assert.equal(new URL(third.url).pathname, END);
      assert.equal(await sessions(ostiary, pk), 1);
      assert.equal(await events(ostiary, 'login', 'ann'), 1);
      const home = await browser.open('/if/user/');
      assert.equal(home.status, 200);
      assert.match(browser.words(), /Hello Ann Example/);
    });

    test('a person may name themselves by mail address, in any case', async () => {
      await ostiary.person('bea');
      const browser = ostiary.visitor();
      await browser.open(`${SIGN_IN}?next=${END}`);
      await browser.submit({ uid_field: ' BEA@Example.ORG ' });
      assert.equal(new URL((await browser.submit({ password: 'password of bea' })).url).pathname, END);
    });

    test('a program signs in by the executor: 302 to itself, response_errors, and xak-flow-redirect at the end', async () => {
      await ostiary.person('cleo');
      const program = new Program(ostiary, 'default-authentication-flow', `next=${END}`);
      const { status, json } = await program.look();
      assert.equal(status, 200);
      assert.equal(json.component, 'ak-stage-identification');
      assert.deepEqual(json.user_fields, ['email', 'username']);
      const info = json.flow_info as Record<string, unknown>;
      assert.equal(info.title, 'Welcome!');
      assert.equal(info.layout, 'stacked');
      const taken = await program.post(named('cleo'));
      assert.equal(taken.status, 302);
      assert.equal(new URL(taken.location ?? '', program.address).href, program.address);
      assert.equal((await program.look()).json.component, 'ak-stage-password');
      const wrong = await program.post(proven('not the password of cleo'));
      assert.equal(wrong.status, 200);
      assert.equal(wrong.json.component, 'ak-stage-password');
      assert.deepEqual(wrong.json.response_errors, { password: [{ string: 'Invalid password', code: 'invalid' }] });
      const last = await program.post(proven('password of cleo'));
      assert.equal(last.status, 200);
      assert.equal(last.json.component, 'xak-flow-redirect');
      assert.equal(last.json.to, END);
      assert.equal(await events(ostiary, 'login', 'cleo'), 1);
    });

    test('a program may send a form', async () => {
      await ostiary.person('dora');
      const program = new Program(ostiary, 'default-authentication-flow');
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      await program.look();
      assert.equal((await program.post(new URLSearchParams(named('dora')).toString(), form)).status, 302);
      const last = await program.post(new URLSearchParams(proven('password of dora')).toString(), form);
      assert.deepEqual([last.json.component, last.json.to], ['xak-flow-redirect', '/']);
    });

    test('a wrong password keeps the person out and the page in place', async () => {
      const { pk } = await ostiary.person('edda');
      const browser = ostiary.visitor();
      await browser.open(`${SIGN_IN}?next=${END}`);
      await browser.submit({ uid_field: 'edda' });
      const answer = await browser.submit({ password: 'wrong' });
      assert.equal(answer.status, 200);
      assert.match(browser.words(), /Invalid password/);
      assert.doesNotMatch(answer.body, /value="wrong"/, 'what was typed as a password is not sent back');
      assert.equal(await sessions(ostiary, pk), 0);
      assert.equal(await events(ostiary, 'login_failed', 'edda'), 1);
      assert.equal(new URL((await browser.open('/if/user/')).url).pathname, SIGN_IN);
    });

    test('an unknown and a disabled person look like a known one with a wrong password', async () => {
      await ostiary.person('fay1');
      await ostiary.person('fay2', { isActive: false });
      const seen = new Map<string, string[]>();
      for (const [name, password] of [
        ['fay1', 'wrong'],
        ['fay2', 'wrong'],
        ['fay2', 'password of fay2'],
        ['fay3', 'wrong'],
      ] as const) {
        const browser = ostiary.visitor();
        const said: string[] = [];
        for (const answer of [
          await browser.open(SIGN_IN),
          await browser.submit({ uid_field: name }),
          await browser.submit({ password }),
        ]) {
          said.push(`${answer.status} ${browser.words().replaceAll(name, 'NAME')}`);
          said.push([...answer.headers.keys()].sort().join());
        }
        seen.set(`${name} ${password}`, said);
      }
      const [expected, ...others] = [...seen.values()];
      for (const other of others) assert.deepEqual(other, expected);
    });

    test('looking writes nothing: no row, no session, no event', async () => {
      const earlier = await rows(ostiary);
      const program = new Program(ostiary, 'default-authentication-flow');
      for (let count = 0; count < 3; count += 1) {
        await ostiary.visitor().open(`${SIGN_IN}?next=/x`);
        await program.look();
        await program.send({ method: 'HEAD' });
        await ostiary.visitor().open('/flows/-/default/authentication/');
        await ostiary.visitor().open('/flows/-/cancel/?next=/-/health/live/');
      }
      assert.deepEqual(await rows(ostiary), earlier);
    });

    test('looking at the first page costs no statement once its configuration is known', async () => {
      const browser = ostiary.visitor();
      await browser.open(SIGN_IN);
      const { database } = ostiary.core;
      const plain = new Program(ostiary, 'default-authentication-flow');
      await plain.look();
      const earlier = database.statements();
      for (let count = 0; count < 5; count += 1) await ostiary.visitor().open(SIGN_IN);
      assert.ok(database.statements() - earlier <= 5, `${database.statements() - earlier} statements for five looks`);
    });

    test('signing out by a link asks first, and the button ends the session at once', async () => {
      const { pk } = await ostiary.person('hera');
      const browser = await ostiary.signedIn('hera');
      const token = browser.cookies.get('authentik_session') ?? '';
      const asked = await browser.open('/flows/-/default/invalidation/');
      assert.equal(asked.status, 200);
      assert.equal(await sessions(ostiary, pk), 1, 'the link alone ends nothing');
      const done = await browser.submit({});
      assert.ok(done.status < 400);
      assert.equal(await sessions(ostiary, pk), 0);
      assert.equal(await events(ostiary, 'logout', 'hera'), 1);
      assert.equal(browser.cookies.get('authentik_session') === token, false);
      const replayed = ostiary.visitor();
      replayed.cookies.set('authentik_session', token);
      assert.equal(new URL((await replayed.open('/if/user/')).url).pathname, SIGN_IN);
    });

    test('a program signs out by looking; a browser that a link, a picture or another site leads there does not', async () => {
      const { pk } = await ostiary.person('ines');
      const browser = await ostiary.signedIn('ines');
      const program = new Program(ostiary, 'default-invalidation-flow');
      program.cookies.set('authentik_session', browser.cookies.get('authentik_session') ?? '');
      for (const headers of [
        { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin' },
        { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'same-site' },
        { 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'none' },
        { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' },
        { accept: 'image/avif,image/webp,*/*;q=0.8' },
      ]) {
        const shown = await program.look(headers as Record<string, string>);
        assert.equal(shown.json.component, 'ostiary-flow-confirm', JSON.stringify(headers));
        assert.equal(await sessions(ostiary, pk), 1, JSON.stringify(headers));
      }
      await program.send({ method: 'HEAD' });
      assert.equal(await sessions(ostiary, pk), 1);
      assert.equal((await program.look()).json.component, 'xak-flow-redirect');
      assert.equal(await sessions(ostiary, pk), 0);
    });

    test('a flow that nobody made is a 404, for people and programs', async () => {
      assert.equal((await ostiary.visitor().open('/if/flow/nowhere/')).status, 404);
      const program = new Program(ostiary, 'nowhere');
      assert.equal((await program.look()).status, 404);
      assert.equal((await program.post(named('ann'))).status, 404);
    });
  });
}
