/**
 * Takes away rows whose time is over. It never polls: writing such rows arms it, and a server on which nothing happens
 * runs no statement. Knows the tables, and not what their rows are for.
 */
import type { Queries } from '../db/database.ts';
import type { Core } from './core.ts';
import { eventRetention } from './events.ts';

/** After so many writes of rows that expire there is a sweep. */
const WRITES_BETWEEN = 1000;
/** And this long after the first of them, however few they are. */
const MOST_DELAY_MILLISECONDS = 3_600_000;
/** How many rows of a table one unit of work takes, so that others are not held up. */
const BATCH = 500;

export type Expiry = {
  /** Says that a row that expires was written. Costs nothing, never throws, and may be called anywhere. */
  touch(): void;
  /** Takes away everything whose time is over, in small units of work. Returns how many rows went. */
  sweep(): Promise<number>;
  /** Waits for a sweep that is under way and begins no other. */
  close(): Promise<void>;
};

type Bounds = { writes?: number; delayMilliseconds?: number; batch?: number };

/** One table: takes at most `batch` rows that had ended at the time `at`, and returns how many. */
type Sweep = (transaction: Queries, at: number, batch: number) => Promise<number>;

const dated =
  (table: 'sessions' | 'flow_runs', key: 'id'): Sweep =>
  async (transaction, at, batch) => {
    const ended = transaction.selectFrom(table).select(key).where('expires_at', '<=', at).limit(batch);
    return (await transaction.deleteFrom(table).where(key, 'in', ended).returning(key).execute()).length;
  };

/** By how long events are kept now, not by what was said when they were written. */
const events: Sweep = async (transaction, at, batch) => {
  const before = at - (await eventRetention(transaction));
  const ended = transaction.selectFrom('events').select('id').where('created_at', '<=', before).limit(batch);
  return (await transaction.deleteFrom('events').where('id', 'in', ended).returning('id').execute()).length;
};

const issued =
  (table: 'access_tokens' | 'refresh_tokens' | 'device_codes'): Sweep =>
  async (transaction, at, batch) => {
    const ended = transaction.selectFrom(table).select('pk').where('expires_at', '<=', at).limit(batch);
    return (await transaction.deleteFrom(table).where('pk', 'in', ended).returning('pk').execute()).length;
  };

const attempts: Sweep = async (transaction, at, batch) => {
  const ended = transaction.selectFrom('attempts').select('key').where('window_ends_at', '<=', at).limit(batch);
  // Between the two somebody may have begun a new window.
  const gone = await transaction
    .deleteFrom('attempts')
    .where('key', 'in', ended)
    .where('window_ends_at', '<=', at)
    .returning('key')
    .execute();
  return gone.length;
};

/** A code stays while anything lives that came of it: when it is used again, all of that has to end. */
const codes: Sweep = async (transaction, at, batch) => {
  const ended = transaction
    .selectFrom('authorization_codes as c')
    .select('c.pk')
    .where('c.expires_at', '<=', at)
    .where((where) =>
      where.and(
        (['refresh_tokens', 'access_tokens'] as const).map((table) =>
          where.not(
            where.exists(
              where
                .selectFrom(`${table as 'refresh_tokens'} as t`)
                .select('t.pk')
                .whereRef('t.family_id', '=', 'c.family_id')
                .where('t.expires_at', '>', at)
                .where('t.revoked_at', 'is', null),
            ),
          ),
        ),
      ),
    )
    .limit(batch);
  return (await transaction.deleteFrom('authorization_codes').where('pk', 'in', ended).returning('pk').execute())
    .length;
};

/**
 * Tokens are objects with a sealed key. One that is not `expiring` stays, whatever its date, and so does one for the
 * API, which its owner still sees and may give a new date.
 */
const tokens: Sweep = async (transaction, at, batch) => {
  const rows = await transaction
    .selectFrom('tokens')
    .select('id')
    .where('expires_at', '<=', at)
    .where('intent', '<>', 'api')
    .where((where) => where.not(where('settings', 'like', '%"expiring":false%')))
    .limit(batch)
    .execute();
  const ids = rows.map((row) => row.id);
  if (ids.length === 0) return 0;
  await transaction.deleteFrom('tokens').where('id', 'in', ids).execute();
  await transaction.deleteFrom('secrets').where('owner_id', 'in', ids).execute();
  await transaction.deleteFrom('objects').where('id', 'in', ids).execute();
  return ids.length;
};

const sweeps: readonly Sweep[] = [
  dated('sessions', 'id'),
  dated('flow_runs', 'id'),
  events,
  attempts,
  issued('access_tokens'),
  issued('refresh_tokens'),
  codes,
  issued('device_codes'),
  tokens,
];

/** Makes the sweeper of one Core; `bounds` are for tests. */
export function makeExpiry(core: Pick<Core, 'database' | 'log' | 'now'>, bounds: Bounds = {}): Expiry {
  const { writes: most = WRITES_BETWEEN, delayMilliseconds = MOST_DELAY_MILLISECONDS, batch = BATCH } = bounds;
  let writes = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: Promise<number> | undefined;
  let next: Promise<number> | undefined;
  let closed = false;

  const all = async (): Promise<number> => {
    const at = core.now();
    let gone = 0;
    for (const each of sweeps) {
      // oxlint-disable-next-line no-unmodified-loop-condition -- `close` may be called meanwhile.
      for (let taken = batch; taken >= batch && !closed; gone += taken)
        taken = await core.database.write((transaction) => each(transaction, at, batch));
    }
    return gone;
  };
  const sweep = (): Promise<number> => {
    clearTimeout(timer);
    timer = undefined;
    writes = 0;
    // One that is under way has passed some tables already.
    next ??= (running ?? Promise.resolve(0))
      .catch(() => 0)
      .then(() => {
        next = undefined;
        running = all();
        return running;
      });
    return next;
  };
  const sweepLater = (): void => {
    sweep().catch((fault: unknown) => core.log.error({ err: fault }, 'expired rows could not be taken away'));
  };
  return {
    touch() {
      if (closed) return;
      writes += 1;
      // Not from here: the caller may be inside a unit of work.
      if (writes === most) setImmediate(() => !closed && sweepLater()).unref();
      if (timer) return;
      timer = setTimeout(sweepLater, delayMilliseconds);
      timer.unref();
    },
    sweep,
    async close() {
      closed = true;
      clearTimeout(timer);
      await (next ?? running)?.catch(() => undefined);
    },
  };
}
