import { randomUUID } from 'node:crypto';
import type { Queries } from '../db/database.ts';
import { prepare } from '../db/prepared.ts';
import type { Run, RunState } from './run.ts';

/** Somebody else has moved the run on: a second click, another tab, a replay. */
export class RunMovedOn extends Error {}

const byId = prepare((queries, { id }: { id: string }) =>
  queries.selectFrom('flow_runs').selectAll().where('id', '=', id),
);

const begin = prepare(
  (queries, { id, browser, state, until }: { id: string; browser: string; state: string; until: number }) =>
    queries
      .insertInto('flow_runs')
      .values({ id, version: 1, browser_hash: browser, state, expires_at: until })
      .onConflict((conflict) => conflict.columns(['id']).doNothing())
      .returning('id'),
);

const moveOn = prepare(
  (queries, { id, from, to, state, until }: { id: string; from: number; to: number; state: string; until: number }) =>
    queries
      .updateTable('flow_runs')
      .set({ version: to, state, expires_at: until })
      .where('id', '=', id)
      .where('version', '=', from)
      .returning('version'),
);

const amend = prepare((queries, { id, state, browser }: { id: string; state: string; browser: string }) =>
  queries.updateTable('flow_runs').set({ state, browser_hash: browser }).where('id', '=', id),
);

/** The run in a row, whoever it belongs to. */
export async function readRun(
  queries: Queries,
  id: string,
): Promise<{ run: Run; browser: string; expiresAt: number } | undefined> {
  const [row] = await byId(queries, { id });
  if (!row) return undefined;
  const state = JSON.parse(row.state) as RunState;
  return {
    run: { id: row.id, version: row.version, browser: row.browser_hash, state },
    browser: row.browser_hash,
    expiresAt: row.expires_at,
  };
}

/**
 * Moves the run one version on, or writes its first row. Throws RunMovedOn when it is not at the version it was read
 * at, or when the same answer has written that row already.
 */
export async function advanceRun(transaction: Queries, run: Run, state: RunState, expiresAt: number): Promise<Run> {
  const text = JSON.stringify(state);
  if (run.id === undefined || run.version === undefined) {
    const id = run.firstId ?? randomUUID();
    const [made] = await begin(transaction, { id, browser: run.browser, state: text, until: expiresAt });
    if (!made) throw new RunMovedOn('the run has begun');
    return { id, version: 1, browser: run.browser, state };
  }
  const step = { id: run.id, from: run.version, to: run.version + 1, state: text, until: expiresAt };
  const [moved] = await moveOn(transaction, step);
  if (!moved) throw new RunMovedOn('the run has moved on');
  return { id: run.id, version: moved.version, browser: run.browser, state };
}

/** Writes what an effect added, in the transaction that moved the run. */
export async function amendRun(transaction: Queries, run: Run): Promise<void> {
  await amend(transaction, { id: run.id ?? '', state: JSON.stringify(run.state), browser: run.browser });
}
