import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeSealer, SealBroken } from './seal.ts';

const oldKey = 'an old secret key of enough length, really';
const newKey = 'a new secret key of enough length, really!';
const place = { table: 'secrets', row: 7, field: 'client_secret' };
const binding = { purpose: 'flow', boundTo: 'browser-1' };

test('what was sealed opens in its own place only', () => {
  const sealer = makeSealer(newKey);
  const sealed = sealer.seal('s3cret ✓', place);
  assert.doesNotMatch(sealed, /s3cret/);
  assert.equal(sealer.open(sealed, place), 's3cret ✓');
  assert.notEqual(sealer.seal('s3cret ✓', place), sealed, 'the same text never looks the same');
  for (const other of [
    { ...place, table: 'x' },
    { ...place, row: 8 },
    { ...place, field: 'x' },
    { table: 'secrets","7', row: '', field: 'client_secret' },
  ]) {
    assert.throws(() => sealer.open(sealed, other), SealBroken);
  }
});

test('nothing altered, cut or spelled otherwise opens', () => {
  const sealer = makeSealer(newKey);
  const sealed = sealer.seal('s3cret', place);
  fc.assert(
    fc.property(fc.nat(sealed.length - 1), fc.string({ minLength: 0, maxLength: 1 }), (at, put) => {
      const altered = sealed.slice(0, at) + put + sealed.slice(at + 1);
      if (altered !== sealed) assert.throws(() => sealer.open(altered, place), SealBroken);
    }),
  );
  for (const wrong of ['', 'v1', `${sealed}.x`, `${sealed}=`, `v1.${sealer.keyId}.`])
    assert.throws(() => sealer.open(wrong, place), SealBroken);
});

test('after a change of keys the old values still open, and tell that they are old', () => {
  const before = makeSealer(oldKey).seal('s3cret', place);
  const sealer = makeSealer(newKey, [oldKey]);
  assert.equal(sealer.open(before, place), 's3cret');
  assert.notEqual(sealer.keyIdOf(before), sealer.keyId);
  assert.equal(sealer.keyIdOf(sealer.seal('x', place)), sealer.keyId);
  assert.throws(() => makeSealer(newKey).open(before, place), SealBroken);
  assert.throws(() => makeSealer('short'), RangeError);
});

test('a sealed token is bound to its purpose, its holder and its time', () => {
  const sealer = makeSealer(newKey);
  const value = { step: 1, typed: 'ann' };
  const token = sealer.sealToken(value, { ...binding, expiresAt: 2_000 });
  assert.match(token, /^[\w-]+$/);
  assert.deepEqual(sealer.openToken(token, { ...binding, now: 1_999 }), value);
  assert.equal(sealer.openToken(token, { ...binding, now: 2_000 }), undefined);
  assert.equal(sealer.openToken(token, { ...binding, purpose: 'other', now: 0 }), undefined);
  assert.equal(sealer.openToken(token, { ...binding, boundTo: 'browser-2', now: 0 }), undefined);
  assert.equal(makeSealer(oldKey).openToken(token, { ...binding, now: 0 }), undefined);
  for (const wrong of ['', 'x', token.slice(1), token.slice(0, -1), `${token}A`, 'A'.repeat(100_000)]) {
    assert.equal(sealer.openToken(wrong, { ...binding, now: 0 }), undefined);
  }
});
