import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundedPattern } from './bounded-pattern.ts';

test('a pattern covers the whole text', () => {
  for (const source of [
    'https://app\\.example\\.com/.*',
    'https://([a-z0-9-]+\\.)*example\\.com/cb|https://b\\.test/',
  ]) {
    const pattern = boundedPattern(source);
    assert.equal(pattern.test('https://evil.test/?https://app.example.com/'), false);
    assert.equal(pattern.test('https://app.example.com.evil.test/'), false);
  }
  assert.equal(boundedPattern('https://app\\.example\\.com/.*').test('https://app.example.com/cb'), true);
  assert.equal(boundedPattern('https://([a-z0-9-]+\\.)*example\\.com/cb').test('https://a.b.example.com/cb'), true);
});

test('a pattern that cannot be read throws', () => {
  assert.throws(() => boundedPattern('https://['), SyntaxError);
});

const ENDLESS = [
  '([a-z]+)+x',
  '(a|a)*x',
  '(a|aa)+x',
  '(.*)*x',
  '(?:a*){1,60}x',
  'a*a*a*a*a*a*a*x',
  '(a+)\\1+x',
  '(?=(a+)+x)a*',
];
for (const source of ENDLESS) {
  test(`${source} does not hold up the server`, () => {
    const pattern = boundedPattern(source);
    const began = performance.now();
    for (let turn = 0; turn < 20; turn += 1) assert.equal(pattern.test(`${'a'.repeat(2000)}!`), false);
    assert.ok(performance.now() - began < 3000, `took ${performance.now() - began} ms`);
  });
}

test('a pattern that took too long rests, and then is asked again', () => {
  let clock = 0;
  const pattern = boundedPattern('(a|aa)+x', () => clock++ * 1000);
  assert.equal(pattern.test('aax'), true);
  assert.equal(pattern.test(`${'a'.repeat(2000)}!`), false);
  assert.equal(pattern.test('aax'), false);
  clock += 100;
  assert.equal(pattern.test('aax'), true);
});
