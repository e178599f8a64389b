import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { rows } from '../../../tests/environment/counting.ts';
import { databases } from '../../../tests/environment/databases.ts';
import { makeFlow } from '../../../tests/environment/flow-client.ts';
import { startOstiary, type TestOstiary } from '../../../tests/environment/ostiary.ts';
import { Program } from '../../../tests/environment/program.ts';
import { dummy } from '../dummy/dummy.ts';
import { deny } from './deny.ts';

for (const engine of databases()) {
  describe(`the deny stage on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    before(async () => {
      ostiary = await startOstiary({ engine });
      const said = { deny_message: '<b>Not</b> on "Sundays".' };
      await makeFlow(ostiary, { slug: 'worded' }, [
        [dummy, {}],
        [deny, said],
        [dummy, {}],
      ]);
      await makeFlow(ostiary, { slug: 'silent' }, [[deny, {}]]);
    });
    after(() => ostiary.stop());

    test('ends the flow with its words, and nothing after it is reached', async () => {
      const program = new Program(ostiary, 'worded');
      await program.look();
      for (let count = 0; count < 3; count += 1) {
        const { json } = await program.answer({ component: 'ak-stage-dummy' });
        if (count === 0 || json.component !== 'ak-stage-dummy') {
          assert.equal(json.component, 'ak-stage-access-denied');
          assert.equal(json.error_message, '<b>Not</b> on "Sundays".');
        }
        assert.notEqual(json.component, 'xak-flow-redirect');
      }
    });

    test('its words are text, not markup, and come with the number of the request', async () => {
      const browser = ostiary.visitor();
      await browser.open('/if/flow/worded/');
      const denied = await browser.submit({});
      assert.equal(denied.status, 403);
      assert.ok(!denied.body.includes('<b>Not</b>'));
      assert.match(browser.words(), /<b>Not<\/b> on "Sundays"\./);
      assert.match(denied.body, /[0-9a-f]{32}/);
    });

    test('without words of its own it still says no, and writes nothing', async () => {
      const earlier = await rows(ostiary);
      const { json } = await new Program(ostiary, 'silent').look();
      assert.equal(json.error_message, 'Access denied.');
      assert.deepEqual(await rows(ostiary), earlier);
    });
  });
}
