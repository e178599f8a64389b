/** Where a flow leads at its end: never to another origin, however the address is written. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { databases } from '../environment/databases.ts';
import { makeFlow } from '../environment/flow-client.ts';
import { startOstiary, type TestOstiary } from '../environment/ostiary.ts';
import { exchange, Program } from '../environment/program.ts';
import { dummy } from '../../src/stages/dummy/dummy.ts';

const HOST = 'evil.example';
const SLASHES = [
  '//',
  '///',
  '////',
  '/\\',
  '\\/',
  '\\\\',
  '/\t/',
  '/\n/',
  '/\r/',
  '/ /',
  '\t//',
  '\n//',
  ' //',
  '/\u00a0/',
];
SLASHES.push(
  '/\u2028/',
  '/\u200b/',
  '/\u3000/',
  '/\uff0f',
  '\uff0f\uff0f',
  '/\u2215',
  '/\u2044',
  '/%2f',
  '/%5c',
  '%2f%2f',
  '/%09/',
);
SLASHES.push(
  '/.//',
  '/..//',
  '/./\\',
  '/;//',
  '/?//',
  '/#//',
  '/@',
  '@',
  ':',
  '.',
  '/.',
  '/:@',
  '//user@',
  '//localhost@',
);
const SCHEMES = [
  'http://',
  'https://',
  'HTTPS://',
  'https:',
  'https:/',
  'https:\\\\',
  'ftp://',
  'javascript:',
  'JaVaScRiPt:',
];
SCHEMES.push(
  'java\tscript:',
  '\u0001javascript:',
  'javascript://',
  'data:text/html,',
  'vbscript:',
  'file:///',
  'blob:',
  'view-source:',
  'mailto:',
);
const TRICKS = [...SLASHES, ...SCHEMES].map((start) => `${start}${HOST}/`);
TRICKS.push(
  '',
  ' ',
  '.',
  '..',
  'x',
  '?x',
  '#x',
  'next',
  '%',
  '/%',
  '/%zz',
  `/${'x'.repeat(9000)}`,
  '/a\r\nset-cookie:x=y',
  '/a\r\nlocation: //evil',
);
TRICKS.push(
  `/-/health/live/\\..\\..\\${HOST}`,
  `http:${HOST}`,
  `//${HOST}:80`,
  `//[::1]`,
  `//0x7f.1`,
  '//localhost:1',
  '/\u0000/',
);
const FINE = [
  '/',
  '/if/user/',
  '/a?b=c&d=%2F%2Fx#e',
  '/application/o/authorize/?redirect_uri=https%3A%2F%2Fapp.example%2Fcb',
];

for (const engine of databases()) {
  describe(`next, on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    before(async () => {
      ostiary = await startOstiary({ engine });
      await makeFlow(ostiary, { slug: 'empty' }, []);
      await makeFlow(ostiary, { slug: 'one' }, [[dummy, {}]]);
      await makeFlow(ostiary, { slug: 'continue', denied_action: 'continue', authentication: 'require_token' }, []);
    });
    after(() => ostiary.stop());

    /** Fails unless a browser that is sent there stays on this origin. */
    const stays = (location: unknown, next: string, where: string): void => {
      assert.equal(typeof location, 'string', where);
      const to = new URL(String(location), ostiary.url);
      assert.equal(to.origin, ostiary.url, `${where}: ${JSON.stringify(next)} leads to ${String(location)}`);
      // Not even after a second reading, as a proxy or a script might do.
      assert.doesNotMatch(String(location), /^[/\\]{2}|^[^/]|[\\\s]/, where);
    };
    const query = (next: string): string => new URLSearchParams({ next }).toString();
    const get = (path: string) =>
      exchange(`${ostiary.url}${path}`, { method: 'GET', headers: { accept: 'text/html' } });

    test('pages and shortcuts', async () => {
      for (const next of TRICKS) {
        for (const path of [
          '/if/flow/empty/',
          '/if/flow/continue/',
          '/flows/-/cancel/',
          '/flows/-/default/authentication/',
          '/flows/-/default/invalidation/',
        ]) {
          const reply = await get(`${path}?${query(next)}`);
          assert.ok(reply.status < 500, `${path} ${JSON.stringify(next)} ${reply.status}`);
          if (reply.status < 400) stays(reply.location, next, path);
        }
      }
    });

    test('programs', async () => {
      for (const next of TRICKS) {
        for (const slug of ['empty', 'continue']) {
          const { status, json } = await new Program(ostiary, slug, query(next)).look();
          assert.ok(status < 500, `${slug} ${JSON.stringify(next)} ${status}`);
          if (status < 400) stays(json.to, next, slug);
        }
      }
    });

    test('a form, whose address may have been changed on its way', async () => {
      for (const next of TRICKS) {
        const browser = ostiary.visitor();
        const shown = await browser.open(`/if/flow/one/?${query(next)}`);
        if (shown.status >= 400) continue;
        const { fields } = browser.form();
        if (fields.next !== undefined) stays(fields.next, next, 'the field of the form');
        for (const run of [fields.run ?? '', 'lost']) {
          const answer = await browser.request('/if/flow/one/', {
            method: 'POST',
            body: new URLSearchParams({ ...fields, run, next }).toString(),
            headers: { 'content-type': 'application/x-www-form-urlencoded' },
          });
          assert.ok(answer.status < 500);
          const location = answer.headers.get('location');
          if (location !== null) stays(location, next, 'form');
        }
      }
    });

    test('our own paths are kept to the letter', async () => {
      for (const next of FINE) {
        assert.equal((await get(`/if/flow/empty/?${query(next)}`)).location, next);
        assert.equal((await get(`/flows/-/cancel/?${query(next)}`)).location, next);
        assert.equal((await new Program(ostiary, 'empty', query(next)).look()).json.to, next);
      }
    });

    test('two addresses are none', async () => {
      assert.equal((await get('/if/flow/empty/?next=/a&next=/b')).status, 400);
      assert.equal((await get('/flows/-/cancel/?next=/a&next=//evil.example')).status, 400);
    });
  });
}
