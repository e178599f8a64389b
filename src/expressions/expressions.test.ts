import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openExpressions } from './expressions.testing.ts';

const { expressions, run, value, failure } = openExpressions();

const ann = {
  username: 'ann',
  groups: [
    { pk: '1', name: 'staff' },
    { pk: '2', name: 'admins' },
  ],
};

test('an expression is the body of a function that sees the values it was given', async () => {
  assert.equal(await value('return user.username + " asks"', { context: { user: ann } }), 'ann asks');
  assert.deepEqual(await value('return { a: [1, null, "x"], when: new Date(0) }'), {
    a: [1, null, 'x'],
    when: '1970-01-01T00:00:00.000Z',
  });
  assert.equal(await value('return (await Promise.all([1, 2])).length'), 2);
  assert.equal(await value('const user = "shadowed"; return user', { context: { user: ann } }), 'shadowed');
  assert.equal(await value('return true // a comment at the end'), true);
});

test('nothing, or something that is not JSON, is null', async () => {
  for (const source of ['', 'return', 'return undefined', 'return () => 1', 'return Symbol()', 'return NaN']) {
    assert.equal(await value(source), null, source);
  }
  assert.match((await failure('return 1n')).message, /BigInt/i);
  assert.match((await failure('const a = []; a.push(a); return a')).message, /circular/);
});

test('the given values are copies', async () => {
  const user = { username: 'ann', groups: [] };
  assert.equal(await value('user.username = "eve"; return user.username', { context: { user } }), 'eve');
  assert.equal(user.username, 'ann');
});

test('group membership is looked up by name, by key, or by both', async () => {
  const asks = (filter: string) => value(`return ak_is_group_member(user, ${filter})`, { context: { user: ann } });
  assert.equal(await asks('{ name: "admins" }'), true);
  assert.equal(await asks('{ pk: "1" }'), true);
  assert.equal(await asks('{ name: "admins", pk: "1" }'), false);
  assert.equal(await asks('{ name: "others" }'), false);
  assert.equal(await value('return akIsGroupMember({}, { name: "admins" })'), false);
  assert.match((await failure('return ak_is_group_member({ groups: [] }, {})')).message, /needs a group/);
});

test('regular expressions and lists', async () => {
  assert.equal(await value('return regex_match("ann@example.org", "@example\\\\.org$")'), true);
  assert.equal(await value('return regex_match("ann", "^b")'), false);
  assert.equal(await value('return regex_replace("a-b-c", "-", "$&")'), 'a$&b$&c');
  assert.deepEqual(await value('return [list_flatten([7, 8]), list_flatten([]), list_flatten("x")]'), [7, null, 'x']);
});

test('messages are for the person, log lines for the author, and both are bounded', async () => {
  const result = await run('ak_message("Not today"); ak_logger.info("saw", { a: 1 }); return false');
  assert.deepEqual(result, { ok: true, value: false, messages: ['Not today'], logs: ['info: saw {"a":1}'] });
  const many = await run('for (let i = 0; i < 999; i++) { ak_message("m".repeat(9999)); ak_logger.error("l") }');
  assert.ok(many.ok);
  assert.deepEqual([many.messages.length, many.messages[0]?.length, many.logs.length], [20, 1000, 50]);
  const failing = await failure('ak_logger.debug("got here")\nthrow new Error("no")');
  assert.deepEqual(failing.logs, ['debug: got here']);
});

test('a failure names the line as its author counts', async () => {
  const thrown = await failure('const a = null;\n\nreturn a.name');
  assert.deepEqual([thrown.kind, thrown.line], ['error', 3]);
  assert.match(thrown.message, /TypeError.*name/);
  assert.equal((await failure('const f = () => {\n  undefinedName();\n};\nf()')).line, 2);
  assert.equal((await failure('\nreturn regex_match("a", "(")')).line, 2);
  assert.equal((await failure('const a = 1;\nconst b = ;')).line, 2);
  assert.equal((await failure('if (true) {\n  return 1;')).line, 2);
  assert.match((await failure('throw "plain words"')).message, /^plain words$/);
  assert.equal((await failure('undeclared = 1')).message.startsWith('ReferenceError'), true);
});

test('check finds faults of syntax and runs nothing', async () => {
  assert.deepEqual(await expressions.check('javascript', 'return ak_message(anything.at.all)'), { ok: true });
  const fault = await expressions.check('javascript', 'return 1;\nreturn ]');
  assert.ok(!fault.ok);
  assert.equal(fault.line, 2);
  assert.deepEqual(await expressions.check('javascript', '}}); for (;;); (async () => {{'), { ok: true });
  assert.equal((await expressions.check('javascript', ' '.repeat(70_000))).ok, false);
});

test('Python is stored, and refused where it would have to run', async () => {
  assert.deepEqual(await expressions.check('python', 'return user.username'), { ok: true });
  const result = await expressions.evaluate({ language: 'python', source: 'return True', context: {} });
  assert.ok(!result.ok);
  assert.equal(result.kind, 'unsupported');
  assert.match(result.message, /Python/);
});

test('an expression awaits functions of the server', async () => {
  const hostFunctions = {
    add: (a: unknown, b: unknown) => Number(a) + Number(b),
    slowly: async (text: unknown) => {
      await new Promise((resolve) => setImmediate(resolve));
      return { said: String(text) };
    },
    refuses: () => Promise.reject(new Error('not for you')),
  };
  const more = { hostFunctions };
  assert.equal(await value('return await add(1, await add(2, 3))', more), 6);
  assert.deepEqual(await value('return await Promise.all([slowly("a"), slowly("b")])', more), [
    { said: 'a' },
    { said: 'b' },
  ]);
  assert.equal(await value('try { await refuses() } catch (error) { return error.message }', more), 'not for you');
  const uncaught = await failure('\nawait refuses()', more);
  assert.deepEqual([uncaught.message, uncaught.line], ['Error: not for you', 2]);
});

test('names that cannot be in scope are refused', async () => {
  const twice = await failure('return a', { context: { a: 1 }, hostFunctions: { a: () => 1 } });
  assert.match(twice.message, /both/);
  assert.match((await failure('return 1', { context: { 'a){}+(': 1 } })).message, /cannot be a name/);
});
