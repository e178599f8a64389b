import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { rows } from '../../../tests/environment/counting.ts';
import { databases } from '../../../tests/environment/databases.ts';
import { makeFlow } from '../../../tests/environment/flow-client.ts';
import { startOstiary, type TestOstiary } from '../../../tests/environment/ostiary.ts';
import { Program } from '../../../tests/environment/program.ts';
import { dummy } from './dummy.ts';

const ANSWER = { component: 'ak-stage-dummy' };

for (const engine of databases()) {
  describe(`the dummy stage on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    before(async () => {
      ostiary = await startOstiary({ engine });
      await makeFlow(ostiary, { slug: 'clicks' }, [
        [dummy, {}],
        [dummy, {}],
      ]);
      await makeFlow(ostiary, { slug: 'fails' }, [[dummy, { throw_error: true }]]);
    });
    after(() => ostiary.stop());

    test('waits for a click, and says its name', async () => {
      const browser = ostiary.visitor();
      await browser.open('/if/flow/clicks/?next=/-/health/live/');
      assert.match(browser.words(), /“clicks 0”/);
      await browser.submit({});
      assert.match(browser.words(), /“clicks 1”/);
      assert.match((await browser.submit({})).url, /health\/live/);
    });

    test('fails when it is set to, without telling why to strangers or moving on', async () => {
      const program = new Program(ostiary, 'fails');
      await program.look();
      const earlier = await rows(ostiary);
      for (let count = 0; count < 2; count += 1) {
        const reply = await program.post(ANSWER);
        assert.equal(reply.status, 500);
        assert.match(String(reply.json.request_id), /^[0-9a-f]{32}$/);
        assert.ok(!reply.text.includes('dummy stage'), 'the cause is in the log alone');
        assert.ok(ostiary.logged().includes(String(reply.json.request_id)));
      }
      assert.deepEqual(await rows(ostiary), earlier);
      const browser = ostiary.visitor();
      await browser.open('/if/flow/fails/');
      const page = await browser.submit({});
      assert.equal(page.status, 500);
      assert.match(page.headers.get('content-type') ?? '', /text\/html/);
    });
  });
}
