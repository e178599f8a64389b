import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, parseDuration } from './duration.ts';

test('a duration adds up its units', () => {
  assert.equal(parseDuration('days=1;hours=2'), 93_600_000);
  assert.equal(parseDuration('weeks=4'), 2_419_200_000);
  assert.equal(parseDuration('minutes=10'), 600_000);
  assert.equal(parseDuration('hours=1.5'), 5_400_000);
  assert.equal(parseDuration('Seconds=1; milliseconds=5'), 1_005);
  assert.equal(parseDuration('seconds=1.1'), 1_100);
  assert.equal(parseDuration('seconds=0'), 0);
});

test('a duration that is not zero never becomes zero', () => {
  assert.equal(parseDuration('microseconds=1'), 1);
  assert.equal(parseDuration('microseconds=0'), 0);
});

test('what is no duration is refused', () => {
  const wrong = [
    '',
    'days',
    'days=',
    'days=x',
    'days=-1',
    'days=1;',
    ';',
    'days=1;days=2',
    'days=1;Days=2',
    'years=1',
    'days=1e3',
    'days=1,5',
    'days=Infinity',
    'days=0x10',
    'days=99999999',
    `days=${'9'.repeat(18)}`,
    'days==1',
    'constructor=1',
    'days=1;'.repeat(100),
  ];
  for (const text of wrong) assert.throws(() => parseDuration(text), RangeError, text);
});

test('durations are written with the largest units first', () => {
  assert.equal(formatDuration(93_600_000), 'days=1;hours=2');
  assert.equal(formatDuration(1_005), 'seconds=1;milliseconds=5');
  assert.equal(formatDuration(0), 'seconds=0');
  for (const wrong of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => formatDuration(wrong), RangeError);
});

test('what was written is read back to the same number', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 36_525 * 86_400_000 }),
      (duration) => parseDuration(formatDuration(duration)) === duration,
    ),
  );
});
