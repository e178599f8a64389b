/** Who is recognised, and by what: keys, sessions with their proof, and nobody else. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startApi } from '../../tests/admin/api.ts';
import { databases } from '../../tests/environment/databases.ts';
import { Visitor } from '../../tests/environment/visitor.ts';
import { tokenIntents } from '../core/models/people.ts';
import { createToken } from '../core/tokens.ts';

const UNKNOWN = /credentials were not provided/;

for (const engine of databases()) {
  test(`callers, on ${engine.name}`, async (t) => {
    const api = await startApi(engine);
    after(() => api.stop());
    const { core } = api.app;
    const me = (headers: Record<string, string>) => api.call('GET', 'core/users/me/', { headers });
    const bearer = (key: string) => me({ authorization: `Bearer ${key}` });

    await t.test('nobody is a stranger with 403, never 401', async () => {
      const schema = await api.call('GET', 'schema/');
      const open = new Set(['/root/config/', '/core/brands/current/', '/schema/']);
      const { paths } = schema.body as { paths: Record<string, Record<string, unknown>> };
      for (const [path, operations] of Object.entries(paths)) {
        for (const method of Object.keys(operations)) {
          const url = path.slice(1).replaceAll(/\{[^}]+\}/g, '1');
          const body = method === 'get' || method === 'delete' ? undefined : {};
          const answer = await api.call(method.toUpperCase(), url, { body });
          if (open.has(path)) assert.equal(answer.status, 200, path);
          else {
            assert.equal(answer.status, 403, `${method} ${path}`);
            assert.match(String(answer.body.detail), UNKNOWN);
          }
        }
      }
    });

    await t.test('only live keys for the API count', async () => {
      const helper = await api.somebody('helper');
      assert.equal((await bearer(helper.token)).status, 200);
      for (const intent of tokenIntents) {
        const { key } = await core.database.write((transaction) =>
          createToken(core, transaction, { identifier: `i-${intent}`, user: helper.pk, intent }),
        );
        assert.equal((await bearer(key)).status, intent === 'api' ? 200 : 403, intent);
      }
      const { key: old } = await core.database.write((transaction) =>
        createToken(core, transaction, { identifier: 'old', user: helper.pk, expires: '2020-01-01T00:00:00Z' }),
      );
      assert.equal((await bearer(old)).status, 403);
      await api.admin.patch('core/tokens/old/', { expiring: false });
      assert.equal((await bearer(old)).status, 200, 'a key that does not expire has no last day');
      for (const authorization of [
        `Basic ${Buffer.from('akadmin:password of akadmin').toString('base64')}`,
        'Bearer',
        'Bearer ',
        `Bearer ${api.admin.token} x`,
        `Bearer${api.admin.token}`,
        `Token ${api.admin.token}`,
        `Bearer ${'x'.repeat(5000)}`,
        'Bearer *',
      ]) {
        assert.equal((await me({ authorization })).status, 403, authorization.slice(0, 40));
      }
      assert.equal((await me({ authorization: `bearer ${api.admin.token}` })).status, 200);
    });

    await t.test('an account that is switched off is out with its next call', async () => {
      const leaver = await api.somebody('leaver');
      assert.equal((await bearer(leaver.token)).status, 200);
      await api.admin.patch(`core/users/${leaver.pk}/`, { is_active: false });
      assert.equal((await bearer(leaver.token)).status, 403);
    });

    await t.test('a replaced or removed key is worth nothing', async () => {
      const owner = await api.somebody('owner');
      await owner.post('core/tokens/of-owner/set_key/', { key: 'the-next-key-of-the-owner' });
      assert.equal((await bearer(owner.token)).status, 403);
      assert.equal((await bearer('the-next-key-of-the-owner')).status, 200);
      assert.equal((await owner.post('core/tokens/of-owner/set_key/', { key: 'short' })).status, 403);
      assert.equal((await api.admin.post('core/tokens/of-owner/set_key/', { key: 'short' })).status, 400);
      assert.equal((await api.admin.delete('core/tokens/of-owner/')).status, 204);
      assert.equal((await bearer('the-next-key-of-the-owner')).status, 403);
    });

    await t.test('a session changes something only with the proof that our page asked', async () => {
      const browser = new Visitor(api.url);
      await browser.open('/if/flow/default-authentication-flow/?next=/-/health/live/');
      await browser.submit({ uid_field: 'akadmin' });
      await browser.submit({ password: 'password of akadmin' });
      const first = await browser.request('/api/v3/core/users/me/');
      assert.equal(first.status, 200);
      const proof = browser.cookies.get('authentik_csrf') ?? '';
      assert.notEqual(proof, '');
      const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const create = (headers: Record<string, string>) =>
        api.call('POST', 'core/groups/', { body: { name: `g ${Math.random()}` }, headers: { cookie, ...headers } });
      assert.equal((await create({})).status, 403);
      assert.equal((await create({ 'x-authentik-csrf': 'x' })).status, 403);
      assert.equal((await create({ 'x-authentik-csrf': proof })).status, 201);
      assert.equal((await create({ 'x-authentik-csrf': proof, origin: api.url })).status, 201);
      assert.equal((await create({ 'x-authentik-csrf': proof, origin: 'https://evil.example' })).status, 403);
      for (const site of ['cross-site', 'same-site']) {
        assert.equal((await create({ 'x-authentik-csrf': proof, 'sec-fetch-site': site })).status, 403, site);
      }
      const bad = await create({ 'x-authentik-csrf': proof, authorization: 'Bearer wrong' });
      assert.equal(bad.status, 403, 'a wrong key is not made good by a session');

      const sessions = await api.admin.get<{ results: { uuid: string; current: boolean }[] }>(
        'core/authenticated_sessions/',
      );
      const [session] = sessions.body.results;
      assert.equal(sessions.body.results.length, 1);
      assert.equal((await api.admin.delete(`core/authenticated_sessions/${session?.uuid}/`)).status, 204);
      assert.equal((await browser.request('/api/v3/core/users/me/')).status, 403, 'an ended session has ended');
    });

    await t.test('guessing ends, however many guess at once', async () => {
      const guesses = await Promise.all(Array.from({ length: 130 }, (_, number) => bearer(`guess-${number}`)));
      const statuses = guesses.map((answer) => answer.status);
      assert.ok(statuses.every((status) => status === 403 || status === 429));
      assert.ok(statuses.includes(429));
      assert.equal((await bearer(api.admin.token)).status, 429, 'then even the right one is not looked at');
    });
  });
}
