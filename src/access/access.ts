/**
 * The one gate. Every way to a token, an assertion, a bind or a verdict passes `mayEnter`, when it is given and when
 * it is used. Whatever goes wrong while deciding is a denial.
 */
import type { Core } from '../core/core.ts';
import type { Json, ValuesOf } from '../core/declaration.ts';
import type { applicationModel } from '../core/models/access.ts';
import type { StoredObject } from '../core/objects.ts';
import { type User, userByPk } from '../core/users.ts';
import type { Expressions } from '../expressions/expressions.ts';
import type { Policy, PolicyRequest, Verdict } from '../policies/policy.ts';
import { loadBindings } from './bindings.store.ts';
import { judgeBindings, judgePolicy, type PolicyEngine, reportFailure, wordsOf } from './bindings.ts';
import { policyRequest } from './request.ts';

export type Application = StoredObject<typeof applicationModel.fields>;

export type EntryContext = {
  clientAddress: string | undefined;
  /** For policies: `oauth_scopes`, `oauth_grant_type` and the like. */
  context?: Record<string, Json>;
};

export type Access = {
  /**
   * May this person use this application, now? The account is read again: `user` may be old. Denies when the account
   * is not active, when a binding says so, and when anything throws.
   */
  mayEnter(user: Pick<User, 'pk'>, application: Application, entry: EntryContext): Promise<Verdict & { user?: User }>;
  /** The verdict of everything bound to an object: a flow, a stage binding, an application. Nothing bound passes. */
  judge(targetId: string, mode: 'any' | 'all', request: PolicyRequest): Promise<Verdict>;
  /** The verdict of policies named one by one: all must pass. */
  judgePolicies(policyIds: readonly string[], request: PolicyRequest): Promise<Verdict>;
  /** Makes a request for a person. */
  request(user: User | undefined, entry: EntryContext): PolicyRequest;
};

/** Makes the gate over the kinds of policies that there are. */
export function makeAccess(core: Core, policies: Readonly<Record<string, Policy>>, expressions: Expressions): Access {
  const engine: PolicyEngine = { core, policies, expressions };
  const judge: Access['judge'] = async (targetId, mode, request) => {
    try {
      return await judgeBindings(engine, await loadBindings(core, targetId), mode, request);
    } catch (fault) {
      core.log.error({ err: fault, target: targetId }, 'a decision failed, so it is a denial');
      return { passing: false, messages: [], failed: true };
    }
  };
  return {
    judge,
    request: (user, entry) => policyRequest(core, user, entry),
    async mayEnter(user, application, entry) {
      try {
        const current = await userByPk(core.database.read, user.pk);
        if (!current?.isActive) return { passing: false, messages: [] };
        const context = { ...entry.context, application: describeApplication(application) };
        const verdict = await judge(
          application.id,
          application.values.policy_engine_mode,
          policyRequest(core, current, { ...entry, context }),
        );
        return verdict.passing ? { ...verdict, user: current } : verdict;
      } catch (fault) {
        core.log.error({ err: fault, application: application.id }, 'a decision failed, so it is a denial');
        return { passing: false, messages: [] };
      }
    },
    async judgePolicies(policyIds, request) {
      const messages: string[] = [];
      const logs: string[] = [];
      for (const id of policyIds) {
        const verdict = await judgeOrDeny(engine, id, request);
        messages.push(...verdict.messages);
        logs.push(...(verdict.logs ?? []));
        if (!verdict.passing) return { ...verdict, messages, logs };
      }
      return { passing: true, messages, logs };
    },
  };
}

/** What cannot be judged is a denial, and is told to administrators: here no binding says what a failure means. */
async function judgeOrDeny(engine: PolicyEngine, policyId: string, request: PolicyRequest): Promise<Verdict> {
  try {
    return await judgePolicy(engine, policyId, request);
  } catch (fault) {
    await reportFailure(engine.core, policyId, request, fault).catch((err: unknown) =>
      engine.core.log.error({ err, policy: policyId }, 'the failure of a policy could not be recorded'),
    );
    return { passing: false, messages: [], logs: [wordsOf(fault)], failed: true };
  }
}

function describeApplication(application: { id: string; values: ValuesOf<typeof applicationModel.fields> }): Json {
  const { name, slug, group } = application.values;
  return { pk: application.id, name, slug, group };
}
