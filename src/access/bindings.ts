/** The policy engine: what is bound to an object, in order, joined by `any` or `all`. */
import type { Core } from '../core/core.ts';
import type { Json } from '../core/declaration.ts';
import { recordEvent } from '../core/events.ts';
import type { Expressions } from '../expressions/expressions.ts';
import type { Policy, PolicyRequest, Verdict } from '../policies/policy.ts';
import { type Binding, loadPolicy } from './bindings.store.ts';

export type PolicyEngine = { core: Core; policies: Readonly<Record<string, Policy>>; expressions: Expressions };

/** Joins the verdicts. Nothing bound passes; `any` stops at the first that passes, `all` at the first that does not. */
export async function judgeBindings(
  engine: PolicyEngine,
  bindings: readonly Binding[],
  mode: 'any' | 'all',
  request: PolicyRequest,
): Promise<Verdict> {
  if (bindings.length === 0) return { passing: true, messages: [] };
  const messages: string[] = [];
  let failed = false;
  for (const binding of bindings) {
    const verdict = await judgeBinding(engine, binding, request);
    messages.push(...verdict.messages);
    failed ||= verdict.failed === true;
    if (mode === 'any' && verdict.passing) return { passing: true, messages: verdict.messages };
    if (mode === 'all' && !verdict.passing) return { passing: false, messages, failed };
  }
  return { passing: mode === 'all', messages, failed };
}

async function judgeBinding(engine: PolicyEngine, binding: Binding, request: PolicyRequest): Promise<Verdict> {
  const { policy, group, user, negate, failure_result, timeout } = binding.values;
  try {
    let verdict: Verdict;
    if (policy) verdict = await withinSeconds(timeout, judgePolicy(engine, policy, request));
    else if (group) verdict = told((await request.memberships()).some((each) => each.id === group));
    else if (user !== null) verdict = told(request.user?.pk === user);
    else verdict = told(false);
    return negate ? { ...verdict, passing: !verdict.passing } : verdict;
  } catch (fault) {
    await reportFailure(engine.core, policy, request, fault);
    // The failure result stands as it is: negating a failure would turn a fault into a permission.
    return { passing: failure_result, messages: [], failed: !failure_result };
  }
}

const told = (passing: boolean): Verdict => ({ passing, messages: [] });

/**
 * The verdict of one policy. Throws when it is gone, unknown or cannot decide. One that logs its executions leaves an
 * event, without the context of the request: that may hold what a person has just typed.
 */
export async function judgePolicy(engine: PolicyEngine, policyId: string, request: PolicyRequest): Promise<Verdict> {
  const { core, policies, expressions } = engine;
  const found = await loadPolicy(core, policies, policyId);
  if (!found) throw new Error(`policy ${policyId} is not there`);
  const { policy, settings } = found;
  const verdict = await policy.judge({ core, expressions, settings, request });
  if (settings.execution_logging === true) {
    const [app = '', modelName = ''] = policy.declaration.model.split('.');
    const { passing, messages, logs = [] } = verdict;
    await record(core, 'policy_execution', request, {
      model: { app, model_name: modelName, pk: policyId, name: String(settings.name) },
      result: { passing, messages },
      logs,
    });
  }
  return verdict;
}

async function withinSeconds<T>(seconds: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no verdict within ${seconds} seconds`)), seconds * 1000);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Says in the log and in an event that a policy could not decide. */
export async function reportFailure(
  core: Core,
  policy: string | null,
  request: PolicyRequest,
  fault: unknown,
): Promise<void> {
  core.log.warn({ err: fault, policy }, 'a policy failed; its failure result counts');
  await record(core, 'policy_exception', request, { policy, message: wordsOf(fault) });
}

/** What a fault says, for administrators. */
export const wordsOf = (fault: unknown): string => (fault instanceof Error ? fault.message : String(fault));

async function record(
  core: Core,
  action: 'policy_exception' | 'policy_execution',
  { user, clientAddress }: PolicyRequest,
  context: Record<string, Json>,
): Promise<void> {
  await core.database.write((transaction) =>
    recordEvent(transaction, core.now(), {
      action,
      app: 'authentik.policies',
      user: user && { pk: user.pk, username: user.username, email: user.email },
      clientAddress,
      context,
    }),
  );
}
