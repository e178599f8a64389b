import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { events, rows, sessions } from '../../../tests/environment/counting.ts';
import { databases } from '../../../tests/environment/databases.ts';
import { startOstiary, type TestOstiary } from '../../../tests/environment/ostiary.ts';

for (const engine of databases()) {
  describe(`the logout stage on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    before(async () => {
      ostiary = await startOstiary({ engine });
    });
    after(() => ostiary.stop());

    test('ends the session of this browser and no other', async () => {
      const { pk } = await ostiary.person('ann');
      const here = await ostiary.signedIn('ann');
      const elsewhere = await ostiary.signedIn('ann');
      await here.open('/if/flow/default-invalidation-flow/?next=/-/health/live/');
      assert.match(here.words(), /ann/, 'who is about to leave');
      const left = await here.submit({});
      assert.match(left.url, /health\/live/);
      assert.equal(await sessions(ostiary, pk), 1);
      assert.equal(here.cookies.has('authentik_session'), false);
      assert.match((await elsewhere.open('/if/user/')).url, /if\/user/);
    });

    test('of several clicks at once one is written down', async () => {
      const { pk } = await ostiary.person('bea');
      const browser = await ostiary.signedIn('bea');
      await browser.open('/if/flow/default-invalidation-flow/?next=/-/health/live/');
      const { action, fields } = browser.form();
      const click = () =>
        browser.request(action, {
          method: 'POST',
          body: new URLSearchParams(fields).toString(),
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
        });
      for (const each of await Promise.all([click(), click(), click(), click()])) assert.equal(each.status, 303);
      assert.equal(await sessions(ostiary, pk), 0);
      assert.equal(await events(ostiary, 'logout', 'bea'), 1);
    });

    test('for somebody who is not signed in there is nothing to end', async () => {
      const earlier = await rows(ostiary);
      const browser = ostiary.visitor();
      await browser.open('/if/flow/default-invalidation-flow/?next=/-/health/live/');
      assert.match(browser.last?.url ?? '', /health\/live/);
      assert.deepEqual(await rows(ostiary), earlier);
    });
  });
}
