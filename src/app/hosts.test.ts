import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { databases } from '../../tests/environment/databases.ts';
import { startOstiary, type TestOstiary } from '../../tests/environment/ostiary.ts';
import { brandModel } from '../core/models/access.ts';

const SIGN_IN = '/if/flow/default-authentication-flow/';
const STRANGER = '203.0.113.9';

for (const engine of databases()) {
  describe(`the names that this server answers to, on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    let bare: TestOstiary;
    before(async () => {
      ostiary = await startOstiary({ engine, environment: { OSTIARY_BASE_URL: 'https://id.example.org' } });
      await ostiary.make(brandModel, { domain: 'branded.example', branding_title: 'The Brand' });
      bare = await startOstiary({ engine });
    });
    after(async () => {
      await ostiary.stop();
      await bare.stop();
    });

    const ask = (
      host: string,
      headers: Record<string, string> = {},
      more: { url?: string; from?: string; of?: TestOstiary } = {},
    ) =>
      (more.of ?? ostiary).server.inject({
        url: more.url ?? SIGN_IN,
        remoteAddress: more.from ?? STRANGER,
        headers: { host, accept: 'text/html', ...headers },
      });
    const GOOD = [
      'id.example.org',
      'ID.Example.ORG',
      'id.example.org:443',
      'localhost',
      'localhost:9000',
      'app.localhost:1',
      '127.0.0.1:9000',
      '127.1.2.3',
      '[::1]:9000',
    ];
    const WRONG = [
      'evil.example',
      'id.example.org.evil.example',
      'evil-id.example.org',
      'sub.id.example.org',
      'id.example.org:8443',
    ];
    WRONG.push(
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'notlocalhost',
      '128.0.0.1',
      '10.0.0.1:9000',
      '[::2]',
      '[2001:db8::1]:9000',
    );
    WRONG.push('evilbranded.example', 'branded.example.evil.example', 'example', 'id_example.org');
    const BROKEN = [
      ' ',
      'a b',
      'id.example.org:x',
      'id.example.org:99999',
      'user@id.example.org',
      'id.example.org/x',
      'id.example.org?x',
      '.',
      'a..b',
      'id.example.org.',
      '[::1',
      '0x7f.1',
      'evil.example\\@id.example.org',
      'id.example.org, evil.example',
      'ïd.example.org',
      'a'.repeat(300),
    ];

    test('the base URL, loopback, and the domains of brands with all below them', async () => {
      for (const host of GOOD) assert.equal((await ask(host)).statusCode, 200, host);
      for (const host of ['branded.example', 'sub.branded.example', 'branded.example:8443']) {
        const { statusCode, body } = await ask(host);
        assert.equal(statusCode, 200, host);
        assert.match(body, /The Brand/, host);
      }
      assert.doesNotMatch((await ask('id.example.org')).body, /The Brand/);
    });

    test('any other name gets a page that says what to set, and nothing else', async () => {
      for (const host of WRONG) {
        for (const url of [SIGN_IN, '/', '/if/user/', '/setup', '/flows/-/default/authentication/', '/nowhere']) {
          const { statusCode, body, headers } = await ask(host, {}, { url });
          assert.equal(statusCode, 421, `${host} ${url}`);
          assert.match(body, /<h1>/, `${host} ${url}`);
          assert.equal(headers['set-cookie'], undefined, `${host} ${url}`);
          assert.ok(!body.includes(`//${host}`), `${host} ${url}`);
        }
        const asked = await ask(
          host,
          { accept: 'application/json' },
          { url: '/api/v3/flows/executor/default-authentication-flow/' },
        );
        assert.equal(asked.statusCode, 421);
        assert.equal((asked.json() as { code: string }).code, 'wrong_host');
      }
    });

    test('a name that cannot be read is a 400', async () => {
      for (const host of BROKEN) {
        const { statusCode } = await ask(host);
        assert.ok(statusCode === 400, `${JSON.stringify(host.slice(0, 40))} ${statusCode}`);
      }
    });

    test('a forged X-Forwarded-Host of a stranger is as if it were not there', async () => {
      for (const [name, value] of [
        ['x-forwarded-host', 'id.example.org'],
        ['x-forwarded-host', 'localhost'],
        ['forwarded', 'host=id.example.org'],
        ['x-host', 'id.example.org'],
        ['x-original-host', 'id.example.org'],
        ['x-forwarded-server', 'id.example.org'],
      ] as const) {
        assert.equal((await ask('evil.example', { [name]: value })).statusCode, 421, name);
      }
      for (const forged of ['evil.example', '%', 'a b', 'evil.example, id.example.org', '']) {
        const { statusCode, body } = await ask('id.example.org', {
          'x-forwarded-host': forged,
          'x-forwarded-proto': 'gopher',
        });
        assert.equal(statusCode, 200, forged);
        assert.doesNotMatch(body, /evil\.example/);
      }
    });

    test('the same header counts when a trusted proxy sends it', async () => {
      const from = '127.0.0.1';
      assert.equal((await ask('inside:9000', { 'x-forwarded-host': 'id.example.org' }, { from })).statusCode, 200);
      assert.equal((await ask('id.example.org', { 'x-forwarded-host': 'evil.example' }, { from })).statusCode, 421);
      assert.equal((await ask('id.example.org', { 'x-forwarded-host': 'a b' }, { from })).statusCode, 400);
      assert.equal(
        (await ask('id.example.org', { 'x-forwarded-host': 'a.example, b.example' }, { from })).statusCode,
        400,
      );
    });

    test('health and the files of pages answer under any name', async () => {
      const page = (await ask('id.example.org')).body;
      const [file = ''] = /\/static\/[\w.]+/.exec(page) ?? [];
      for (const host of [...WRONG, ...GOOD]) {
        for (const url of ['/-/health/live/', '/-/health/ready/', file]) {
          assert.equal((await ask(host, {}, { url })).statusCode, 200, `${host} ${url}`);
        }
      }
      // But only they: what looks alike is not let through.
      for (const url of ['/-/healthy/', '/-/health', '/?/static/']) {
        assert.equal((await ask('evil.example', {}, { url })).statusCode, 421, url);
      }
    });

    test('where the operator says https, cookies are secure although the proxy is not trusted', async () => {
      const { headers } = await ask('id.example.org');
      assert.match(String(headers['set-cookie']), /; Secure/);
      assert.doesNotMatch(String((await ask('localhost')).headers['set-cookie']), /; Secure/);
    });

    test('a form that comes back over a proxy that ends TLS is of the same origin', async () => {
      const post = (origin: string) =>
        ostiary.server.inject({
          url: SIGN_IN,
          method: 'POST',
          remoteAddress: STRANGER,
          headers: { host: 'id.example.org', origin, 'content-type': 'application/x-www-form-urlencoded' },
          payload: 'component=ak-stage-identification&uid_field=ann',
        });
      assert.ok((await post('https://id.example.org')).statusCode < 400);
      assert.equal((await post('http://id.example.org')).statusCode, 403);
    });

    test('without a base URL, an installation that is set up answers to loopback and brands alone', async () => {
      for (const host of ['localhost:9000', '127.0.0.1'])
        assert.equal((await ask(host, {}, { of: bare })).statusCode, 200);
      for (const host of WRONG) assert.equal((await ask(host, {}, { of: bare })).statusCode, 421, host);
    });
  });
}
