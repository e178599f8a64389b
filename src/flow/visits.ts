/**
 * One visit of a browser to a flow, by page or by JSON: finds or plans its run, moves it, and says what to answer.
 * Does not know whether HTML or JSON goes back.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ProtocolServices, Protocol } from '../protocols/protocol.ts';
import type { RequestFacts } from '../stages/stage.ts';
import { nameBrowser, tellBrowser } from './browser.ts';
import type { FlowEnd, FlowStart } from './door.ts';
import { answer, type Engine, flowPath, look, type Position } from './engine.ts';
import { mayGoOn, planRun } from './plan.ts';
import { type FlowObject, loadFlow } from './plan.store.ts';
import { afterwards, findRun, type Run, sealTicket, startOf } from './run.ts';
import { RunMovedOn } from './run.store.ts';

/** What a visit comes to. `key` names the run for the next request. */
export type Visit =
  | { type: 'position'; flow: FlowObject; key: string; start: FlowStart; position: Position; notice?: string }
  | { type: 'end'; flow: FlowObject; end: FlowEnd; position?: Position }
  | { type: 'denied'; flow: FlowObject; message: string; next: string | undefined }
  | { type: 'redirect'; to: string }
  | { type: 'unknown' };

export type VisitInput = {
  slug: string;
  /** Where to go at the end, from the query; only a path of ours. */
  next: string | undefined;
  /** The run that the browser names, or undefined for a new one. */
  key: string | undefined;
  answered?: { component: string; version: number | undefined; values: Record<string, unknown> };
};

/** Set by the composition root when the protocols are there. */
export type Finishers = { services: ProtocolServices | undefined; protocols: Readonly<Record<string, Protocol>> };

const STARTED_AGAIN = 'This page was open for too long, so it starts again.';

/** Makes a visit. Throws a Fault for input that no honest page sends. */
export async function visit(
  engine: Engine,
  finishers: Finishers,
  facts: RequestFacts,
  request: FastifyRequest,
  reply: FastifyReply,
  input: VisitInput,
): Promise<Visit> {
  const browser = nameBrowser(request, reply);
  const plain: FlowStart = {
    flow: input.slug,
    ...(input.next !== undefined && { next: input.next }),
    restart: flowPath(input.slug, input.next),
  };
  const found = input.key === undefined ? undefined : await findRun(engine.core, browser, input.slug, input.key);
  if (found?.type === 'expired' && found.restart !== plain.restart) return { type: 'redirect', to: found.restart };
  if (found?.type === 'left') return { type: 'redirect', to: found.to };
  const lost = found?.type === 'expired' || found?.type === 'foreign';
  let start = found?.type === 'start' ? found.start : plain;
  if (found?.type === 'expired' && found.typed !== undefined) {
    start = { ...plain, context: { pending_user_identifier: found.typed } };
  }
  let run: Run;
  let flow: FlowObject;
  if (found?.type === 'run') {
    const loaded = await loadFlow(engine.core, input.slug);
    if (!loaded) return { type: 'unknown' };
    flow = loaded.flow;
    run = found.run;
    start = startOf(run);
    if (run.state.index >= run.state.plan.length) return { type: 'redirect', to: afterwards(run) };
    if (!(await mayGoOn(engine.core, flow, run, facts))) return { type: 'redirect', to: run.state.restart };
  } else {
    const planned = await planRun(engine.core, engine.access, start, facts);
    if (planned.type !== 'planned') return refused(planned, start);
    flow = planned.flow;
    const firstId = found?.type === 'start' && input.answered ? found.firstIdOf(input.answered) : undefined;
    run = { browser, state: planned.state, ...(firstId !== undefined && { firstId }) };
  }
  const { answered } = input;
  // An answer to an older page: what it says is not about the step where the run stands now.
  const isStale = answered?.version !== undefined && answered.version !== (run.version ?? 0);
  let position: Position;
  try {
    position = answered && !isStale ? await answer(engine, run, facts, answered) : await look(engine, run, facts);
  } catch (fault) {
    if (!(fault instanceof RunMovedOn) || input.key === undefined) throw fault;
    // Two clicks: the first one has done it. Whoever clicked twice is shown where the run stands.
    const { slug, next } = input;
    return visit(engine, finishers, facts, request, reply, { slug, next, key: run.firstId ?? input.key });
  }
  tellBrowser(request, reply, position.changes);
  return conclude(engine, finishers, flow, start, browser, position, lost ? STARTED_AGAIN : undefined);
}

function refused(refusal: Exclude<Awaited<ReturnType<typeof planRun>>, { type: 'planned' }>, start: FlowStart): Visit {
  if (refusal.type === 'unknown') return { type: 'unknown' };
  if (refusal.type === 'sign-in') {
    return { type: 'redirect', to: `/flows/-/default/authentication/?${new URLSearchParams({ next: start.restart })}` };
  }
  if (refusal.type === 'pointless') return { type: 'redirect', to: start.next ?? '/' };
  return { type: 'denied', flow: refusal.flow, message: refusal.message, next: start.next };
}

async function conclude(
  engine: Engine,
  finishers: Finishers,
  flow: FlowObject,
  start: FlowStart,
  browser: string,
  position: Position,
  notice: string | undefined,
): Promise<Visit> {
  const { run } = position;
  if (position.type === 'denied') return { type: 'denied', flow, message: position.message, next: start.next };
  if (position.type === 'leave') return { type: 'redirect', to: position.to };
  if (position.type === 'flow') {
    const context = { ...(position.keepContext ? run.state.context : {}), is_redirected: true };
    const { owner } = run.state;
    const onward: FlowStart = { ...start, flow: position.slug, context, ...(owner !== undefined && { owner }) };
    return { type: 'redirect', to: flowPath(position.slug, start.next, sealTicket(engine.core, run.browser, onward)) };
  }
  if (position.type === 'end') {
    return { type: 'end', flow, end: await finish(finishers, position), position };
  }
  const key = run.id ?? sealTicket(engine.core, browser, start);
  return { type: 'position', flow, key, start, position, ...(notice !== undefined && { notice }) };
}

/** A finished run goes back to whoever started it, or to where the person was going. */
async function finish(finishers: Finishers, position: Position): Promise<FlowEnd> {
  const { startedBy, next, context } = position.run.state;
  if (!startedBy) return { type: 'redirect', to: context.redirect ?? next ?? '/' };
  const protocol = finishers.protocols[startedBy.protocol];
  if (!protocol?.finish || !finishers.services) throw new Error(`nobody finishes runs of ${startedBy.protocol}`);
  return protocol.finish(finishers.services, { data: startedBy.data, context, request: position.request });
}
