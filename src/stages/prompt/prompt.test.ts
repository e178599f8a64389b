import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { errorsOf, FlowClient, makeFlow } from '../../../tests/environment/flow-client.ts';
import { startOstiary, type TestOstiary } from '../../../tests/environment/ostiary.ts';
import type { Json } from '../../core/declaration.ts';
import { expression } from '../../policies/expression/expression.ts';
import { dummy } from '../dummy/dummy.ts';
import { prompt, promptModel } from './prompt.ts';

let ostiary: TestOstiary;
before(async () => {
  ostiary = await startOstiary();
});
after(() => ostiary.stop());

let made = 0;
type Settings = Record<string, unknown>;

/** A client before a stage that asks for these fields; something else is asked after it. */
async function asking(fields: Settings[], stage: Settings = {}): Promise<FlowClient> {
  made += 1;
  const slug = `prompt-${made}`;
  const ids: string[] = [];
  for (const [order, field] of fields.entries()) {
    const values = {
      name: `${slug} ${order}`,
      label: 'A field',
      type: 'text',
      order,
      language: 'javascript',
      ...field,
    };
    ids.push((await ostiary.make(promptModel, values as never)).id);
  }
  await makeFlow(ostiary, { slug }, [
    [prompt, { fields: ids, ...stage }],
    [dummy, {}],
  ]);
  return new FlowClient(ostiary, slug);
}

/** The answers that the client's run has gathered. */
const gathered = async (client: FlowClient): Promise<Record<string, Json> | undefined> =>
  (await client.gathered(ostiary)).prompt_data;

const anyPolicy = (source: string): Promise<{ id: string }> =>
  ostiary.make(expression.declaration, {
    name: `policy ${(made += 1)}`,
    expression: source,
    language: 'javascript',
  } as never);

test('fields are shown in their own order, and what is answered goes on', async () => {
  const client = await asking([
    { field_key: 'attributes.town', order: 2, required: false, sub_text: 'Where you live' },
    { field_key: 'name', order: 1, initial_value: 'Ann' },
  ]);
  const shown = await client.look();
  assert.equal(shown.component, 'ak-stage-prompt');
  assert.deepEqual(
    (shown.fields as { field_key: string; initial_value: string }[]).map((each) => [
      each.field_key,
      each.initial_value,
    ]),
    [
      ['name', 'Ann'],
      ['attributes.town', ''],
    ],
  );
  const next = await client.answer({ component: 'ak-stage-prompt', name: 'Bob', 'attributes.town': '', extra: 'x' });
  assert.equal(next.component, 'ak-stage-dummy');
  assert.deepEqual(await gathered(client), { name: 'Bob', 'attributes.town': '' });
});

test('each type takes what fits it and refuses what does not', async () => {
  const file = 'data:text/plain;base64,aGVsbG8=';
  const cases: [type: string, good: [unknown, Json][], bad: unknown[]][] = [
    [
      'text',
      [
        ['  a b ', '  a b '],
        [7, '7'],
      ],
      ['', '   ', 'a\nb', 'x'.repeat(2001), ['a'], { a: 1 }, true, '\ud800'],
    ],
    ['text_area', [['a\nb', 'a\nb']], ['x'.repeat(20_001), []]],
    ['username', [[' ann ', 'ann']], ['x'.repeat(151), 'a\u0000b']],
    ['email', [['ann@example.org', 'ann@example.org']], ['ann', 'a@b@c', 'a b@c.d', '@c.d', 'a@', 'a@-b.c', 'a@b..c']],
    [
      'number',
      [
        [3, 3],
        ['-4.5', -4.5],
      ],
      ['1e400', 'NaN', '0x10', '9'.repeat(40), true],
    ],
    [
      'checkbox',
      [
        [true, true],
        ['on', true],
        ['true', true],
      ],
      [undefined, false, 'maybe', ['on'], {}],
    ],
    ['date', [['2026-02-28', '2026-02-28']], ['2026-02-30', '28.02.2026', '2026-2-3']],
    [
      'date-time',
      [
        ['2026-02-28T10:00', '2026-02-28T10:00'],
        ['2026-02-28T10:00:00Z', '2026-02-28T10:00:00Z'],
      ],
      ['2026-02-28'],
    ],
    ['file', [[file, file]], ['hello', 'data:text/html,<p>', `data:text/plain;base64,${'AAAA'.repeat(20_000)}`]],
    ['ak-locale', [['de-DE', 'de-DE']], ['xx', 'de-DE ']],
    ['dropdown', [['one', 'one']], ['two', '__proto__', ['one']]],
    ['radio-button-group', [['one', 'one']], ['ONE']],
  ];
  for (const [type, good, bad] of cases) {
    const client = await asking([{ field_key: 'it', type, placeholder: 'one' }]);
    for (const it of bad) {
      const refused = await client.answer({ component: 'ak-stage-prompt', it });
      const about = `${type} ${JSON.stringify(it)?.slice(0, 40)}`;
      // What cannot be stored at all is refused at the door.
      if (refused.status === 400) continue;
      assert.equal(refused.component, 'ak-stage-prompt', about);
      assert.deepEqual(Object.keys(errorsOf(refused)), ['it'], about);
    }
    for (const [it, kept] of good) {
      const again = await asking([{ field_key: 'it', type, placeholder: 'one' }]);
      const taken = await again.answer({ component: 'ak-stage-prompt', it });
      assert.equal(taken.component, 'ak-stage-dummy', `${type} ${JSON.stringify(it)}`);
      assert.deepEqual(await gathered(again), { it: kept });
    }
  }
});

