import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeExpressions } from './expressions.ts';
import { openExpressions } from './expressions.testing.ts';

const { run, value, failure } = openExpressions();

/** What each program must end as, with 150 ms of computing. A pattern names the kinds that are right. */
const hostile: Record<string, { source: string; ends: RegExp }> = {
  'an endless loop': { source: 'for (;;);', ends: /timeout/ },
  'an endless loop that catches': {
    source: 'for (;;) { try { for (;;); } catch { continue } finally { continue } }',
    ends: /timeout/,
  },
  'an endless chain of promises': { source: 'for (;;) await null', ends: /timeout/ },
  'chains of promises that breed': {
    source:
      'const f = () => { Promise.resolve().then(f); Promise.resolve().then(f) }; f(); await new Promise(() => {})',
    ends: /timeout|memory/,
  },
  'a catastrophic pattern': { source: 'return /^(a+)+$/.test("a".repeat(40) + "b")', ends: /timeout/ },
  'a catastrophic pattern for the prelude': {
    source: 'return regex_match("x".repeat(40) + "y", "^(x|x|x)*$")',
    ends: /timeout/,
  },
  'a search that never polls': { source: 'while (1) "a".repeat(1e6).indexOf("b")', ends: /timeout/ },
  'a large buffer': { source: 'return new ArrayBuffer(1e9).byteLength', ends: /memory|error/ },
  'many buffers': {
    source: 'const kept = []; for (;;) kept.push(new Uint8Array(1e6).fill(1))',
    ends: /memory|timeout/,
  },
  'a growing list of strings': {
    source: 'const kept = []; for (;;) kept.push("y".repeat(1e5) + kept.length)',
    ends: /memory|timeout/,
  },
  'a doubling string': { source: 'let s = "ab"; for (;;) s += s', ends: /memory|error/ },
  'a huge number': { source: 'let n = 3n; for (;;) n *= n', ends: /timeout|memory|error/ },
  'a huge array': { source: 'return new Array(4e9).fill(1).length', ends: /timeout|memory|error/ },
  'memory that is caught': {
    source: 'const kept = []; for (;;) { try { kept.push("z".repeat(1e5) + kept.length) } catch {} }',
    ends: /timeout|memory/,
  },
  'deep recursion': { source: 'const f = () => f() + 1; return f()', ends: /error/ },
  'deep recursion through native code': {
    source: 'const f = () => [1].map(f).sort().toString() + JSON.stringify({ toJSON: f }); return f()',
    ends: /error/,
  },
  'a deep value to print': {
    source: 'let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return JSON.stringify(a)',
    ends: /error|memory|timeout/,
  },
  'a deep source': { source: 'return eval("(".repeat(2e5))', ends: /error|memory/ },
  'a deep pattern': {
    source: 'return new RegExp("(".repeat(1e5) + ")".repeat(1e5)).test("a")',
    ends: /error|memory|timeout/,
  },
  'a chain of proxies': {
    source: 'let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); return p.name ?? "none"',
    ends: /error|memory|timeout/,
  },
  'a result that is too large': { source: 'return "r".repeat(4e5)', ends: /error/ },
  'an error that is too large': { source: 'throw new Error("e".repeat(1e6))', ends: /error/ },
};

for (const [name, { source, ends }] of Object.entries(hostile)) {
  test(`the sandbox survives ${name}`, async () => {
    const result = await failure(source, { timeoutMilliseconds: 150 });
    assert.match(result.kind, ends, result.message);
    assert.ok(result.message.length <= 2100);
    // That it came back at all is the point: on a slow machine the deadline may end what memory would have ended.
    assert.equal(await value('return 1 + 1'), 2);
  });
}

test('memory that evaluations held is given back to the system', async () => {
  const bomb = 'const kept = []; for (;;) kept.push("y".repeat(1e5) + kept.length)';
  const before = process.memoryUsage.rss();
  for (let round = 0; round < 40; round += 1) {
    assert.equal((await failure(bomb, { timeoutMilliseconds: 5000 })).kind, 'memory');
  }
  // Forty machines of 17 MB each were thrown away.
  assert.ok(process.memoryUsage.rss() - before < 300 * 1024 * 1024);
});

test('a hundred evaluations at once have their answers although one of them never polls its deadline', async () => {
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      index === 42
        ? run('while (1) "a".repeat(1e6).indexOf("b")', { timeoutMilliseconds: 100 })
        : run('return index * 2', { context: { index } }),
    ),
  );
  for (const [index, answer] of answers.entries()) {
    if (index === 42) assert.equal(!answer.ok && answer.kind, 'timeout');
    else assert.deepEqual(answer.ok && answer.value, index * 2);
  }
});

test('an evaluation that is started anew does not call the server twice', async () => {
  let called = 0;
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<number>();
  const ask = () => {
    called += 1;
    asked.resolve();
    return answer.promise;
  };
  const waiting = run('return (await ask()) + 1', { hostFunctions: { ask } });
  await asked.promise;
  const killed = await failure('while (1) "a".repeat(1e6).indexOf("b")', { timeoutMilliseconds: 50 });
  assert.equal(killed.kind, 'timeout');
  answer.resolve(1);
  const result = await waiting;
  assert.deepEqual([result.ok && result.value, called], [2, 1]);
});

test('others are evaluated while one waits for the server, which has a bound of its own', async () => {
  const slow = openExpressions({ limits: { hostMilliseconds: 100, hostCalls: 3 } });
  const never = { never: () => new Promise<number>(() => {}), once: () => 1 };
  const waiting = slow.failure('return await never()', { hostFunctions: never });
  assert.equal(await slow.value('return 5'), 5);
  assert.equal((await waiting).kind, 'timeout');
  const tooMany = await slow.failure('for (;;) await once()', { hostFunctions: never });
  assert.match(tooMany.message, /more than 3/);
  assert.equal(await slow.value('return await once()', { hostFunctions: never }), 1);
});

test('what goes to a function of the server and comes from it is bounded', async () => {
  const hostFunctions = { echo: (text: unknown) => String(text), much: () => 'm'.repeat(300_000) };
  assert.match((await failure('await echo("a".repeat(300000))', { hostFunctions })).message, /arguments are too large/);
  assert.match((await failure('await much()', { hostFunctions })).message, /answer of much is too large/);
});

test('sources, values and the queue are bounded', async () => {
  assert.match((await failure(' '.repeat(70_000))).message, /longer than/);
  assert.match((await failure('return 1', { context: { a: 'a'.repeat(600_000) } })).message, /too large/);
  assert.equal(await value('return a.length', { context: { a: 'a'.repeat(500_000) } }), 500_000);
  const small = openExpressions({ limits: { queueLength: 2, started: 1 } });
  const answers = await Promise.all(Array.from({ length: 4 }, () => small.run('return 1')));
  assert.deepEqual(
    answers.map(({ ok }) => ok),
    [true, true, true, false],
  );
  const [refused] = answers.filter((answer) => !answer.ok);
  assert.match(refused && !refused.ok ? refused.message : '', /too many/);
});

test('closing ends what is under way and refuses what comes after', async () => {
  const expressions = makeExpressions();
  const evaluate = (source: string) => expressions.evaluate({ language: 'javascript', source, context: {} });
  assert.equal((await evaluate('return 1')).ok, true);
  const busy = [evaluate('while (1) "a".repeat(1e6).indexOf("b")'), evaluate('return 2')];
  await expressions.close();
  for (const result of await Promise.all([...busy, evaluate('return 3')])) {
    assert.match(result.ok ? '' : result.message, /stopping/);
  }
  await expressions.close();
});
