import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openExpressions } from './expressions.testing.ts';

const { value, run, failure } = openExpressions();

/** What an evaluation leaves behind, and the question whose answer would change if the next one saw it. */
const leftovers: Record<string, { leave: string; look: string; clean: unknown }> = {
  'prototype pollution': {
    leave: 'Object.prototype.polluted = 1; ({}).__proto__.also = 1; return ({}).polluted + ({}).also',
    look: 'return [({}).polluted ?? null, ({}).also ?? null]',
    clean: [null, null],
  },
  'a global': {
    leave: 'globalThis.left = 1; (0, eval)("var second = 2"); return left + second - 1',
    look: 'return [typeof left, typeof second]',
    clean: ['undefined', 'undefined'],
  },
  'a patched method of arrays': {
    leave: 'Array.prototype.map = () => "mine"; return [1].map((x) => x) === "mine" ? 2 : 0',
    look: 'return [1].map((x) => x + 1)',
    clean: [2],
  },
  'an index setter on the prototype of arrays': {
    leave: 'Object.defineProperty(Array.prototype, 0, { get: () => 2, set() {}, configurable: true }); return [,][0]',
    look: 'return [,][0] ?? null',
    clean: null,
  },
  'replaced functions of the prelude': {
    leave: 'ak_is_group_member = () => true; regex_match = () => 2; return regex_match()',
    look: 'return [ak_is_group_member({ groups: [] }, { name: "a" }), regex_match("a", "b")]',
    clean: [false, false],
  },
  'replaced JSON and Promise': {
    leave:
      'JSON.stringify = () => "9"; JSON.parse = () => 9; Promise.prototype.then = () => {}; globalThis.Promise = 1; return 2',
    look: 'return [JSON.stringify([1]), JSON.parse("1"), await Promise.resolve(3)]',
    clean: ['[1]', 1, 3],
  },
  'a registered symbol': {
    leave: 'Array[Symbol.for("left")] = 1; String.prototype[Symbol.toPrimitive] = () => 2; return new String("a") * 1',
    look: 'return [Symbol.for("left") in Array, new String("a") + ""]',
    clean: [false, 'a'],
  },
  'a species and an iterator': {
    leave: 'Array.prototype[Symbol.iterator] = function* () { yield 2 }; return [...[1]][0]',
    look: 'return [...[1]]',
    clean: [1],
  },
  'the constructor of functions': {
    leave:
      '(() => {}).constructor.prototype.call = () => 1; (() => {}).constructor.constructor("globalThis.made = 2")(); return made',
    look: 'return [typeof made, (() => 5).call()]',
    clean: ['undefined', 5],
  },
  'state of a regular expression': {
    leave: '/(a)/.exec("a"); RegExp.prototype.exec = () => null; return /a/.test("a") ? 0 : 2',
    look: 'return /a/.test("a")',
    clean: true,
  },
};

for (const [name, { leave, look, clean }] of Object.entries(leftovers)) {
  test(`the next evaluation does not see ${name}`, async () => {
    // The attack itself must work, or its absence afterwards proves nothing.
    assert.equal(await value(leave), 2);
    assert.deepEqual(await value(look), clean);
  });
}

test('work that is still pending does not run in the next evaluation', async () => {
  const forever = 'const again = () => Promise.resolve().then(() => { globalThis.ran = 1 });';
  assert.equal(await value(`${forever} new Promise(() => {}).then(again); queueMicrotask(again); return 2`), 2);
  assert.equal(await value('await null; await null; return typeof ran'), 'undefined');
});

test('a host call that nobody waits for is not answered in the next evaluation', async () => {
  let asked = 0;
  const hostFunctions = { ask: () => ++asked };
  assert.equal(await value('ask().then(() => { globalThis.ran = 1 }); return 2', { hostFunctions }), 2);
  assert.equal(await value('await null; return typeof ran'), 'undefined');
  assert.equal(asked, 0);
});

