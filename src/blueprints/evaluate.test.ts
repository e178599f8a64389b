import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Json } from '../core/declaration.ts';
import { type Evaluation, evaluate } from './evaluate.ts';
import { BlueprintFault } from './fault.ts';
import { type Piece, readYaml } from './read-yaml.ts';

async function evaluationOf(text: string, given: Record<string, Json> = {}): Promise<[Evaluation, Piece]> {
  const root = await readYaml('a.yaml', text);
  assert.equal(root.kind, 'map');
  const context = root.entries.get('context');
  const evaluation: Evaluation = {
    file: 'a.yaml',
    context: context?.kind === 'map' ? context.entries : new Map(),
    surroundings: {
      keyOf: (id) => ({ person: 7, flow: 'f-1' })[id],
      find: async (model, conditions) =>
        model === 'a.flow' ? { pk: 'f-2', asked: conditions.map((each): Json => [...each]) } : undefined,
      environment: (name) => ({ SET: 'from outside', EMPTY: '' })[name],
      file: (path) => (path === 'note.txt' ? ' a note\n' : undefined),
      given,
    },
    spent: { values: 0, characters: 0 },
  };
  return [evaluation, root.entries.get('value') as Piece];
}
const value = async (text: string, context = '', given = {}): Promise<Json> =>
  evaluate(...(await evaluationOf(`context: {${context}}\nvalue: ${text}\n`, given)));

describe('every tag means what it means in authentik', () => {
  for (const [text, expected, context = ''] of [
    ['!KeyOf person', 7],
    ['!KeyOf flow', 'f-1'],
    ['!Find [a.flow, [slug, x]]', 'f-2'],
    ['!Find [a.user, [slug, x]]', null],
    [
      '!FindObject [a.flow, [slug, !Context s], [n, 2]]',
      {
        pk: 'f-2',
        asked: [
          ['slug', 'y'],
          ['n', 2],
        ],
      },
      's: y',
    ],
    ['!AtIndex [!FindObject [a.flow, [slug, x]], pk]', 'f-2'],
    ['!Env SET', 'from outside'],
    ['!Env [SET, other]', 'from outside'],
    ['!Env [EMPTY, other]', 'other'],
    ['!Env MISSING', null],
    ['!File note.txt', 'a note'],
    ['!File [gone.txt, other]', 'other'],
    ['!Context a', 'b', 'a: b'],
    ['!Context [missing, 5]', 5],
    ['!Context missing', null],
    ['!Context a', 'from outside', 'a: !Env SET'],
    ['!Format ["%s is %d, %05.1f and %s %%", !Context a, 3, 2.25, true]', 'b is 3, 002.3 and True %', 'a: b'],
    ['!Format ["%-4s|%4s|%+d|%x|%s", ab, cd, 5, 255, null]', 'ab  |  cd|+5|ff|None'],
    ['!Condition [AND, true, !Context a]', true, 'a: 1'],
    ['!Condition [NAND, true, true]', false],
    ['!Condition [OR, 0, "", [], {}]', false],
    ['!Condition [NOR, false, null]', true],
    ['!Condition [XOR, true, true, true]', true],
    ['!Condition [xnor, true, false]', false],
    ['!If [!Context a, yes-then, no-then]', 'yes-then', 'a: x'],
    ['!If [!Context a, {k: 1}, [!KeyOf person]]', [7], 'a: false'],
    ['!If [!Context a]', true, 'a: x'],
    ['!Enumerate [[a, b], SEQ, !Format ["%d-%s", !Index 0, !Value 0]]', ['0-a', '1-b']],
    ['!Enumerate [!Context m, MAP, [!Format ["x-%s", !Index 0], !Value 0]]', { 'x-k': 1, 'x-l': 2 }, 'm: {k: 1, l: 2}'],
    ['!Enumerate [[1, 2], MAP, {list: [!Value 0]}]', { list: [1, 2] }],
    ['!Enumerate [[1, 2], SEQ, !Enumerate [[3], SEQ, [!Value 1, !Value 0]]]', [[[1, 3]], [[2, 3]]]],
    [
      '!Enumerate [[[1, 2], [3]], SEQ, !Enumerate [!Value 1, SEQ, [!Index 1, !Value 0]]]',
      [
        [
          [0, 1],
          [0, 2],
        ],
        [[1, 3]],
      ],
    ],
    ['!Enumerate [ab, SEQ, !Value 0]', ['a', 'b']],
    ['!AtIndex [[a, b, c], 1]', 'b'],
    ['!AtIndex [[a, b, c], -1]', 'c'],
    ['!AtIndex [{a: 1}, b, other]', 'other'],
    ['!ParseJSON \'{"a": [1, true]}\'', { a: [1, true] }],
    ['!ParseJSON [!Context j]', [1], 'j: "[1]"'],
  ] as [string, Json, string?][]) {
    test(text, async () => {
      assert.deepEqual(await value(text, context), expected);
    });
  }

  test('values from outside win over those in the text', async () => {
    assert.equal(await value('!Context a', 'a: b', { a: 'c' }), 'c');
  });

  test('only the case that is chosen is looked at', async () => {
    assert.equal(await value('!If [true, 1, !KeyOf missing]'), 1);
  });
});

