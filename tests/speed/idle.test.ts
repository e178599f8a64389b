/** What must cost nothing: a server that nobody asks, and a look at the sign-in page. */
import assert from 'node:assert/strict';
import { after, before, describe, it, mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { databases } from '../environment/databases.ts';
import { startOstiary, type TestOstiary } from '../environment/ostiary.ts';

const SIGN_IN_PAGE = '/if/flow/default-authentication-flow/';
const HOUR_MILLISECONDS = 3600 * 1000;
const MOST_BYTES = 30_000;
const MOST_REQUESTS = 3;

for (const engine of databases()) {
  describe(`what costs nothing on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    let now = Date.now();
    before(async () => {
      // Whatever Ostiary does by the clock is in our hands from its start on.
      mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
      ostiary = await startOstiary({ engine, now: () => now });
    });
    after(async () => {
      mock.timers.reset();
      await ostiary.stop();
    });

    const contents = async (): Promise<string> => {
      const tables = ['flow_runs', 'sessions', 'events', 'attempts', 'users', 'system_settings', 'access_tokens'];
      const all = tables.map((table) =>
        ostiary.core.database.read
          .selectFrom(table as 'events')
          .selectAll()
          .execute(),
      );
      return JSON.stringify(await Promise.all(all));
    };

    const look = (path: string) => ostiary.server.inject({ url: path, headers: { host: 'localhost' } });

    it('a day without a request runs no SQL', async () => {
      assert.equal((await look(SIGN_IN_PAGE)).statusCode, 200);
      const first = ostiary.core.database.statements();
      assert.ok(first > 0);
      for (let hour = 0; hour < 24; hour += 1) {
        now += HOUR_MILLISECONDS;
        mock.timers.tick(HOUR_MILLISECONDS);
        // What a timer has begun gets the turns that it needs to reach the database.
        for (let turns = 0; turns < 5; turns += 1) await turn();
      }
      assert.equal(ostiary.core.database.statements() - first, 0);
    });

    it('a look at the sign-in page writes nothing', async () => {
      const stood = await contents();
      for (let times = 0; times < 3; times += 1) assert.equal((await look(SIGN_IN_PAGE)).statusCode, 200);
      assert.equal(await contents(), stood);
    });

    it('the sign-in page is small, with everything that it loads', async () => {
      const page = (await look(SIGN_IN_PAGE)).body;
      const named = [...page.matchAll(/\s(?:href|src|srcset)="(\/[^"]+)"/g)].map((found) => found[1] ?? '');
      const loaded = [...new Set(named)].filter((path) => path.startsWith('/static/'));
      const files = await Promise.all(loaded.map(look));
      assert.deepEqual([...new Set(files.map(({ statusCode }) => statusCode))], [200]);
      const bytes = [page, ...files.map(({ body }) => body)].map((text) => gzipSync(text).length);
      const total = bytes.reduce((sum, each) => sum + each, 0);
      assert.ok(total <= MOST_BYTES, `${total} bytes`);
      assert.ok(bytes.length <= MOST_REQUESTS, `${bytes.length} requests: ${loaded.join(' ')}`);
      assert.match(page, /uid_field/);
    });
  });
}
