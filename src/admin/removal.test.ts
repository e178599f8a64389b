/** What uses an object is told, and nothing is pulled from under anyone's feet. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startApi } from '../../tests/admin/api.ts';
import { databases } from '../../tests/environment/databases.ts';

type Used = { app: string; model_name: string; pk: string; name: string; action: string }[];

for (const engine of databases()) {
  test(`removal, on ${engine.name}`, async (t) => {
    const api = await startApi(engine);
    after(() => api.stop());
    const { admin } = api;
    const make = async (path: string, body: unknown): Promise<string> => {
      const answer = await admin.post(path, body);
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      return String(answer.body.pk);
    };
    const usedBy = async (path: string): Promise<string[]> => {
      const answer = await admin.get<Used>(`${path}used_by/`);
      assert.equal(answer.status, 200, path);
      return answer.body.map((each) => `${each.model_name} ${each.action}`).sort();
    };
    const gone = async (path: string): Promise<boolean> => (await admin.get(path)).status === 404;

    const flow = await make('flows/instances/', { name: 'F', slug: 'f', title: 'F', designation: 'authorization' });
    const stage = await make('stages/deny/', { name: 'Deny' });
    const provider = await make('providers/oauth2/', {
      name: 'P',
      authorization_flow: flow,
      invalidation_flow: flow,
      redirect_uris: [],
    });
    const application = await make('core/applications/', { name: 'A', slug: 'a', provider: Number(provider) });
    const inFlow = await make('flows/bindings/', { target: flow, stage, order: 0 });
    const group = await make('core/groups/', { name: 'G' });
    const allowed = await make('policies/bindings/', { target: application, group, order: 0 });
    const onStage = await make('policies/bindings/', { target: inFlow, group, order: 0 });

    await t.test('what a provider needs stays', async () => {
      assert.deepEqual(await usedBy('flows/instances/f/'), [
        'flowstagebinding cascade',
        'oauth2provider left_dangling',
        'oauth2provider left_dangling',
      ]);
      const refused = await admin.delete('flows/instances/f/');
      assert.equal(refused.status, 409);
      assert.match(String(refused.body.detail), /still used by OAuth2\/OpenID Provider “P”/);
      assert.equal(await gone(`flows/bindings/${inFlow}/`), false, 'and nothing of it went either');
    });

    await t.test('what names an object without needing it forgets it', async () => {
      assert.deepEqual(await usedBy(`providers/oauth2/${provider}/`), ['application set_null']);
      assert.equal((await admin.delete(`providers/oauth2/${provider}/`)).status, 204);
      assert.equal((await admin.get('core/applications/a/')).body.provider, null);
    });

    await t.test('what cannot be without it goes with it', async () => {
      assert.deepEqual(await usedBy(`stages/all/${stage}/`), ['flowstagebinding cascade']);
      assert.equal((await admin.delete(`stages/all/${stage}/`)).status, 204);
      for (const path of [`stages/deny/${stage}/`, `flows/bindings/${inFlow}/`, `policies/bindings/${onStage}/`]) {
        assert.equal(await gone(path), true, path);
      }
      assert.equal(await gone(`policies/bindings/${allowed}/`), false);
      const events = await admin.get<{ results: { context: { model: { model_name: string } } }[] }>(
        'events/events/?action=model_deleted&page_size=3',
      );
      const names = events.body.results.map((each) => each.context.model.model_name).sort();
      assert.deepEqual(names, ['denystage', 'flowstagebinding', 'policybinding'], 'each with its event');
      assert.equal((await admin.delete('flows/instances/f/')).status, 204);
    });

    await t.test('a person goes with their keys, sessions and bindings', async () => {
      const person = await api.somebody('leaver');
      const binding = await make('policies/bindings/', { target: application, user: person.pk, order: 1 });
      await admin.post(`core/groups/${group}/add_user/`, { pk: person.pk });
      assert.deepEqual(await usedBy(`core/users/${person.pk}/`), ['policybinding cascade', 'token cascade']);
      assert.equal((await admin.delete(`core/users/${person.pk}/`)).status, 204);
      assert.equal(await gone(`policies/bindings/${binding}/`), true);
      assert.equal(await gone('core/tokens/of-leaver/'), true);
      assert.deepEqual((await admin.get(`core/groups/${group}/`)).body.users, []);
      const { read } = api.app.core.database;
      const left = await read.selectFrom('secrets').selectAll().where('field', '=', 'key').execute();
      const tokens = await read.selectFrom('tokens').select('id').execute();
      assert.deepEqual(left.map((row) => row.owner_id).sort(), tokens.map((row) => row.id).sort());
    });

    await t.test('nobody is let in because the last who were allowed are gone', async () => {
      const club = await make('core/groups/', { name: 'Club' });
      const closed = await make('core/applications/', { name: 'Closed', slug: 'closed' });
      const binding = await make('policies/bindings/', { target: closed, group: club, order: 0 });
      const refused = await admin.delete(`core/groups/${club}/`);
      assert.equal(refused.status, 409);
      assert.match(String(refused.body.detail), /last that decides who may enter/);
      const another = await make('policies/bindings/', { target: closed, group, order: 1 });
      await admin.patch(`policies/bindings/${another}/`, { enabled: false });
      assert.equal((await admin.delete(`core/groups/${club}/`)).status, 409, 'a disabled binding keeps nobody out');
      await admin.patch(`policies/bindings/${another}/`, { enabled: true });
      assert.equal((await admin.delete(`core/groups/${club}/`)).status, 204);
      assert.equal(await gone(`policies/bindings/${binding}/`), true);
      assert.equal(
        (await admin.delete('core/applications/closed/')).status,
        204,
        'with its application a binding may go',
      );
    });

    await t.test('many who use it are no hindrance', async () => {
      const many = await make('policies/expression/', { name: 'many', expression: 'return true' });
      for (let order = 0; order < 30; order += 1)
        await make('policies/bindings/', { target: application, policy: many, order });
      assert.equal((await admin.get(`policies/expression/${many}/`)).body.bound_to, 30);
      assert.equal((await admin.delete(`policies/all/${many}/`)).status, 204);
      const left = await admin.get<{ pagination: { count: number } }>(`policies/bindings/?target=${application}`);
      assert.equal(left.body.pagination.count, 1);
    });
  });
}
