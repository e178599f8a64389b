import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { databases } from '../../tests/environment/databases.ts';
import { startOstiary, type TestOstiary } from '../../tests/environment/ostiary.ts';
import type { Answer, Visitor } from '../../tests/environment/visitor.ts';
import { sessionByToken } from '../core/sessions.ts';
import type { User } from '../core/users.ts';
import { makeRecoveryLink } from './recovery.ts';

const HOUR = 3600 * 1000;

for (const engine of databases()) {
  describe(`recovery links on ${engine.name}`, () => {
    let later = 0;
    let ostiary: TestOstiary;
    let ann: User;
    before(async () => {
      ostiary = await startOstiary({ engine, now: () => Date.now() + later });
      ann = await ostiary.person('ann');
    });
    after(() => ostiary.stop());

    const newLink = (user: User = ann): Promise<string> =>
      makeRecoveryLink(ostiary.core, { user, origin: ostiary.url, lifetimeMilliseconds: HOUR });
    const press = (link: string, browser: Visitor = ostiary.visitor()): Promise<Answer> =>
      browser.request(link, { method: 'POST', headers: { origin: ostiary.url } });
    const sessionOf = (browser: Visitor) =>
      sessionByToken(ostiary.core.database, ostiary.core.now(), browser.cookies.get('authentik_session') ?? '');

    test('sign in once, and say how', async () => {
      const browser = ostiary.visitor();
      const link = await newLink();
      const answer = await press(link, browser);
      assert.equal(answer.status, 303);
      assert.equal(answer.location, `${ostiary.url}/if/flow/default-password-change/`);
      const session = await sessionOf(browser);
      assert.equal(session?.user.username, 'ann');
      assert.deepEqual(session?.methods, ['recovery']);
      assert.equal((await press(link)).status, 410);
    });

    test('looking uses nothing up and writes nothing', async () => {
      const link = await newLink();
      const browser = ostiary.visitor();
      for (const method of ['HEAD', 'GET', 'GET']) {
        assert.equal((await browser.request(link, { method })).status, 200, method);
      }
      assert.equal(browser.cookies.size, 0);
      assert.equal((await press(link, browser)).status, 303);
    });

    test('of many who press at the same time, one gets in', async () => {
      const link = await newLink();
      const answers = await Promise.all(Array.from({ length: 8 }, () => press(link)));
      const statuses = answers.map((answer) => answer.status).sort((left, right) => left - right);
      assert.deepEqual(statuses, [303, 410, 410, 410, 410, 410, 410, 410]);
    });

    test('another site cannot press', async () => {
      const link = await newLink();
      const foreign: Record<string, string>[] = [
        { origin: 'https://evil.example' },
        { 'sec-fetch-site': 'cross-site' },
        { origin: 'null' },
      ];
      for (const headers of foreign) {
        const answer = await ostiary.visitor().request(link, { method: 'POST', headers });
        assert.equal(answer.status, 403, JSON.stringify(headers));
      }
      assert.equal((await press(link)).status, 303);
    });

    test('end with their time', async () => {
      const link = await newLink();
      later = HOUR - 60_000;
      assert.equal((await ostiary.visitor().open(link)).status, 200);
      later = HOUR + 60_000;
      assert.equal((await ostiary.visitor().open(link)).status, 410);
      assert.equal((await press(link)).status, 410);
      later = 0;
    });

    test('are no use for an account that is switched off, nor made up, nor with a key for something else', async () => {
      const ben = await ostiary.person('ben', { isActive: false });
      const made = await newLink(ben);
      const base = `${ostiary.url}/recovery/use-token/`;
      const token = 'a token for the tests of the administration'.replaceAll(' ', '%20');
      for (const link of [
        made,
        `${base}${'a'.repeat(60)}/`,
        `${base}short/`,
        `${base}${token}/`,
        `${base}%22%3E%3Cb%3E/`,
      ]) {
        assert.equal((await ostiary.visitor().open(link)).status, 410, link);
        assert.equal((await press(link)).status, 410, link);
      }
    });

    test('replace the session that the browser had', async () => {
      const browser = await ostiary.signedIn('ann');
      const old = browser.cookies.get('authentik_session') ?? '';
      assert.equal((await press(await newLink(), browser)).status, 303);
      assert.notEqual(browser.cookies.get('authentik_session'), old);
      assert.equal(await sessionByToken(ostiary.core.database, ostiary.core.now(), old), undefined);
      assert.ok(await sessionOf(browser));
    });
  });
}
