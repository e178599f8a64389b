/**
 * Moves a run on. A look goes forward over stages that have nothing to ask and nothing to change; an answer goes
 * through its stage and then as far as it can. Each change is one transaction with the step that it belongs to.
 */
import type { Access } from '../access/access.ts';
import type { Core } from '../core/core.ts';
import { newBrowserToken, sessionByToken } from '../core/sessions.ts';
import { userByPk } from '../core/users.ts';
import type { Expressions } from '../expressions/expressions.ts';
import type {
  AnswerErrors,
  Challenge,
  Effect,
  EffectResult,
  Outcome,
  RequestFacts,
  RunContext,
  Stage,
  StageRun,
} from '../stages/stage.ts';
import { planRun, policyRequestOf, RULE_FAILED, subjectOf, wants } from './plan.ts';
import { type BindingObject, type FlowObject, flowSlug, loadFlow, loadStage } from './plan.store.ts';
import { browserName, RUN_LIFETIME_MILLISECONDS, type Run, type RunState, startOf } from './run.ts';
import { advanceRun, amendRun } from './run.store.ts';

export type Engine = {
  core: Core;
  access: Access;
  expressions: Expressions;
  stages: Readonly<Record<string, Stage>>;
};

/** Where a run stands. `changes` are what the browser must be told: a new session, or that one has ended. */
export type Position = { run: Run; request: RequestFacts; changes: BrowserChanges } & (
  | { type: 'challenge'; step: Step; challenge: Challenge; errors?: AnswerErrors }
  /** The next stage would change something, and this was only a look. */
  | { type: 'acting' }
  | { type: 'end' }
  | { type: 'denied'; message: string }
  | { type: 'leave'; to: string }
  | { type: 'flow'; slug: string; keepContext: boolean }
);

/** `newName` is a cookie without a session, for a run that goes on after the session has ended. */
export type BrowserChanges = { session?: NonNullable<EffectResult['session']>; signedOut?: boolean; newName?: string };

type Walk = { run: Run; request: RequestFacts; changes: BrowserChanges; dirty: boolean };
/** A stage whose turn it is, with what it is handed. */
export type Step = { stage: Stage; stageRun: StageRun; binding: BindingObject };

/** Where the run stands, changing nothing. */
export async function look(engine: Engine, run: Run, request: RequestFacts): Promise<Position> {
  return walk(engine, { run, request, changes: {}, dirty: false }, false);
}

/**
 * Gives the answer to the stage where the run stands, and goes on. `component` is what the page had asked; when the
 * run stands elsewhere by now, nothing is taken and the position is told. Throws RunMovedOn after a second answer.
 */
export async function answer(
  engine: Engine,
  run: Run,
  request: RequestFacts,
  answered: { component: string; values: Record<string, unknown> },
): Promise<Position> {
  const here: Walk = { run, request, changes: {}, dirty: false };
  const position = await walk(engine, here, false);
  if (position.type === 'acting') {
    return answered.component === CONFIRM ? walk(engine, here, true) : position;
  }
  if (position.type !== 'challenge' || position.challenge.component !== answered.component) return position;
  const { step } = position;
  if (!step.stage.respond) return position;
  const outcome = await step.stage.respond(step.stageRun, answered.values);
  if (outcome.type === 'retry') return retry(engine, here, step, position, outcome);
  const ended = await take(engine, here, outcome);
  return ended ?? walk(engine, here, true);
}

/** The component of the page that asks before a stage acts that was reached by a link. */
export const CONFIRM = 'ostiary-flow-confirm';

async function retry(
  engine: Engine,
  here: Walk,
  step: Step,
  position: Position & { type: 'challenge' },
  outcome: Outcome & { type: 'retry' },
): Promise<Position> {
  if (outcome.effect) await engine.core.database.write(outcome.effect);
  const action = step.binding.values.invalid_response_action;
  if (action === 'retry') return { ...position, ...here, type: 'challenge', errors: outcome.errors };
  const { state } = here.run;
  const { begun } = state;
  const context = action === 'restart_with_context' ? state.context : (begun ?? {});
  const planned = await planRun(engine.core, engine.access, { ...startOf(here.run), context }, here.request);
  if (planned.type === 'denied') return { ...here, type: 'denied', message: planned.message };
  if (planned.type !== 'planned') return { ...here, type: 'leave', to: state.restart };
  here.run = { ...here.run, state: { ...planned.state, ...(begun && { begun }) } };
  await commit(engine, here, undefined);
  const again = await walk(engine, here, true);
  return again.type === 'challenge' ? { ...again, errors: outcome.errors } : again;
}

/** Takes an outcome into the run. A position when it ends the walk, undefined to go on. */
async function take(
  engine: Engine,
  here: Walk,
  outcome: Exclude<Outcome, { type: 'retry' }>,
): Promise<Position | undefined> {
  if (outcome.type === 'deny') {
    if (outcome.effect) await engine.core.database.write(outcome.effect);
    return { ...here, type: 'denied', message: outcome.message };
  }
  if (outcome.type === 'redirect') return { ...here, type: 'leave', to: outcome.to };
  if (outcome.type === 'flow') return { ...here, type: 'flow', slug: outcome.slug, keepContext: outcome.keepContext };
  const { state } = here.run;
  const context = withContext(state.context, outcome.context);
  here.run = { ...here.run, state: { ...state, index: state.index + 1, context } };
  here.dirty = true;
  if (outcome.effect) await commit(engine, here, outcome.effect);
  return undefined;
}

/** The context with more in it; what is undefined there is taken out. */
const withContext = (context: Readonly<RunContext>, more: Partial<RunContext> | undefined): RunContext =>
  Object.fromEntries(Object.entries({ ...context, ...more }).filter(([, value]) => value !== undefined));

