/** Forms and scripts of other sites, which a browser sends with the person's cookies. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { rows, sessions } from '../environment/counting.ts';
import { databases } from '../environment/databases.ts';
import { startOstiary, type TestOstiary } from '../environment/ostiary.ts';
import { exchange } from '../environment/program.ts';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const JSON_TYPE = { 'content-type': 'application/json' };

for (const engine of databases()) {
  describe(`other sites, on ${engine.name}`, () => {
    let ostiary: TestOstiary;
    let fresh: TestOstiary;
    before(async () => {
      ostiary = await startOstiary({ engine });
      const empty = { OSTIARY_BOOTSTRAP_PASSWORD: '', OSTIARY_BOOTSTRAP_EMAIL: '', OSTIARY_BOOTSTRAP_TOKEN: '' };
      fresh = await startOstiary({ engine, environment: empty });
    });
    after(async () => {
      await ostiary.stop();
      await fresh.stop();
    });

    /** What the browser says of a request that another site has made. */
    const foreign = (own: string): Record<string, string>[] => {
      const { port } = new URL(own);
      return [
        { origin: 'https://evil.example' },
        { origin: 'null' },
        { origin: '' },
        { origin: 'https://localhost:1' },
        { origin: own.replace('http:', 'https:') },
        { origin: `http://localhost.evil.example:${port}` },
        { origin: `http://localhost:${port}1` },
        { origin: `${own}.evil.example` },
        { origin: own.toUpperCase() },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { 'sec-fetch-site': 'anything' },
        { 'sec-fetch-site': 'cross-site', origin: own },
        { 'sec-fetch-site': 'same-site', origin: own },
      ];
    };

    test('an answer that another site sends is refused, on pages and by the executor', async () => {
      const name = 'ann';
      await ostiary.person(name);
      const earlier = await rows(ostiary);
      const body = { component: 'ak-stage-identification', uid_field: name };
      for (const headers of foreign(ostiary.url)) {
        const page = await exchange(`${ostiary.url}/if/flow/default-authentication-flow/`, {
          method: 'POST',
          body: new URLSearchParams(body).toString(),
          headers: { ...FORM, ...headers },
        });
        const executor = `${ostiary.url}/api/v3/flows/executor/default-authentication-flow/`;
        const asJson = await exchange(executor, {
          method: 'POST',
          body: JSON.stringify(body),
          headers: { ...JSON_TYPE, ...headers },
        });
        const asForm = await exchange(executor, {
          method: 'POST',
          body: new URLSearchParams(body).toString(),
          headers: { ...FORM, ...headers },
        });
        for (const reply of [page, asJson, asForm]) {
          assert.equal(reply.status, 403, JSON.stringify(headers));
          assert.deepEqual(reply.setCookies, [], JSON.stringify(headers));
        }
      }
      assert.deepEqual(await rows(ostiary), earlier);
    });

    test('nobody is signed out by another site', async () => {
      const { pk } = await ostiary.person('bea');
      const browser = await ostiary.signedIn('bea');
      const cookie = `authentik_session=${browser.cookies.get('authentik_session')}`;
      for (const headers of foreign(ostiary.url)) {
        for (const path of [
          '/if/flow/default-invalidation-flow/',
          '/api/v3/flows/executor/default-invalidation-flow/',
        ]) {
          const reply = await exchange(`${ostiary.url}${path}`, {
            method: 'POST',
            body: 'component=ostiary-flow-confirm',
            headers: { ...FORM, ...headers, cookie },
          });
          assert.equal(reply.status, 403);
        }
      }
      for (const path of [
        '/if/flow/default-invalidation-flow/',
        '/flows/-/default/invalidation/',
        '/flows/-/cancel/',
      ]) {
        await exchange(`${ostiary.url}${path}`, { method: 'GET', headers: { cookie } });
      }
      assert.equal(await sessions(ostiary, pk), 1);
    });

    test('no other site sets up an installation', async () => {
      const earlier = await rows(fresh);
      const form = {
        email: 'a@b.example',
        base_url: fresh.url,
        password: 'a long password',
        password_repeat: 'a long password',
      };
      for (const headers of foreign(fresh.url)) {
        const reply = await exchange(`${fresh.url}/if/flow/initial-setup/`, {
          method: 'POST',
          body: new URLSearchParams(form).toString(),
          headers: { ...FORM, ...headers },
        });
        assert.equal(reply.status, 403, JSON.stringify(headers));
      }
      assert.deepEqual(await rows(fresh), earlier);
    });

    test('the same answer from our own page is taken', async () => {
      for (const headers of [
        { origin: ostiary.url, 'sec-fetch-site': 'same-origin' },
        { origin: ostiary.url },
        { 'sec-fetch-site': 'none' },
        {},
      ]) {
        const reply = await exchange(`${ostiary.url}/if/flow/default-authentication-flow/`, {
          method: 'POST',
          body: 'component=ak-stage-identification&uid_field=ann',
          headers: { ...FORM, ...headers } as Record<string, string>,
        });
        assert.ok(reply.status === 303 || reply.status === 200, `${reply.status} ${JSON.stringify(headers)}`);
      }
    });
  });
}
