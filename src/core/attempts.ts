/** Counts guesses of anything secret, atomically and before the costly check, so that concurrent ones are counted too. */
import { createHash } from 'node:crypto';
import type { Database } from '../db/database.ts';
import { prepare } from '../db/prepared.ts';

export type Attempts = {
  /** Counts one guess. False when more than `limit` have been made within the window: then do not even look. */
  count(subject: string, limit: number, windowMilliseconds: number): Promise<boolean>;
  /** Forgets the guesses after a success. */
  clear(subject: string): Promise<void>;
  /** Takes back one that was counted and turned out to be no guess, so that honest people do not use up the limit. */
  giveBack(subject: string): Promise<void>;
};

const countOne = prepare((queries, { key, at, ends }: { key: string; at: number; ends: number }) =>
  queries
    .insertInto('attempts')
    .values({ key, window_ends_at: ends, count: 1 })
    .onConflict((conflict) =>
      conflict.columns(['key']).doUpdateSet((expression) => ({
        count: expression
          .case()
          .when('attempts.window_ends_at', '<=', at)
          .then(1)
          .else(expression('attempts.count', '+', 1))
          .end(),
        window_ends_at: expression
          .case()
          .when('attempts.window_ends_at', '<=', at)
          .then(ends)
          .else(expression.ref('attempts.window_ends_at'))
          .end(),
      })),
    )
    .returning('count'),
);

const takeOneBack = prepare((queries, { key }: { key: string }) =>
  queries
    .updateTable('attempts')
    .set((expression) => ({ count: expression('count', '-', 1) }))
    .where('key', '=', key)
    .where('count', '>', 0),
);

const forget = prepare((queries, { key }: { key: string }) => queries.deleteFrom('attempts').where('key', '=', key));

/** `subject` says what is guessed and for whom, such as `password user 12`; only its hash is stored. */
export function makeAttempts(database: Database, now: () => number): Attempts {
  const keyOf = (subject: string): string => createHash('sha256').update(subject).digest('hex');
  return {
    async count(subject, limit, windowMilliseconds) {
      const key = keyOf(subject);
      const at = now();
      const ends = at + windowMilliseconds;
      const [row] = await database.write((transaction) => countOne(transaction, { key, at, ends }));
      return row !== undefined && row.count <= limit;
    },
    async giveBack(subject) {
      await database.write((transaction) => takeOneBack(transaction, { key: keyOf(subject) }));
    },
    async clear(subject) {
      await database.write((transaction) => forget(transaction, { key: keyOf(subject) }));
    },
  };
}
