import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BlueprintFault } from './fault.ts';
import { limits } from './limits.ts';
import { type Piece, readYaml } from './read-yaml.ts';

/** Pieces without lines, as plain values; tags are shown as `{ tag: argument }`. */
function plain(piece: Piece): unknown {
  if (piece.kind === 'scalar') return piece.value;
  if (piece.kind === 'list') return piece.items.map(plain);
  if (piece.kind === 'tag') return { [`!${piece.tag}`]: plain(piece.argument) };
  return Object.fromEntries([...piece.entries].map(([name, each]) => [name, plain(each)]));
}
const read = async (text: string): Promise<unknown> => plain(await readYaml('a.yaml', text));
const faultAt = (line: number, reason: RegExp) => (fault: unknown) => {
  assert.ok(fault instanceof BlueprintFault);
  assert.equal(`${fault.file}:${fault.line}`, `a.yaml:${line}`);
  assert.match(fault.reason, reason);
  return true;
};

describe('values are read as blueprints are written', () => {
  test('flags, numbers, nothing and text', async () => {
    assert.deepEqual(await read('[yes, No, ON, y, 12, -3, 0x1f, 017, 0o17, 1_000, 1.5, ~, null, 2026-01-02, 1.2.3]'), [
      true,
      false,
      true,
      'y',
      12,
      -3,
      31,
      15,
      15,
      1000,
      1.5,
      null,
      null,
      '2026-01-02',
      '1.2.3',
    ]);
  });

  test('quotes and blocks make text, and so does the tag', async () => {
    assert.deepEqual(await read('{a: "yes", b: \'1\', c: !!str 1}'), { a: 'yes', b: '1', c: '1' });
    assert.deepEqual(await read('a: |\n  12\n'), { a: '12\n' });
  });

  test('a number too large to be exact stays as it was written', async () => {
    assert.deepEqual(await read('[9007199254740993]'), ['9007199254740993']);
  });

  test('tags keep their argument', async () => {
    assert.deepEqual(await read('a: !Find [x.y, [slug, !Context s]]\nb: !KeyOf z'), {
      a: { '!Find': ['x.y', ['slug', { '!Context': 's' }]] },
      b: { '!KeyOf': 'z' },
    });
  });

  test('anchors and the merge key', async () => {
    assert.deepEqual(await read('a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\nc: {<<: [*x, {r: 4}]}'), {
      a: { p: 1, q: 2 },
      b: { q: 3, p: 1 },
      c: { p: 1, q: 2, r: 4 },
    });
  });
});

describe('what cannot be read says where', () => {
  for (const [what, text, line, reason] of [
    ['broken syntax', 'a: 1\nb: [1, 2\nc: 3\n', 3, /./],
    ['a tag that nobody knows', 'a: 1\nb: !Run ls\n', 2, /tag !Run/],
    ['a tag of another language', 'a: !!python/object/apply:os.system [ls]\n', 1, /tag/],
    ['a key twice', 'a: 1\nb: 2\na: 3\n', 3, /twice/],
    ['a key that reaches a prototype', 'a:\n  __proto__: {x: 1}\n', 2, /__proto__/],
    ['a map as a key', 'a: 1\n? {b: c}\n: 2\n', 2, /key/],
    ['an anchor that is not known', 'a: *x\n', 1, /anchor x/],
    ['an anchor inside itself', 'a: &x [1, *x]\n', 1, /anchor x/],
    ['two documents', 'a: 1\n---\nb: 2\n', 2, /more than one/],
    ['nothing', '', 1, /empty/],
  ] as const) {
    test(what, async () => {
      await assert.rejects(readYaml('a.yaml', text), faultAt(line, reason));
    });
  }
});

describe('hostile text is refused quickly', () => {
  const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let each = 1; each < 30; each += 1) bomb.push(`a${each}: &a${each} [${`*a${each - 1}, `.repeat(9)}x]`);

  test('aliases of aliases cost what is written, not what they mean', async () => {
    const started = performance.now();
    const piece = await readYaml('a.yaml', bomb.join('\n'));
    assert.equal(piece.kind, 'map');
    assert.ok(performance.now() - started < 2000);
  });

  for (const [what, text] of [
    ['lists in lists', '['.repeat(100_000)],
    ['maps in maps', '{a: '.repeat(100_000)],
    ['dashes in a line', '- '.repeat(100_000)],
    ['questions in a line', '? '.repeat(100_000)],
    ['deeper and deeper lines', Array.from({ length: 800 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    [
      'a chain of aliases',
      Array.from({ length: 100 }, (_, at) => `a${at}: &a${at} [${at ? `*a${at - 1}` : 'x'}]`).join('\n'),
    ],
    ['more aliases than anybody needs', `a: &a x\nb: [${'*a, '.repeat(limits.aliases + 1)}]`],
    ['more values than anybody needs', `[${'1,'.repeat(limits.pieces + 1)}]`],
    ['more text than anybody needs', `# ${'x'.repeat(limits.text)}`],
  ] as const) {
    test(what, async () => {
      const started = performance.now();
      await assert.rejects(readYaml('a.yaml', text), BlueprintFault);
      assert.ok(performance.now() - started < 5000);
    });
  }
});

test('whatever the text, it is read or refused in our own words', async () => {
  const words = fc.constantFrom(
    'a',
    ': ',
    '- ',
    '[',
    ']',
    '{',
    '}',
    '\n',
    '  ',
    '!Find ',
    '!',
    '&x ',
    '*x',
    '"',
    "'",
    '|',
    '>',
    '<<',
    '? ',
    '#',
    '%',
    '---',
    '\t',
    '\0',
    '\u2028',
    ',',
    '0x',
    '~',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(words, { maxLength: 40 }), async (parts) => {
      await readYaml('a.yaml', parts.join('')).catch((fault: unknown) => {
        if (!(fault instanceof BlueprintFault)) throw fault;
      });
    }),
    { numRuns: 2000 },
  );
});