async function walk(engine: Engine, here: Walk, mayAct: boolean): Promise<Position> {
  for (;;) {
    const step = await currentStep(engine, here);
    if (step === 'failed') return { ...here, type: 'denied', message: RULE_FAILED };
    if (step === undefined) {
      // A run with a row ends once: whoever comes to the end a second time finds it past its plan.
      if (here.dirty && (mayAct || here.run.id !== undefined)) await commit(engine, here, undefined);
      return { ...here, type: 'end' };
    }
    if (step === 'skipped') {
      here.run = { ...here.run, state: { ...here.run.state, index: here.run.state.index + 1 } };
      here.dirty = true;
      continue;
    }
    const outcome = await step.stage.challenge(step.stageRun);
    if (outcome.type === 'challenge') {
      if (here.dirty && mayAct) await commit(engine, here, undefined);
      return { ...here, type: 'challenge', step, challenge: outcome.challenge };
    }
    if (outcome.type === 'retry') throw new Error(`the stage ${step.stage.kind} asks again without having asked`);
    if ('effect' in outcome && outcome.effect !== undefined && !mayAct) return { ...here, type: 'acting' };
    const ended = await take(engine, here, outcome);
    if (ended) return ended;
  }
}

/** One durable step: the run moves on by one version, and the effect happens with it or not at all. */
async function commit(engine: Engine, here: Walk, effect: Effect | undefined): Promise<void> {
  const { core } = engine;
  const expiresAt = core.now() + RUN_LIFETIME_MILLISECONDS;
  const { run, result, newName } = await core.database.write(async (transaction) => {
    let moved = await advanceRun(transaction, here.run, here.run.state, expiresAt);
    const done = await effect?.(transaction);
    const isOver = moved.state.index >= moved.state.plan.length;
    const token = done?.signedOut && !isOver ? newBrowserToken() : undefined;
    if (done) {
      moved = amended(moved, done, token);
      await amendRun(transaction, moved);
    }
    return { run: moved, result: done, newName: token };
  });
  here.run = run;
  here.dirty = false;
  if (result?.session) {
    here.changes = { session: result.session };
    const session = await sessionByToken(core.database, core.now(), result.session.token);
    here.request = { ...here.request, session };
  }
  if (result?.signedOut) {
    here.changes = { signedOut: true, ...(newName !== undefined && { newName }) };
    here.request = { ...here.request, session: undefined };
  }
}

function amended(run: Run, { context, session, signedOut }: EffectResult, newName: string | undefined): Run {
  const state: RunState = { ...run.state, context: withContext(run.state.context, context) };
  // A stage of the run itself has ended the session; what follows does not need it.
  if (signedOut) delete state.owner;
  if (newName !== undefined) return { ...run, state, browser: browserName(newName) };
  if (!session) return { ...run, state };
  return { ...run, state: { ...state, formerBrowser: run.browser }, browser: browserName(session.token) };
}

async function currentStep(engine: Engine, here: Walk): Promise<Step | 'failed' | 'skipped' | undefined> {
  const { core, access, stages } = engine;
  const { state } = here.run;
  const planned = state.plan[state.index];
  if (!planned) return undefined;
  const loaded = await loadFlow(core, state.flow);
  const binding = loaded?.bindings.find((each) => each.id === planned.binding);
  const found = await loadStage(core, stages, planned.stage);
  // What was planned is gone: going on without it could be a way around it.
  if (!loaded || !binding || !found) return 'failed';
  if (binding.values.re_evaluate_policies) {
    const subject = await subjectOf(core, here.request, state.context);
    const wanted = await wants(access, binding, policyRequestOf(access, here.request, state.context, subject));
    if (wanted !== 'wanted') return wanted;
  }
  const stageRun = await stageRunOf(engine, here, loaded.flow, planned.stage, found.settings);
  return { stage: found.stage, stageRun, binding };
}

async function stageRunOf(
  engine: Engine,
  here: Walk,
  flow: FlowObject,
  stageId: string,
  settings: Record<string, unknown>,
): Promise<StageRun> {
  const { core, access, expressions, stages } = engine;
  const { context } = here.run.state;
  const pendingUser =
    context.pending_user === undefined ? undefined : await userByPk(core.database.read, context.pending_user);
  const { slug, title, designation } = flow.values;
  const run: StageRun = {
    core,
    stageId,
    settings,
    flow: { slug, title, designation },
    request: here.request,
    context,
    pendingUser,
    async otherStage(id) {
      const other = await loadStage(core, stages, id);
      return (
        other && { kind: other.stage.kind, stage: other.stage, run: { ...run, stageId: id, settings: other.settings } }
      );
    },
    judge: (policyIds, more) =>
      access.judgePolicies(
        policyIds,
        access.request(pendingUser ?? here.request.session?.user, {
          clientAddress: here.request.clientAddress,
          context: { ...policyRequestOf(access, here.request, context, pendingUser).context, ...more },
        }),
      ),
    async evaluate(source, language, more) {
      const result = await expressions.evaluate({ language, source, context: { context: context as never, ...more } });
      if (!result.ok) throw new Error(result.message);
      return result.value;
    },
    flowSlug: (id) => flowSlug(core, id),
    async flowUrl(id) {
      const other = await flowSlug(core, id);
      return other && flowPath(other, here.run.state.next);
    },
  };
  return run;
}

/** The path of a flow's page. */
export function flowPath(slug: string, next: string | undefined, key?: string): string {
  const query = new URLSearchParams();
  if (next) query.set('next', next);
  if (key) query.set('run', key);
  const text = query.toString();
  return `/if/flow/${slug}/${text && `?${text}`}`;
}
