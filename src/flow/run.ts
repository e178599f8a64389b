/**
 * A run: one person in one browser going through one flow. Until the first answer it is a sealed ticket that the
 * page carries; from then on a row, whose version every step must match. Either way it belongs to one browser.
 */
import type { Core } from '../core/core.ts';
import { hashOfToken } from '../core/sessions.ts';
import type { RunContext } from '../stages/stage.ts';
import type { FlowStart, Starter } from './door.ts';
import { readRun } from './run.store.ts';

/** A stage in the plan. Its settings are read when its turn comes. */
export type PlannedStage = { binding: string; stage: string };

/** What a row or a ticket says. JSON. */
export type RunState = {
  flow: string;
  startedBy?: Starter;
  next?: string;
  restart: string;
  plan: PlannedStage[];
  /** The place in the plan; past its end the run is finished. */
  index: number;
  context: RunContext;
};

/** `id` and `version` are undefined while the run is a ticket. */
export type Run = { id?: string; version?: number; browser: string; state: RunState };

/** How long somebody may take, from the start of a run or from its last answer. */
export const RUN_LIFETIME_MILLISECONDS = 60 * 60 * 1000;
/** A ticket opens for longer, so that an expired one still tells where to begin again. */
const TICKET_LIFETIME_MILLISECONDS = 24 * RUN_LIFETIME_MILLISECONDS;
const PURPOSE = 'flow run';
const ROW_FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Seals the start of a run for one browser, as text for a URL or a form. */
export function sealTicket(core: Core, browser: string, start: FlowStart): string {
  const at = core.now();
  return core.sealer.sealToken(
    { start, at },
    { purpose: PURPOSE, boundTo: browser, expiresAt: at + TICKET_LIFETIME_MILLISECONDS },
  );
}

/** What became of the run that a browser named. */
export type Found =
  | { type: 'run'; run: Run }
  | { type: 'start'; start: FlowStart }
  /** Too old; `restart` leads to a new one. */
  | { type: 'expired'; restart: string }
  /** Unknown, altered, or another browser's. */
  | { type: 'foreign' };

/** Finds the run that `key` names, if it belongs to this browser and this flow. */
export async function findRun(core: Core, browser: string, flow: string, key: string): Promise<Found> {
  if (ROW_FORM.test(key)) {
    const row = await readRun(core.database.read, key);
    if (!row || row.browser !== browser || row.run.state.flow !== flow) return { type: 'foreign' };
    if (row.expiresAt <= core.now()) return { type: 'expired', restart: row.run.state.restart };
    return { type: 'run', run: row.run };
  }
  const opened = core.sealer.openToken(key, { purpose: PURPOSE, boundTo: browser, now: core.now() });
  if (opened === undefined) return { type: 'foreign' };
  const { start, at } = opened as { start: FlowStart; at: number };
  if (start.flow !== flow) return { type: 'foreign' };
  if (at + RUN_LIFETIME_MILLISECONDS <= core.now()) return { type: 'expired', restart: start.restart };
  return { type: 'start', start };
}

/** Names a browser without telling its token. */
export const browserName = (token: string): string => hashOfToken(`flow ${token}`);
