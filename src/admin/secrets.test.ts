/** No answer, list, event or log holds a secret, but the two calls that are made for reading one. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Answer, type Api, startApi } from '../../tests/admin/api.ts';
import { databases } from '../../tests/environment/databases.ts';
import { createSession } from '../core/sessions.ts';
import { setPasswordHash } from '../core/users.ts';

const SECRETS = {
  clientSecret: 'the-client-secret-of-the-test',
  password: 'the password of somebody in the test',
  tokenKey: 'the-key-of-a-token-in-the-test',
  inBlueprint: 'a-password-in-a-blueprint-of-the-test',
};

for (const engine of databases()) {
  test(`secrets stay inside, on ${engine.name}`, async (t) => {
    const answers: { path: string; method: string; answer: Answer }[] = [];
    const api: Api = await startApi(engine, (request, answer) => answers.push({ ...request, answer }));
    after(() => api.stop());
    const { admin } = api;
    const { core } = api.app;
    const flows = await admin.get<{ results: { pk: string }[] }>('flows/instances/');
    const flow = flows.body.results[0]?.pk;
    const hash = await core.passwords.hash(SECRETS.password);
    const session = await core.database.write(async (transaction) => {
      await setPasswordHash(transaction, core.now(), admin.pk, hash);
      return createSession(transaction, core.now(), {
        userPk: admin.pk,
        lifetimeMilliseconds: 1_000_000,
        methods: ['pwd'],
        address: '127.0.0.1',
        userAgent: 'test',
        binding: {},
      });
    });

    const provider = await admin.post('providers/oauth2/', {
      name: 'P',
      authorization_flow: flow,
      invalidation_flow: flow,
      redirect_uris: [],
      client_secret: SECRETS.clientSecret,
    });
    assert.equal(provider.status, 201, JSON.stringify(provider.body));
    const one = `providers/oauth2/${String(provider.body.pk)}/`;
    await admin.post('core/applications/', { name: 'A', slug: 'a', provider: provider.body.pk });
    await admin.post(`core/users/${admin.pk}/set_password/`, { password: SECRETS.password });
    await admin.post('core/tokens/', { identifier: 'secretive', intent: 'api' });
    await admin.post('core/tokens/secretive/set_key/', { key: SECRETS.tokenKey });
    await admin.post('managed/blueprints/', { name: 'b', content: `x: ${SECRETS.inBlueprint}` });
    const pair = await admin.post('crypto/certificatekeypairs/generate/', { common_name: 'c', validity_days: 1 });
    const keyPath = `crypto/certificatekeypairs/${String(pair.body.pk)}/view_private_key/`;
    const privateKey = String((await admin.get(keyPath)).body.data);
    assert.match(privateKey, /BEGIN PRIVATE KEY/);

    await t.test('who may change the provider reads its client secret, in the detail answer alone', async () => {
      assert.equal((await admin.get(one)).body.client_secret, SECRETS.clientSecret);
      const viewer = await api.somebody('viewer', {
        roles: [
          await api.role('Viewers', 'authentik_providers_oauth2.view_oauth2provider', 'authentik_core.view_token'),
        ],
      });
      const seen = await viewer.get(one);
      assert.equal(seen.status, 200);
      assert.equal(seen.body.client_secret, undefined);
      assert.equal((await viewer.get('core/tokens/secretive/')).status, 200);
      assert.equal((await viewer.get('core/tokens/secretive/view_key/')).status, 403);
      assert.equal((await viewer.get(keyPath)).status, 403);
      const kept = await admin.put(one, {
        name: 'P2',
        authorization_flow: flow,
        invalidation_flow: flow,
        redirect_uris: [],
      });
      assert.equal(kept.body.client_secret, SECRETS.clientSecret, 'what a change leaves out stays');
    });

    await t.test('reading a key leaves an event', async () => {
      assert.equal((await admin.get('core/tokens/secretive/view_key/')).body.key, SECRETS.tokenKey);
      const events = await admin.get<{ results: { context: { secret?: { name: string } } }[] }>(
        'events/events/?action=secret_view',
      );
      const names = events.body.results.map((each) => each.context.secret?.name);
      assert.deepEqual(
        names.toSorted((left, right) => String(left).localeCompare(String(right))),
        ['c', 'secretive'],
      );
    });

    await t.test('no other answer has one', async () => {
      const schema = await api.call('GET', 'schema/');
      const paths = Object.keys((schema.body as { paths: Record<string, { get?: object }> }).paths);
      for (const path of paths.filter((each) => !each.includes('{'))) {
        await admin.get(`${path.slice(1)}?page_size=100&include_users=true&superuser_full_list=true`);
      }
      for (const page of [1, 2]) await admin.get(`events/events/?page_size=100&page=${page}`);
      const lists = answers.filter(({ answer }) => Array.isArray((answer.body as { results?: unknown }).results));
      assert.ok(lists.length > 30);
      const stored = await core.database.read.selectFrom('sessions').select('token_hash').execute();
      const forbidden = [
        ...Object.values(SECRETS),
        hash,
        session.token,
        ...stored.map((row) => row.token_hash),
        privateKey.split('\n')[3] ?? privateKey,
        admin.token,
        'key_hash',
        'password_hash',
        'token_hash',
        'tenant_id',
      ];
      const allowed = /\/(view_key|view_private_key)\/$/;
      for (const { method, path, answer } of answers) {
        if (allowed.test(path)) continue;
        const words = JSON.stringify(answer.body);
        for (const secret of forbidden) {
          // The detail answer and that to a change have the client secret, for those who may change it.
          const detail = method !== 'GET' || /\/\d+\/$/.test(path);
          if (secret === SECRETS.inBlueprint && path.includes('/managed/blueprints/')) continue;
          if (secret === SECRETS.clientSecret && path.includes('/providers/oauth2/') && detail) continue;
          assert.ok(!words.includes(secret), `${method} ${path} holds ${secret}`);
        }
      }
    });

    await t.test('nor does the database, as it is', async () => {
      const { read } = core.database;
      const tables = [
        'providers',
        'certificates',
        'tokens',
        'events',
        'secrets',
        'objects',
        'system_settings',
      ] as const;
      for (const table of tables) {
        const words = JSON.stringify(
          await read
            .selectFrom(table as 'objects')
            .selectAll()
            .execute(),
        );
        for (const secret of [...Object.values(SECRETS), 'BEGIN PRIVATE KEY']) {
          assert.ok(!words.includes(secret), `${table} holds ${secret}`);
        }
      }
    });
  });
}
