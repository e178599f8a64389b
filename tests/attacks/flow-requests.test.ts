/** Methods, addresses and cookies that nobody who is honest sends: each is refused or ignored, none is a fault. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { databases } from '../environment/databases.ts';
import { startOstiary, type TestOstiary } from '../environment/ostiary.ts';
import { exchange, Program } from '../environment/program.ts';

const SIGN_IN = 'default-authentication-flow';

for (const engine of databases()) {
  describe(`requests that nobody honest sends, on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    before(async () => {
      ostiary = await startOstiary({ engine });
    });
    after(() => ostiary.stop());

    test('methods that the executor does not know are refused', async () => {
      for (const method of ['PUT', 'PATCH', 'DELETE']) {
        const reply = await new Program(ostiary, SIGN_IN).send({ method });
        assert.ok([404, 405].includes(reply.status), `${method} ${reply.status}`);
      }
    });

    test('slugs, queries and cookies that nobody wrote are no fault of the server', async () => {
      const odd = [
        '%2e%2e',
        '..%2f',
        '%ff',
        "'",
        'x'.repeat(600),
        '%F0%9F%98%80',
        '__proto__',
        'constructor',
        ' '.repeat(3),
      ];
      for (const slug of odd) {
        for (const path of ['/if/flow/', '/api/v3/flows/executor/']) {
          const address = `${ostiary.url}${path}${slug.replaceAll(' ', '%20')}/`;
          const { status } = await exchange(address, { method: 'GET', headers: { accept: '*/*' } });
          assert.ok(status >= 400 && status < 500, `${path}${slug.slice(0, 40)} ${status}`);
        }
      }
      for (const query of [
        'query=%',
        'query=next%3D%25',
        'query=a&query=b',
        `query=${'a%26'.repeat(300)}`,
        'run=&next=',
      ]) {
        const address = `${ostiary.url}/api/v3/flows/executor/${SIGN_IN}/?${query}`;
        assert.ok((await exchange(address, { method: 'GET' })).status < 500, query);
        const page = `${ostiary.url}/if/flow/${SIGN_IN}/?${query}`;
        assert.ok((await exchange(page, { method: 'GET' })).status < 500, query);
      }
      for (const cookie of [
        'ostiary_run=x',
        `ostiary_run=${'y'.repeat(5000)}`,
        'ostiary_run=a; ostiary_run=b',
        '=;=;',
        'authentik_session',
        ';'.repeat(500),
      ]) {
        const program = new Program(ostiary, SIGN_IN);
        const { status, json } = await program.look({ cookie });
        assert.deepEqual([status, json.component], [200, 'ak-stage-identification'], cookie.slice(0, 40));
      }
    });
  });
}
