/** Plans a run: who may start the flow, what is bound to it, and which stages are in it. */
import type { Access } from '../access/access.ts';
import type { Core } from '../core/core.ts';
import type { Json } from '../core/declaration.ts';
import { membershipsOf, type User, userByPk } from '../core/users.ts';
import type { PolicyRequest } from '../policies/policy.ts';
import type { RequestFacts, RunContext } from '../stages/stage.ts';
import type { FlowStart } from './door.ts';
import { type BindingObject, type FlowObject, loadFlow } from './plan.store.ts';
import type { Run, RunState } from './run.ts';

/** Why a flow cannot be started; each is answered in its own way. */
export type Refusal =
  | { type: 'unknown' }
  | { type: 'sign-in' }
  /** Whoever is signed in already has nothing to do here. */
  | { type: 'pointless' }
  | { type: 'denied'; message: string; flow: FlowObject };

/** Flows in which the person who is signed in is the one it is about. */
const ABOUT_THE_SESSION = new Set(['stage_configuration', 'authorization', 'invalidation', 'unenrollment']);
const NEEDS_SESSION = new Set(['require_authenticated', 'require_superuser']);

/** Plans a run of the flow, or says why it may not be. Reads only. */
export async function planRun(
  core: Core,
  access: Access,
  start: FlowStart,
  request: RequestFacts,
): Promise<{ type: 'planned'; flow: FlowObject; state: RunState } | Refusal> {
  const loaded = await loadFlow(core, start.flow);
  if (!loaded) return { type: 'unknown' };
  const { flow, bindings } = loaded;
  const refusal = await meetsRequirement(core, flow, start, request);
  if (refusal) return refusal;
  const context: RunContext = { ...start.context };
  const isAboutSession = ABOUT_THE_SESSION.has(flow.values.designation) && context.pending_user === undefined;
  if (request.session && isAboutSession) context.pending_user = request.session.user.pk;
  const needed = isAboutSession || NEEDS_SESSION.has(flow.values.authentication) ? request.session?.user.pk : undefined;
  const owner = start.owner ?? needed;
  if (owner !== undefined && request.session?.user.pk !== owner) return { type: 'sign-in' };
  const subject = await subjectOf(core, request, context);
  const judged = policyRequestOf(access, request, context, subject ?? request.session?.user);
  const verdict = await access.judge(flow.id, flow.values.policy_engine_mode, judged);
  if (!verdict.passing) {
    return { type: 'denied', message: verdict.messages.join(' ') || 'You may not use this page.', flow };
  }
  const plan = [];
  for (const binding of bindings) {
    if (binding.values.evaluate_on_plan) {
      const wanted = await wants(access, binding, judged);
      if (wanted === 'failed') return { type: 'denied', message: RULE_FAILED, flow };
      if (wanted === 'skipped') continue;
    }
    plan.push({ binding: binding.id, stage: binding.values.stage });
  }
  const { startedBy, next, restart } = start;
  return {
    type: 'planned',
    flow,
    state: {
      flow: flow.values.slug,
      ...(startedBy && { startedBy }),
      ...(next && { next }),
      restart,
      plan,
      index: 0,
      context,
      ...(Object.keys(context).length > 0 && { begun: context }),
      ...(owner !== undefined && { owner }),
    },
  };
}

/**
 * Whether a run may go on: what needs the session of a person is over when that session is, however far it had come.
 */
export async function mayGoOn(core: Core, flow: FlowObject, run: Run, request: RequestFacts): Promise<boolean> {
  const { owner } = run.state;
  if (owner === undefined) return true;
  if (request.session?.user.pk !== owner) return false;
  return flow.values.authentication !== 'require_superuser' || isSuperuser(core, owner);
}

/**
 * Whom policies judge in a run: the person it is about, before whoever is signed in. Nobody, when a name was typed
 * that nobody has.
 */
export async function subjectOf(
  core: Core,
  request: RequestFacts,
  context: Readonly<RunContext>,
): Promise<User | undefined> {
  const { session } = request;
  if (session?.user.pk === context.pending_user) return session?.user;
  if (context.pending_user !== undefined) return userByPk(core.database.read, context.pending_user);
  return context.pending_user_identifier === undefined ? session?.user : undefined;
}

/** Everything that policies may see of a run. */
export function policyRequestOf(
  access: Access,
  request: RequestFacts,
  context: Readonly<RunContext>,
  subject: User | undefined,
): PolicyRequest {
  return access.request(subject, {
    clientAddress: request.clientAddress,
    context: { ...(context as Record<string, Json>), is_sso: context.is_sso ?? false },
  });
}

/** Said when a rule could not be judged: neither skipping the step nor going on would be safe. */
export const RULE_FAILED = 'A rule of this page could not be checked. Try again later, or tell your administrator.';

/**
 * Whether the policies of a binding want the stage. When one of them could not be evaluated and its failure result
 * does not say otherwise, the whole run is denied: a fault must never take a step out of a sign-in, nor let one in.
 */
export async function wants(
  access: Access,
  binding: BindingObject,
  request: PolicyRequest,
): Promise<'wanted' | 'skipped' | 'failed'> {
  const verdict = await access.judge(binding.id, binding.values.policy_engine_mode, request);
  if (verdict.passing) return 'wanted';
  return verdict.failed ? 'failed' : 'skipped';
}

async function meetsRequirement(
  core: Core,
  flow: FlowObject,
  start: FlowStart,
  request: RequestFacts,
): Promise<Refusal | undefined> {
  const user = request.session?.user;
  switch (flow.values.authentication) {
    case 'none':
      return undefined;
    case 'require_authenticated':
      return user ? undefined : { type: 'sign-in' };
    case 'require_unauthenticated':
      return user ? { type: 'pointless' } : undefined;
    case 'require_superuser': {
      if (!user) return { type: 'sign-in' };
      if (await isSuperuser(core, user.pk)) return undefined;
      return { type: 'denied', message: 'Only administrators may use this page.', flow };
    }
    case 'require_redirect':
      return start.startedBy || start.context?.is_redirected
        ? undefined
        : { type: 'denied', message: 'This page is not opened directly.', flow };
    default:
      return { type: 'denied', message: 'This page is not for browsers.', flow };
  }
}

async function isSuperuser(core: Core, userPk: number): Promise<boolean> {
  return (await membershipsOf(core.database.read, userPk)).some((group) => group.isSuperuser);
}