describe('what a tag cannot do is told with its line', () => {
  for (const [text, reason] of [
    ['!KeyOf missing', /id missing/],
    ['!Format ["%s %s", one]', /not enough/],
    ['!Format ["%s", one, two]', /not all/],
    ['!Format ["%d", text]', /needs a number/],
    ['!Format ["%9999999s", x]', /too wide/],
    ['!Format ["%y", x]', /not a known format/],
    ['!Condition [MAYBE, true]', /mode/],
    ['!Condition [AND]', /at least 2/],
    ['!If [true, 1]', /both cases/],
    ['!Enumerate [5, SEQ, 1]', /list or a map/],
    ['!Enumerate [[1], SET, 1]', /SEQ or MAP/],
    ['!Enumerate [[1], MAP, 1]', /each item/],
    ['!Enumerate [!Value 0, SEQ, 1]', /not inside/],
    ['!Enumerate [[1], SEQ, !Index 1]', /not inside/],
    ['!Enumerate [[1], MAP, [__proto__, {x: 1}]]', /__proto__/],
    ['!AtIndex [[1], 4]', /nothing at this index/],
    ['!AtIndex [{a: 1}, constructor]', /nothing at this index/],
    ['!AtIndex [text, 0]', /list or a map/],
    ['!ParseJSON "a secret that is no JSON"', /^!ParseJSON: is not JSON$/],
    ['!ParseJSON \'{"__proto__": {"x": 1}}\'', /__proto__/],
  ] as const) {
    test(text, async () => {
      await assert.rejects(value(text), (fault) => {
        assert.ok(fault instanceof BlueprintFault, String(fault));
        assert.equal(fault.line, 2);
        assert.match(fault.reason, reason);
        return true;
      });
    });
  }
});

describe('what grows is bounded', () => {
  test('aliases of aliases stop when they are evaluated', async () => {
    const lines = ['value0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let each = 1; each < 30; each += 1) lines.push(`value${each}: &a${each} [${`*a${each - 1}, `.repeat(9)}x]`);
    await assert.rejects(evaluate(...(await evaluationOf(`${lines.join('\n')}\nvalue: *a29\n`))), BlueprintFault);
  });

  test('a value of the context that means itself', async () => {
    await assert.rejects(value('!Context a', 'a: !Context a'), /nested too deeply/);
  });

  test('texts that double', async () => {
    const pairs = Array.from(
      { length: 40 },
      (_, at) => `a${at}: !Format ["%s%s", !Context a${at + 1}, !Context a${at + 1}]`,
    );
    await assert.rejects(value('!Context a0', `${pairs.join(', ')}, a40: xxxxxxxxxx`), BlueprintFault);
  });

  test('turns inside turns', async () => {
    const ten = '[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]';
    const nested = (depth: number): string => (depth === 0 ? '1' : `!Enumerate [${ten}, SEQ, ${nested(depth - 1)}]`);
    await assert.rejects(value(nested(8)), /too many values/);
  });
});
