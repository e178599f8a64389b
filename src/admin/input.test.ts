/** What comes in is not trusted: every bad body gets a 4xx in the usual form and changes nothing. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startApi } from '../../tests/admin/api.ts';
import { databases } from '../../tests/environment/databases.ts';

for (const engine of databases()) {
  test(`bad input, on ${engine.name}`, async (t) => {
    const api = await startApi(engine);
    after(() => api.stop());
    const { admin } = api;
    const headers = { authorization: `Bearer ${admin.token}` };
    const counts = async (): Promise<Record<string, number>> => {
      const tables = ['users', 'groups', 'flows', 'applications', 'tokens', 'objects', 'events'] as const;
      const rows = await Promise.all(
        tables.map(async (table) => {
          const query = api.app.core.database.read.selectFrom(table as 'users');
          const row = await query.select((builder) => builder.fn.countAll<number>().as('n')).executeTakeFirstOrThrow();
          return [table, row.n];
        }),
      );
      return Object.fromEntries(rows) as Record<string, number>;
    };

    await t.test('faults are told by field', async () => {
      const before = await counts();
      const cases: [string, unknown, Record<string, RegExp>][] = [
        ['core/users/', {}, { username: /required/, name: /required/ }],
        ['core/users/', { username: null, name: 'x' }, { username: /null/ }],
        ['core/users/', { username: '', name: 'x' }, { username: /blank/ }],
        ['core/users/', { username: '   ', name: 'x' }, { username: /blank/ }],
        ['core/users/', { username: 5, name: 'x' }, { username: /valid string/ }],
        ['core/users/', { username: ['x'], name: 'x' }, { username: /valid string/ }],
        ['core/users/', { username: 'x'.repeat(151), name: 'x' }, { username: /no more than 150/ }],
        ['core/users/', { username: 'AKADMIN', name: 'x' }, { username: /already exists/ }],
        ['core/users/', { username: 'ａｋａｄｍｉｎ', name: 'x' }, { username: /already exists/ }],
        ['core/users/', { username: 'x', name: 'x', is_active: 'yes' }, { is_active: /boolean/ }],
        ['core/users/', { username: 'x', name: 'x', type: 'root' }, { type: /not a valid choice/ }],
        ['core/users/', { username: 'x', name: 'x', attributes: [] }, { attributes: /dictionary/ }],
        ['core/users/', { username: 'x', name: 'x', attributes: { a: 'x'.repeat(70_000) } }, { attributes: /large/ }],
        ['core/users/', { username: 'x', name: 'x', groups: ['nonsense'] }, { groups: /UUID/ }],
        [
          'core/users/',
          { username: 'x', name: 'x', groups: ['00000000-0000-4000-8000-000000000000'] },
          { groups: /does not exist/ },
        ],
        ['core/users/', { username: 'x', name: 'x', last_login: 'yesterday' }, { last_login: /ISO 8601/ }],
        ['core/groups/', { name: 'g', users: [1e300] }, { users: /integer|less|number/ }],
        ['core/groups/', { name: 'g', users: [999_999] }, { users: /does not exist/ }],
        ['flows/instances/', { name: 'x', slug: 'a b', title: 'x', designation: 'recovery' }, { slug: /slug/ }],
        ['core/applications/', { name: 'x', slug: 'x', provider: 999 }, { provider: /does not exist/ }],
        ['core/tokens/', { identifier: 'x', user: 999_999 }, { user: /does not exist/ }],
        ['core/tokens/', { identifier: 'akadmin/../x', intent: 'api' }, { identifier: /slug/ }],
        ['policies/bindings/', { target: api.superusers, order: 1e10 }, { order: /less than/ }],
        ['crypto/certificatekeypairs/', { name: 'x', certificate_data: 'x' }, { certificate_data: /X509/ }],
      ];
      for (const [path, body, faults] of cases) {
        const answer = await admin.post<Record<string, string[]>>(path, body);
        const said = `${path} ${JSON.stringify(body).slice(0, 100)}: ${JSON.stringify(answer.body)}`;
        assert.equal(answer.status, 400, said);
        for (const [field, pattern] of Object.entries(faults)) assert.match(String(answer.body[field]), pattern, said);
        assert.equal(answer.body.code, 'invalid', said);
      }
      const nonsense = await admin.post('policies/bindings/', { target: api.superusers, order: 0 });
      assert.match(JSON.stringify(nonsense.body), /Exactly one/);
      const lost = await admin.post('policies/bindings/', { target: api.superusers, group: api.superusers, order: 0 });
      assert.match(JSON.stringify(lost.body), /target/, 'a group is nothing that a policy is asked about');
      assert.deepEqual(await counts(), before, 'and nothing has changed');
    });

    await t.test('bodies that are no objects', async () => {
      for (const body of [
        '[]',
        '"x"',
        '5',
        'true',
        '[{"username":"x"}]',
        '{',
        '{"username":"a\\u0000b","name":"x"}',
        '',
      ]) {
        for (const [method, path] of [
          ['POST', 'core/users/'],
          ['PATCH', `core/users/${admin.pk}/`],
          ['POST', `core/users/${admin.pk}/set_password/`],
        ] as const) {
          const answer = await api.call(method, path, { body, headers });
          const harmless = body === '' && method === 'PATCH';
          assert.ok(
            harmless ? answer.status === 200 : answer.status === 400,
            `${method} ${path} ${body}: ${answer.status}`,
          );
        }
      }
      const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' };
      assert.equal((await api.call('POST', 'core/users/', { body: 'username=x&name=x', headers: form })).status, 400);
      const odd = { ...headers, 'content-type': 'text/xml' };
      assert.equal((await api.call('POST', 'core/users/', { body: '<x/>', headers: odd })).status, 415);
      const proto = await api.call('POST', 'core/users/', { body: '{"__proto__":{"x":1},"username":"p"}', headers });
      assert.equal(proto.status, 400);
      const large = await api.call('POST', 'core/users/', { body: `{"name":"${'x'.repeat(2_000_000)}"}`, headers });
      assert.equal(large.status, 413);
    });

    await t.test('what is not for writing is not written', async () => {
      const made = await admin.post('core/users/', {
        username: 'mass',
        name: 'Mass',
        pk: 1,
        uuid: '00000000-0000-4000-8000-000000000000',
        uid: 'x',
        is_superuser: true,
        password: 'x',
        password_hash: 'x',
        date_joined: '2000-01-01T00:00:00Z',
        tenant_id: 'other',
        settings: '{}',
      });
      assert.equal(made.status, 201);
      assert.notEqual(made.body.pk, 1);
      assert.equal(made.body.is_superuser, false);
      assert.notEqual(made.body.uid, 'x');
      assert.match(String(made.body.date_joined), /^20[2-9]/);
      const { read } = api.app.core.database;
      const row = await read.selectFrom('users').selectAll().where('username', '=', 'mass').executeTakeFirstOrThrow();
      assert.equal(row.password_hash, null);
      const blueprint = await admin.post('managed/blueprints/', { name: 'b', content: 'x', status: 'successful' });
      assert.equal(blueprint.body.status, 'unknown');
      const token = await admin.post('core/tokens/', { identifier: 't', intent: 'api', key_hash: 'x', key: 'x' });
      assert.equal(token.status, 201);
      const stored = await read
        .selectFrom('tokens')
        .select('key_hash')
        .where('identifier', '=', 't')
        .executeTakeFirst();
      assert.match(stored?.key_hash ?? '', /^[0-9a-f]{64}$/);
    });

    await t.test('names in paths', async () => {
      const paths = [
        'core/users/abc/',
        'core/users/0/',
        'core/users/-1/',
        'core/users/1.5/',
        'core/users/99999999999999999999/',
        "core/users/1' or '1'='1/",
        'core/groups/nonsense/',
        'core/groups/00000000-0000-4000-8000-000000000000/',
        'core/applications/__proto__/',
        'core/tokens/%27/',
        'providers/all/abc/',
        'stages/all/abc/',
        'events/events/abc/',
        'core/user_consent/abc/',
        'rbac/permissions/abc/',
        'rbac/roles/abc/used_by/',
      ];
      for (const path of paths) assert.equal((await admin.get(path)).status, 404, path);
      assert.equal((await admin.get('core/users/%00/')).status, 400);
      assert.equal((await api.call('POST', 'core/users/1/', { headers, body: {} })).status, 405);
    });

    await t.test('PUT needs all that is required and PATCH nothing', async () => {
      const made = await admin.post('core/groups/', { name: 'put', attributes: { a: 1, b: 2 } });
      const one = `core/groups/${String(made.body.pk)}/`;
      assert.equal((await admin.put(one, {})).status, 400);
      assert.equal((await admin.patch(one, {})).status, 200);
      const changed = await admin.patch(one, { attributes: { c: 3 } });
      assert.deepEqual(changed.body.attributes, { c: 3 }, 'an object is replaced whole');
      assert.deepEqual((await admin.put(one, { name: 'put' })).body.attributes, { c: 3 }, 'what is left out stays');
    });

    await t.test('of many who want the same name one gets it', async () => {
      const answers = await Promise.all(
        Array.from({ length: 12 }, () => admin.post('core/users/', { username: 'wanted', name: 'W' })),
      );
      const statuses = answers.map((answer) => answer.status).toSorted((left, right) => left - right);
      assert.deepEqual(statuses, [201, ...Array.from({ length: 11 }, () => 400)]);
    });

    await t.test('groups cannot be above themselves', async () => {
      const group = async (name: string, parents: unknown[] = []): Promise<string> =>
        String((await admin.post('core/groups/', { name, parents })).body.pk);
      const top = await group('top');
      const middle = await group('middle', [top]);
      const low = await group('low', [middle]);
      for (const [pk, parent] of [
        [top, top],
        [top, middle],
        [top, low],
      ]) {
        const answer = await admin.patch(`core/groups/${pk}/`, { parents: [parent] });
        assert.equal(answer.status, 400, JSON.stringify(answer.body));
      }
    });
  });
}
