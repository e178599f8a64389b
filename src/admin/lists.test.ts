/** Lists: pages, searches, filters and orders, and what happens to nonsense in them. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startApi } from '../../tests/admin/api.ts';
import { databases } from '../../tests/environment/databases.ts';

type List = { pagination: Record<string, number>; results: Record<string, unknown>[]; autocomplete: unknown };

for (const engine of databases()) {
  test(`lists, on ${engine.name}`, async (t) => {
    const api = await startApi(engine);
    after(() => api.stop());
    const { admin } = api;
    const list = async (path: string): Promise<List> => {
      const answer = await admin.get<List>(path);
      assert.equal(answer.status, 200, `${path}: ${JSON.stringify(answer.body)}`);
      return answer.body;
    };
    const names = async (path: string): Promise<unknown[]> =>
      (await list(path)).results.map((each) => each.username ?? each.name);
    for (let number = 1; number <= 25; number += 1) {
      const username = `person-${String(number).padStart(2, '0')}`;
      await admin.post('core/users/', {
        username,
        name: `Person ${number}`,
        email: `${username}@example.org`,
        path: number > 20 ? 'late/comers' : 'users',
        is_active: number !== 3,
        attributes: { floor: number % 2, department: number < 5 ? 'sales' : 'it' },
      });
    }

    await t.test('pages are counted and end', async () => {
      const first = await list('core/users/?page_size=10');
      assert.deepEqual(first.pagination, {
        next: 2,
        previous: 0,
        count: 26,
        current: 1,
        total_pages: 3,
        start_index: 1,
        end_index: 10,
      });
      assert.deepEqual(first.autocomplete, {});
      const last = await list('core/users/?page_size=10&page=3');
      assert.deepEqual([last.pagination.next, last.pagination.previous, last.results.length], [0, 2, 6]);
      for (const page of ['4', '0', '-1', 'x', '1e3', '99999999999999999999', '%00']) {
        const answer = await admin.get(`core/users/?page_size=10&page=${page}`);
        assert.equal(answer.status, page === '%00' ? 400 : 404, page);
      }
      assert.equal((await list('core/users/?page_size=5000')).pagination.total_pages, 1);
      const empty = await list('core/users/?username=nobody');
      assert.deepEqual([empty.pagination.start_index, empty.pagination.end_index, empty.pagination.count], [0, 0, 0]);
    });

    await t.test('every person is on exactly one page', async () => {
      const seen: unknown[] = [];
      for (const page of [1, 2, 3]) seen.push(...(await names(`core/users/?page_size=10&page=${page}&ordering=path`)));
      assert.equal(new Set(seen).size, 26);
    });

    await t.test('searches and filters', async () => {
      assert.deepEqual(await names('core/users/?search=PERSON-07'), ['person-07']);
      assert.deepEqual(await names('core/users/?search=person%2007'), ['person-07'], 'every word counts');
      assert.deepEqual(await names('core/users/?search=%25'), [], 'a sign of patterns stands for itself');
      assert.deepEqual(await names('core/users/?search=person_07'), []);
      assert.deepEqual(await names('core/users/?username=person-04&username=person-05'), ['person-04', 'person-05']);
      assert.deepEqual(await names('core/users/?is_active=false'), ['person-03']);
      assert.deepEqual(await names('core/users/?is_superuser=true'), ['akadmin']);
      assert.equal((await list('core/users/?is_superuser=false')).pagination.count, 25);
      assert.equal((await list('core/users/?path=late/comers')).pagination.count, 5);
      assert.equal((await list('core/users/?path_startswith=late')).pagination.count, 5);
      assert.equal((await list('core/users/?date_joined__gt=2020-01-01T00:00:00Z')).pagination.count, 26);
      assert.equal((await list('core/users/?last_login__isnull=false')).pagination.count, 0);
      const attributes = encodeURIComponent(JSON.stringify({ department: 'sales', floor: 1 }));
      assert.deepEqual(await names(`core/users/?attributes=${attributes}`), ['person-01', 'person-03']);
      assert.deepEqual(await names(`core/users/?groups_by_pk=${api.superusers}`), ['akadmin']);
      assert.deepEqual(await names('core/groups/?members_by_username=akadmin'), ['authentik Admins']);
      assert.deepEqual(await names('core/groups/?is_superuser=true'), ['authentik Admins']);
    });

    await t.test('what Terraform looks for', async () => {
      const flows = await list('flows/instances/?slug=default-authentication-flow');
      assert.deepEqual(
        flows.results.map((each) => each.slug),
        ['default-authentication-flow'],
      );
      const both = ['openid', 'email'].map((name) => `managed=goauthentik.io/providers/oauth2/scope-${name}`).join('&');
      const mappings = await list(`propertymappings/provider/scope/?${both}&ordering=scope_name`);
      assert.deepEqual(
        mappings.results.map((each) => each.scope_name),
        ['email', 'openid'],
      );
      assert.equal((await list(`propertymappings/all/?${both}`)).pagination.count, 2);
      assert.equal((await list('propertymappings/provider/scope/?managed__isnull=true')).pagination.count, 0);
      assert.equal((await list('propertymappings/provider/scope/?scope_name=profile')).pagination.count, 1);
      assert.equal((await list('core/brands/?domain=authentik-default')).pagination.count, 1);
      assert.equal((await list('rbac/permissions/?codename=view_user')).pagination.count, 1);
      const stages = await list('stages/all/?name=default-authentication-login');
      assert.deepEqual(
        stages.results.map((each) => each.name),
        ['default-authentication-login'],
      );
    });

    await t.test('orders', async () => {
      const descending = await names('core/users/?ordering=-username&page_size=2');
      assert.deepEqual(descending, ['person-25', 'person-24']);
      assert.deepEqual(await names('core/users/?ordering=date_joined&page_size=1'), ['akadmin']);
    });

    await t.test('nonsense in names and values is no error of ours', async () => {
      const orders = [
        'password_hash',
        'id;drop table users',
        "username'--",
        '__proto__',
        'constructor',
        '-',
        ',',
        '(select 1)',
      ];
      for (const order of orders) {
        assert.equal((await list(`core/users/?ordering=${encodeURIComponent(order)}`)).pagination.count, 26, order);
      }
      for (const parameter of [
        'password_hash',
        "x'; drop table users",
        'toString',
        '__proto__',
        'username__regex',
        'id',
      ]) {
        const path = `core/users/?${encodeURIComponent(parameter)}=x`;
        assert.equal((await list(path)).pagination.count, 26, parameter);
      }
      const hidden = await list('crypto/certificatekeypairs/?certificate_data=x&key_data=x');
      assert.equal(hidden.pagination.count, 1, 'what is never shown cannot be asked for either');
      const values: [string, number[]][] = [
        ['core/users/?is_active=perhaps', [400]],
        ['core/users/?date_joined__gt=yesterday', [400]],
        ['core/groups/?members_by_pk=one', [400]],
        ['core/groups/?members_by_pk=99999999999999999999999', [400]],
        ['core/tokens/?user=abc', [400]],
        ['policies/bindings/?order=abc', [400]],
        ['core/users/?attributes=%7Bbroken', [200]],
        ['core/users/?attributes=%22text%22', [200]],
        ["core/users/?username=' or 1=1 --", [200]],
        ['events/events/?history_days=x', [200]],
        ['events/events/volume/?history_days=x', [400]],
        ['core/applications/?for_user=x', [400]],
        ['core/applications/?for_user=999999', [404]],
        [`core/users/?search=${'x'.repeat(3000)}`, [200]],
      ];
      for (const [path, statuses] of values) {
        const answer = await admin.get(path);
        assert.ok(statuses.includes(answer.status), `${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      }
      assert.equal((await list('core/users/')).pagination.count, 26, 'and everybody is still there');
    });

    await t.test('a page costs the same number of statements however many there are', async () => {
      const { database } = api.app.core;
      const cost = async (path: string): Promise<number> => {
        await list(path);
        const before = database.statements();
        await list(path);
        return database.statements() - before;
      };
      const lists = ['core/users', 'core/groups', 'core/tokens', 'stages/all', 'flows/instances', 'flows/bindings'];
      for (const path of [...lists, 'propertymappings/all', 'events/events']) {
        const [few, many] = [await cost(`${path}/?page_size=1`), await cost(`${path}/?page_size=20`)];
        assert.ok(many - few <= 8, `${path}: ${few} statements for one, ${many} for twenty`);
      }
    });
  });
}
