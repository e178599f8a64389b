/**
 * A run: one person in one browser going through one flow. Until the first answer it is a sealed ticket that the
 * page carries; from then on a row, whose version every step must match. Either way it belongs to one browser.
 */
import { createHmac, randomBytes } from 'node:crypto';
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
  /** What was known when it began: a run that starts over keeps this and nothing else. */
  begun?: RunContext;
  /** The number of the person whose session the run needs at every step. */
  owner?: number;
  /** The name that the browser had before this run gave it a session. */
  formerBrowser?: string;
};

/**
 * `id` and `version` are undefined while the run is a ticket. `firstId` is then the identifier of the row that its
 * first answer makes: the same for the same answer, so that two clicks make one row.
 */
export type Run = { id?: string; version?: number; firstId?: string; browser: string; state: RunState };

/** How the run was started. */
export function startOf({ state }: Run): FlowStart {
  const { flow, startedBy, next, restart, owner } = state;
  return {
    flow,
    ...(startedBy && { startedBy }),
    ...(next && { next }),
    restart,
    ...(owner !== undefined && { owner }),
  };
}

/** Where somebody goes who comes back to a run that is over: never through its end a second time. */
export function afterwards({ state }: Run): string {
  const isFinished = state.index >= state.plan.length;
  return state.startedBy || !isFinished ? state.restart : (state.next ?? '/');
}

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
    { start, at, salt: randomBytes(16).toString('base64url') },
    { purpose: PURPOSE, boundTo: browser, expiresAt: at + TICKET_LIFETIME_MILLISECONDS },
  );
}

/** What became of the run that a browser named. */
export type Found =
  | { type: 'run'; run: Run }
  /** `firstIdOf` names the row that this answer makes. */
  | { type: 'start'; start: FlowStart; firstIdOf: (answer: unknown) => string }
  /** This browser has been given a session since by this very run, by a click before this one. */
  | { type: 'left'; to: string }
  /** Too old; `restart` leads to a new one. `typed` is the name that was typed in it. */
  | { type: 'expired'; restart: string; typed?: string | undefined }
  /** Unknown, altered, or another browser's. */
  | { type: 'foreign' };

/** Finds the run that `key` names, if it belongs to this browser and this flow. */
export async function findRun(core: Core, browser: string, flow: string, key: string): Promise<Found> {
  if (ROW_FORM.test(key)) {
    const row = await readRun(core.database.read, key);
    if (!row || row.run.state.flow !== flow) return { type: 'foreign' };
    const { state } = row.run;
    if (row.browser !== browser) {
      return state.formerBrowser === browser ? { type: 'left', to: afterwards(row.run) } : { type: 'foreign' };
    }
    if (row.expiresAt <= core.now()) {
      return { type: 'expired', restart: state.restart, typed: state.context.pending_user_identifier };
    }
    return { type: 'run', run: row.run };
  }
  const opened = core.sealer.openToken(key, { purpose: PURPOSE, boundTo: browser, now: core.now() });
  if (opened === undefined) return { type: 'foreign' };
  const { start, at, salt } = opened as { start: FlowStart; at: number; salt: string };
  if (start.flow !== flow) return { type: 'foreign' };
  if (at + RUN_LIFETIME_MILLISECONDS <= core.now()) return { type: 'expired', restart: start.restart };
  return { type: 'start', start, firstIdOf: (answer) => rowIdOf(salt, answer) };
}

/** Told by nobody who does not know the salt, which only the sealed ticket holds: the answer may be a password. */
function rowIdOf(salt: string, answer: unknown): string {
  const digest = createHmac('sha256', salt).update(JSON.stringify(answer)).digest('hex');
  return digest.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Names a browser without telling its token. */
export const browserName = (token: string): string => hashOfToken(`flow ${token}`);