test('an optional box that is off, and an optional number that is empty', async () => {
  const client = await asking([
    { field_key: 'news', type: 'checkbox', required: false, initial_value: 'true' },
    { field_key: 'age', type: 'number', required: false },
    { field_key: 'left', required: false },
  ]);
  assert.equal((await client.answer('component=ak-stage-prompt&age=')).component, 'ak-stage-dummy');
  assert.deepEqual(await gathered(client), { news: false, age: null });
});

test('fixed fields keep their initial value, whatever is sent and whoever shares their name', async () => {
  const types = ['hidden', 'static', 'text_read_only', 'text_area_read_only'];
  const client = await asking([
    ...types.map((type) => ({ field_key: type, type, initial_value: 'ours' })),
    { field_key: 'hidden', type: 'text' },
    { field_key: 'note', type: 'alert_info', initial_value: 'read this' },
  ]);
  const theirs = Object.fromEntries([...types, 'note'].map((type) => [type, 'theirs']));
  assert.equal((await client.answer({ component: 'ak-stage-prompt', ...theirs })).component, 'ak-stage-dummy');
  assert.deepEqual(await gathered(client), Object.fromEntries(types.map((type) => [type, 'ours'])));
});

test('passwords must be the same, are judged as typed, and go on as a hash only', async () => {
  const policy = await anyPolicy(
    `if (request.context.prompt_data.password.length >= 8) return true; ak_message('Too short.'); return false;`,
  );
  const password = { type: 'password', field_key: 'password' };
  const client = await asking([password, { ...password, field_key: 'password_repeat' }], {
    validation_policies: [policy.id],
  });
  const type = (one: string, other: string) =>
    client.answer({ component: 'ak-stage-prompt', password: one, password_repeat: other });
  assert.deepEqual(errorsOf(await type('one secret', 'another secret')), {
    password_repeat: ['The passwords are not the same.'],
  });
  assert.deepEqual(errorsOf(await type('short', 'short')), { non_field_errors: ['Too short.'] });
  assert.deepEqual(Object.keys(errorsOf(await type('x'.repeat(1025), 'x'.repeat(1025)))), [
    'password',
    'password_repeat',
  ]);
  assert.equal((await type('horse staple', 'horse staple')).component, 'ak-stage-dummy');
  const kept = (await gathered(client)) as { password: { hash: string }; password_repeat: { hash: string } };
  assert.deepEqual(kept.password_repeat, kept.password);
  assert.equal((await ostiary.core.passwords.verify('horse staple', kept.password.hash)).valid, true);
  const rows = await ostiary.core.database.read.selectFrom('flow_runs').select('state').execute();
  assert.ok(!JSON.stringify(rows).includes('horse staple'));
  assert.ok(!ostiary.logged().includes('horse staple'));
});

