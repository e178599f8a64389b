/** Settings of the installation: one value each, which counts at once and everywhere. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ADMIN_TOKEN, type Api, startApi } from '../../tests/admin/api.ts';
import { databases } from '../../tests/environment/databases.ts';
import { startOstiary } from '../../tests/environment/ostiary.ts';
import { openConfiguration } from '../core/configuration.ts';
import { makeExpiry } from '../core/expiry.ts';
import { storedBaseUrl } from '../core/setup.ts';

for (const engine of databases()) {
  describe(`settings of the installation, on ${engine.name}`, () => {
    let api: Api;
    before(async () => {
      api = await startApi(engine);
    });
    after(() => api.stop());

    it('the base URL is the one that the server answers by', async () => {
      const { core } = api.app;
      // Another process keeps configuration of its own.
      const other = await openConfiguration(core.database);
      const seen = () => other.get('base url', async () => (await storedBaseUrl(core)) ?? null);
      assert.equal(await seen(), null);
      const set = await api.admin.patch('admin/settings/', { base_url: 'https://ID.example.org/' });
      assert.equal(set.body.base_url, 'https://id.example.org');
      assert.equal(await storedBaseUrl(core), 'https://id.example.org');
      assert.equal((await api.admin.get('admin/settings/')).body.base_url, 'https://id.example.org');
      const named = (host: string) =>
        api.app.server.inject({ url: '/-/metrics/', headers: { host } }).then((answer) => answer.statusCode);
      assert.equal(await named('id.example.org'), 404);
      assert.equal(await named('elsewhere.example.org'), 421);
      const deadline = Date.now() + 5000;
      while ((await seen()) === null && Date.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(await seen(), 'https://id.example.org');
      await other.close();
      for (const base_url of ['ftp://x', 'https://x/path', 'x', 'https://u:p@x', 'https://x?y', 5]) {
        assert.ok((await api.admin.patch('admin/settings/', { base_url })).body.base_url, String(base_url));
      }
      assert.equal((await api.admin.patch('admin/settings/', { base_url: '' })).body.base_url, '');
      assert.equal(await storedBaseUrl(core), undefined);
    });

    it('new keys are as long as the settings say', async () => {
      const token = async (identifier: string): Promise<string> => {
        await api.admin.post('core/tokens/', { identifier, intent: 'api' });
        return (await api.admin.get<{ key: string }>(`core/tokens/${identifier}/view_key/`)).body.key;
      };
      assert.equal((await token('before')).length, 60);
      await api.admin.patch('admin/settings/', { default_token_length: 100 });
      assert.equal((await token('after')).length, 100);
      const account = await api.admin.post<{ token: string }>('core/users/service_account/', { name: 'robot' });
      assert.equal(account.body.token.length, 100);
    });

    it('events are kept as long as the settings say, also those that are there', async () => {
      const { core } = api.app;
      const count = async () => (await core.database.read.selectFrom('events').select('id').execute()).length;
      assert.ok((await count()) > 0);
      const inTwoDays = { ...core, now: () => core.now() + 2 * 86_400_000 };
      await makeExpiry(inTwoDays).sweep();
      assert.ok((await count()) > 0);
      await api.admin.patch('admin/settings/', { event_retention: 'days=1' });
      const [event] = (await api.admin.get<{ results: { created: string; expires: string }[] }>('events/events/')).body
        .results;
      assert.equal(Date.parse(String(event?.expires)) - Date.parse(String(event?.created)), 86_400_000);
      await makeExpiry(inTwoDays).sweep();
      assert.equal(await count(), 0);
    });
  });
}

it("the operator's base URL counts, and cannot be changed by the API", async () => {
  const ostiary = await startOstiary({ environment: { OSTIARY_BASE_URL: 'https://id.example.org' } });
  try {
    const ask = (method: 'GET' | 'PATCH', payload?: object) =>
      ostiary.server.inject({
        method,
        url: '/api/v3/admin/settings/',
        headers: { authorization: `Bearer ${ADMIN_TOKEN}`, host: 'id.example.org' },
        ...(payload && { payload }),
      });
    assert.equal((await ask('GET')).json<{ base_url: string }>().base_url, 'https://id.example.org');
    assert.equal((await ask('PATCH', { avatars: 'initials' })).statusCode, 200);
    const refused = await ask('PATCH', { base_url: 'https://other.example.org' });
    assert.equal(refused.statusCode, 400);
    assert.match(refused.body, /OSTIARY_BASE_URL/);
  } finally {
    await ostiary.stop();
  }
});
