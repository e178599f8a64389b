import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equalInConstantTime, hashToken, randomAlphanumeric, randomDigits, randomToken } from './tokens.ts';

test('tokens are random, of their length and their characters', () => {
  assert.match(randomToken(), /^[\w-]{43}$/);
  assert.match(randomAlphanumeric(128), /^[0-9A-Za-z]{128}$/);
  assert.match(randomDigits(9), /^\d{9}$/);
  assert.equal(new Set(Array.from({ length: 1000 }, () => randomAlphanumeric(20))).size, 1000);
  const digits = Array.from({ length: 2000 }, () => randomDigits(1)).join('');
  for (const digit of '0123456789') assert.ok(digits.includes(digit), digit);
});

test('a token is stored as SHA-256 in hexadecimal', () => {
  assert.equal(hashToken('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('comparison knows equal from unequal, whatever the lengths', () => {
  assert.ok(equalInConstantTime('a token', 'a token'));
  for (const [left, right] of [
    ['a', 'b'],
    ['a', 'aa'],
    ['', 'a'],
    ['é', 'e\u0301'],
  ] as const) {
    assert.ok(!equalInConstantTime(left, right));
  }
});