test('a validation policy that fails refuses the answers', async () => {
  const policy = await anyPolicy('throw new Error("broken")');
  const client = await asking([{ field_key: 'name' }], { validation_policies: [policy.id] });
  const refused = await client.answer({ component: 'ak-stage-prompt', name: 'Ann' });
  assert.deepEqual(Object.keys(errorsOf(refused)), ['non_field_errors']);
});

test('expressions give initial values and choices of the person', async () => {
  const ann = await ostiary.person('ann');
  const client = await asking([
    { field_key: 'name', initial_value: 'return user.username + "!"', initial_value_expression: true },
    {
      field_key: 'team',
      type: 'dropdown',
      placeholder: 'return ["red", { value: "b", label: "Blue" }]',
      placeholder_expression: true,
    },
  ]);
  await client.signIn(ostiary, ann.pk);
  const shown = await client.look();
  const [name, team] = shown.fields as Record<string, unknown>[];
  assert.equal(name?.initial_value, 'ann!');
  assert.deepEqual(team?.choices, [
    { value: 'red', label: 'red' },
    { value: 'b', label: 'Blue' },
  ]);
  assert.equal((await client.answer({ component: 'ak-stage-prompt', team: 'b' })).component, 'ak-stage-dummy');
  assert.deepEqual(await gathered(client), { name: 'ann!', team: 'b' });
});

test('an expression that cannot run denies with words, and the log says why', async () => {
  for (const [language, source, reason] of [
    ['python', 'return user.username', /written in Python/],
    ['javascript', 'return {', /prompt-/],
    ['javascript', 'return { a: 1 }', /returned no text/],
    ['javascript', 'return "x".repeat(30000)', /too long/],
  ] as const) {
    const field = { field_key: 'name', initial_value: source, initial_value_expression: true, language };
    const shown = await (await asking([field])).look();
    assert.equal(shown.status, 200);
    assert.equal(shown.component, 'ak-stage-access-denied');
    assert.match(String(shown.error_message), /not set up correctly/);
    const line = ostiary
      .logged()
      .trim()
      .split('\n')
      .findLast((each) => each.includes('a prompt cannot be shown'));
    assert.match(line ?? '', reason);
  }
});

test('a username that somebody has is not taken again, however it is written', async () => {
  await ostiary.person('carla');
  const client = await asking([{ field_key: 'username' }, { field_key: 'attributes.alias', type: 'username' }]);
  const refused = await client.answer({ component: 'ak-stage-prompt', username: 'CARLA', 'attributes.alias': 'x' });
  assert.deepEqual(errorsOf(refused), { username: ['This username is already taken.'] });
  const alias = await client.answer({ component: 'ak-stage-prompt', username: 'carl', 'attributes.alias': 'carla' });
  assert.deepEqual(Object.keys(errorsOf(alias)), ['attributes.alias']);
});

test('hostile answers never break the stage and never get past it', async () => {
  const types = ['text', 'email', 'password', 'number', 'checkbox', 'dropdown', 'date', 'date-time', 'file', 'hidden'];
  const client = await asking(types.map((type) => ({ field_key: `attributes.${type}`, type, placeholder: 'one' })));
  const key = fc.oneof(
    fc.constantFrom(...types.map((type) => `attributes.${type}`), 'constructor', 'toString', 'prompt_data', 'fields'),
    fc.string(),
  );
  await fc.assert(
    fc.asyncProperty(fc.dictionary(key, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 12 }), async (values) => {
      const answer = { ...values, 'attributes.date': ['2026-01-01'], component: 'ak-stage-prompt' };
      const shown = await client.answer(answer);
      assert.ok(shown.status < 500, JSON.stringify(answer));
      if (shown.status === 200) assert.ok('attributes.date' in errorsOf(shown), JSON.stringify(answer));
    }),
    { numRuns: 60 },
  );
  const polluted = await client.answer('component=ak-stage-prompt&__proto__=x&constructor=y&__proto__[admin]=1');
  assert.equal(polluted.component, 'ak-stage-prompt');
  assert.equal(({} as { admin?: string }).admin, undefined);
});

test('a prompt cannot be named as what the form itself uses', () => {
  const { field_key } = promptModel.fields;
  for (const name of ['component', 'run', '__proto__', 'attributes.__proto__.x', 'a b', '']) {
    assert.equal(field_key.schema().safeParse(name).success, false, name);
  }
  assert.equal(field_key.schema().safeParse('attributes.settings.locale').success, true);
});
