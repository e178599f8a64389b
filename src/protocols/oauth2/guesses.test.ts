import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeGuesses } from './guesses.ts';

/** What all nodes share. */
function sharedAttempts() {
  const counts = new Map<string, number>();
  return {
    count: async (subject: string, limit: number) => {
      counts.set(subject, (counts.get(subject) ?? 0) + 1);
      return (counts.get(subject) ?? 0) <= limit;
    },
  };
}

const yes = () => true;
const no = async () => false;

test('right secrets are never counted', async () => {
  const guesses = makeGuesses({ attempts: sharedAttempts(), now: () => 0 });
  for (let count = 0; count < 100; count += 1) assert.equal((await guesses.check('a', yes)).type, 'right');
});

test('of many guesses at once only twenty are looked at', async () => {
  const guesses = makeGuesses({ attempts: sharedAttempts(), now: () => 0 });
  let compared = 0;
  const wrong = async () => {
    compared += 1;
    return false;
  };
  const verdicts = await Promise.all(Array.from({ length: 200 }, () => guesses.check('a', wrong)));
  assert.equal(compared, 20);
  assert.equal(verdicts.filter((each) => each.type === 'blocked').length, 180);
  assert.equal((await guesses.check('a', yes)).type, 'blocked');
});

test('who guesses locks out nobody else, and not for ever', async () => {
  let now = 0;
  const guesses = makeGuesses({ attempts: sharedAttempts(), now: () => now });
  for (let count = 0; count < 30; count += 1) await guesses.check('client from here', no);
  assert.equal((await guesses.check('client from there', yes)).type, 'right');
  assert.equal((await guesses.check('client from here', yes)).type, 'blocked');
  now += 10 * 60 * 1000;
  assert.equal((await guesses.check('client from here', yes)).type, 'right');
});

test('another node learns of the lock with its first wrong guess', async () => {
  const attempts = sharedAttempts();
  const one = makeGuesses({ attempts, now: () => 0 });
  const two = makeGuesses({ attempts, now: () => 0 });
  for (let count = 0; count < 20; count += 1) await one.check('a', no);
  assert.equal((await two.check('a', no)).type, 'wrong');
  assert.equal((await two.check('a', yes)).type, 'blocked');
});
