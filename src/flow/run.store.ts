import { randomUUID } from 'node:crypto';
import type { Queries } from '../db/database.ts';
import type { Run, RunState } from './run.ts';

/** Somebody else has moved the run on: a second click, another tab, a replay. */
export class RunMovedOn extends Error {}

/** The run in a row, whoever it belongs to. */
export async function readRun(
  queries: Queries,
  id: string,
): Promise<{ run: Run; browser: string; expiresAt: number } | undefined> {
  const row = await queries.selectFrom('flow_runs').selectAll().where('id', '=', id).executeTakeFirst();
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
    const made = await transaction
      .insertInto('flow_runs')
      .values({ id, version: 1, browser_hash: run.browser, state: text, expires_at: expiresAt })
      .onConflict((conflict) => conflict.columns(['id']).doNothing())
      .returning('id')
      .executeTakeFirst();
    if (!made) throw new RunMovedOn('the run has begun');
    return { id, version: 1, browser: run.browser, state };
  }
  const moved = await transaction
    .updateTable('flow_runs')
    .set({ version: run.version + 1, state: text, expires_at: expiresAt })
    .where('id', '=', run.id)
    .where('version', '=', run.version)
    .returning('version')
    .executeTakeFirst();
  if (!moved) throw new RunMovedOn('the run has moved on');
  return { id: run.id, version: moved.version, browser: run.browser, state };
}

/** Writes what an effect added, in the transaction that moved the run. */
export async function amendRun(transaction: Queries, run: Run): Promise<void> {
  await transaction
    .updateTable('flow_runs')
    .set({ state: JSON.stringify(run.state), browser_hash: run.browser })
    .where('id', '=', run.id ?? '')
    .execute();
}
