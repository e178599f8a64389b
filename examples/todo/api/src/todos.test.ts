import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { RunningTodoApi } from './server.ts';
import type { Answer } from './test-caller.ts';
import { call, startApiFor } from './test-caller.ts';
import { TestIssuer } from './test-issuer.ts';
import { testDatabases } from './test-databases.ts';
import type { TestDatabase } from './test-databases.ts';
import { MOST_TODOS_PER_PERSON } from './todo-store.ts';
import type { Todo } from './todo-store.ts';

for (const { engine, make } of testDatabases()) {
  describe(`The list of a person, in ${engine}`, () => {
    let database: TestDatabase;
    let issuer: TestIssuer;
    let api: RunningTodoApi;
    let ann: string;
    let bob: string;
    before(async () => {
      issuer = await TestIssuer.start();
      database = await make();
      api = await startApiFor(issuer, { databaseUrl: database.url });
      ann = await issuer.token('ann');
      bob = await issuer.token('bob');
    });
    after(async () => {
      await api.close();
      await database.drop();
      await issuer.close();
    });
    const as = (token: string, method: string, path: string, body?: unknown): Promise<Answer> =>
      call(api, method, path, { token, body });
    const listOf = async (token: string): Promise<Todo[]> => (await as(token, 'GET', '/todos/')).body as Todo[];
    const add = async (token: string, body: unknown): Promise<Todo> => {
      const answer = await as(token, 'POST', '/todos/', body);
      assert.equal(answer.status, 201);
      return answer.body as Todo;
    };

    test('holds what was added, changed and ticked, and forgets what was deleted', async () => {
      const made = await add(ann, { title: '  Water the plants ' });
      assert.deepEqual([made.title, made.description, made.completed], ['Water the plants', null, false]);
      assert.equal(made.created_at, new Date(made.created_at).toISOString());

      const ticked = await as(ann, 'PUT', `/todos/${made.id}`, { completed: true });
      assert.equal(ticked.status, 200);
      const described = await as(ann, 'PUT', `/todos/${made.id}`, { description: 'Not the cactus 🌵' });
      const todo = described.body as Todo;
      assert.deepEqual([todo.title, todo.description, todo.completed], ['Water the plants', 'Not the cactus 🌵', true]);
      assert.deepEqual(await listOf(ann), [todo]);

      assert.equal((await as(ann, 'DELETE', `/todos/${made.id}`)).status, 204);
      assert.equal((await as(ann, 'DELETE', `/todos/${made.id}`)).status, 404);
      assert.deepEqual(await listOf(ann), []);
    });

    test('is nobody else’s: another person’s todo is not there', async () => {
      const mine = await add(ann, { title: 'A secret' });
      assert.deepEqual(await listOf(bob), []);
      const unknown = await as(bob, 'PUT', '/todos/00000000-0000-4000-8000-000000000000', { completed: true });
      const foreign = await as(bob, 'PUT', `/todos/${mine.id}`, { completed: true });
      assert.equal(foreign.status, 404);
      assert.deepEqual(foreign.body, unknown.body);
      assert.equal((await as(bob, 'DELETE', `/todos/${mine.id}`)).status, 404);
      assert.deepEqual(await listOf(ann), [mine]);
      await as(ann, 'DELETE', `/todos/${mine.id}`);
    });

    test('changes nothing for bad input, and says what is wrong', async () => {
      const todo = await add(ann, { title: 'Stay' });
      const bad: [unknown, number][] = [
        [{}, 422],
        [[], 422],
        ['null', 422],
        ['"text"', 422],
        [{ title: '' }, 422],
        [{ title: '   ' }, 422],
        [{ title: 7 }, 422],
        [{ title: 'x'.repeat(201) }, 422],
        [{ title: 'nul \0' }, 422],
        ['{"title":"\\ud800"}', 422],
        [{ title: 'ok', description: 'x'.repeat(2001) }, 422],
        [{ title: 'ok', completed: 'yes' }, 422],
        [{ title: 'ok', owner: 'bob' }, 422],
        ['{"title":', 400],
        ['{"__proto__":{"title":"x"}}', 400],
        [{ title: 'ok', description: 'x'.repeat(40_000) }, 413],
      ];
      for (const [body, status] of bad) {
        for (const [method, path] of [
          ['POST', '/todos/'],
          ['PUT', `/todos/${todo.id}`],
        ] as const) {
          const answer = await as(ann, method, path, body);
          assert.equal(answer.status, status, `${method} ${JSON.stringify(body).slice(0, 60)}`);
          assert.equal(typeof (answer.body as { message: unknown }).message, 'string');
        }
      }
      assert.deepEqual(await listOf(ann), [todo]);
      await as(ann, 'DELETE', `/todos/${todo.id}`);
    });

    test('answers odd paths and types with a clear refusal', async () => {
      for (const id of ['1', '%00', "'%20or%201=1", '..%2f']) {
        assert.equal((await as(ann, 'DELETE', `/todos/${id}`)).status, 404, id);
      }
      assert.equal((await as(ann, 'DELETE', `/todos/${'x'.repeat(300)}`)).status, 414);
      assert.equal((await as(ann, 'DELETE', '/todos/%zz')).status, 400);
      assert.equal((await as(ann, 'PATCH', '/todos/')).status, 404);
      const form = await call(api, 'POST', '/todos/', {
        token: ann,
        body: 'title=x',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      });
      assert.equal(form.status, 415);
      assert.equal((await as(ann, 'GET', '/todos')).status, 200);
    });

    test('has a bound', async () => {
      const busy = await issuer.token('busy');
      for (let made = 0; made < MOST_TODOS_PER_PERSON; made += 50) {
        await Promise.all(Array.from({ length: 50 }, (_, index) => add(busy, { title: `Number ${made + index}` })));
      }
      assert.equal((await as(busy, 'POST', '/todos/', { title: 'One more' })).status, 409);
      assert.equal((await listOf(busy)).length, MOST_TODOS_PER_PERSON);
    });
  });
}