test('what an evaluation changes is gone also after it failed, ran out of time or out of memory', async () => {
  const leave = 'Object.prototype.polluted = 1; globalThis.left = 1;';
  await failure(`${leave} throw 1`);
  await failure(`${leave} for (;;);`, { timeoutMilliseconds: 30 });
  await failure(`${leave} const kept = []; for (;;) kept.push("x".repeat(1e5) + kept.length)`);
  assert.deepEqual(await value('return [typeof left, "polluted" in {}]'), ['undefined', false]);
});

test('there is no way from the sandbox to the process', async () => {
  const names = [
    'process',
    'require',
    'module',
    'fetch',
    'WebAssembly',
    'Buffer',
    'setTimeout',
    'std',
    'os',
    'hostRandom',
  ];
  const constructed = 'const reach = (code) => (() => {}).constructor.constructor("return " + code)();';
  assert.deepEqual(
    await value(`${constructed} return ${JSON.stringify(names)}.map((name) => reach("typeof " + name))`),
    names.map(() => 'undefined'),
  );
  const globals = await value(
    'const f = async (x) => x; return [f.constructor("return typeof process")()].length + typeof f.constructor',
  );
  assert.equal(globals, '1function');
  assert.match((await failure('return await import("node:fs")')).message, /./);
  const hostFunctions = { ask: () => 1 };
  const throughHost = 'return ask.constructor("return typeof process")()';
  assert.equal(await value(throughHost, { hostFunctions }), 'undefined');
  assert.equal(
    await value('return await ask.__proto__.constructor("return typeof process")()', { hostFunctions }),
    'undefined',
  );
  assert.equal(await value('return Math.random.constructor("return typeof process")()'), 'undefined');
});

test('only the functions of the server that were named can be called', async () => {
  const hostFunctions = { ask: (name: unknown) => String(name) };
  assert.equal(await value('return typeof toString === "function" && typeof other', { hostFunctions }), 'undefined');
  // Takes the call's record on its way out and puts another name into it.
  const forge = `Object.defineProperty(Object.prototype, 'toJSON', { configurable: true, get() {
    if (this && this.name === 'ask') this.name = 'hasOwnProperty';
    return undefined;
  } });`;
  const forged = await failure(`${forge} return await ask("x")`, { hostFunctions });
  assert.match(forged.message, /hasOwnProperty is not a function of the server/);
});

test('random numbers differ from one evaluation to the next', async () => {
  const drawn = new Set(await Promise.all(Array.from({ length: 20 }, () => value('return Math.random()'))));
  assert.equal(drawn.size, 20);
  for (const number of drawn) assert.ok(Number(number) >= 0 && Number(number) < 1);
});

test('a result cannot carry a trick out', async () => {
  assert.equal(await value('return { toJSON() { return "chosen" } }'), 'chosen');
  assert.deepEqual(
    await value('return new Proxy({ a: 1 }, { get: (target, key) => key === "toJSON" ? undefined : 7 })'),
    { a: 7 },
  );
  assert.equal(
    (await failure('return { get a() { throw new Error("from a getter") } }')).message,
    'Error: from a getter',
  );
  assert.match((await failure('return JSON.parse(\'{"__proto__":{"isAdmin":true}}\')')).message, /__proto__/);
  assert.match(
    (await failure('let deep = 1; for (let i = 0; i < 500; i++) deep = [deep]; return deep')).message,
    /deeply/,
  );
  const proxied = await run('throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 } })');
  assert.equal(proxied.ok, false);
  for (const hang of [
    '{ get a() { for (;;); } }',
    '{ toJSON() { for (;;); } }',
    '{ then() {} }',
    'new Promise(() => {})',
  ]) {
    const result = await failure(`return ${hang}`, { timeoutMilliseconds: 30 });
    assert.match(`${result.kind} ${result.message}`, /timeout|never happens/, hang);
  }
});
