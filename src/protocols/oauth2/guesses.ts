/**
 * Counts wrong secrets per client and address, so that nobody can try many and a stranger locks out only themselves.
 *
 * Each guess is counted in memory, in the same turn of the event loop that begins the comparison, so that guesses in
 * parallel are counted too; a right one is taken off again. A wrong one is also counted in the database, which all
 * nodes share: a node that has not heard of a lock learns of it with the first wrong guess that it sees. So a right
 * secret costs no query, and wrong ones are at most the limit and one for each node.
 */
import { createHash } from 'node:crypto';
import type { Core } from '../../core/core.ts';

const LIMIT = 20;
const WINDOW_MILLISECONDS = 10 * 60 * 1000;
/** More subjects than this are not remembered; the oldest go first. */
const MOST_SUBJECTS = 10_000;

type Entry = { count: number; endsAt: number };

export type Guesses = {
  /**
   * Runs a check that says whether a guess was right. `blocked` when too many were wrong: then nothing was checked,
   * and `retryAfter` says for how many seconds.
   */
  check(subject: string, compare: () => boolean | Promise<boolean>): Promise<GuessVerdict>;
};

export type GuessVerdict = { type: 'right' } | { type: 'wrong' } | { type: 'blocked'; retryAfter: number };

/** Makes the counter of one server. */
export function makeGuesses(core: { attempts: Pick<Core['attempts'], 'count'>; now: Core['now'] }): Guesses {
  const entries = new Map<string, Entry>();
  const entryOf = (subject: string): Entry => {
    // Hashed, so that a long subject costs no memory.
    const key = createHash('sha256').update(subject).digest('base64url');
    const known = entries.get(key);
    if (known && known.endsAt > core.now()) return known;
    const made = { count: 0, endsAt: core.now() + WINDOW_MILLISECONDS };
    entries.delete(key);
    entries.set(key, made);
    if (entries.size > MOST_SUBJECTS) entries.delete(entries.keys().next().value as string);
    return made;
  };
  return {
    async check(subject, compare) {
      const entry = entryOf(subject);
      if (entry.count >= LIMIT) {
        return { type: 'blocked', retryAfter: Math.max(1, Math.ceil((entry.endsAt - core.now()) / 1000)) };
      }
      entry.count += 1;
      if (await compare()) {
        entry.count -= 1;
        return { type: 'right' };
      }
      if (!(await core.attempts.count(`oauth2 ${subject}`, LIMIT, WINDOW_MILLISECONDS))) entry.count = LIMIT;
      return { type: 'wrong' };
    },
  };
}
