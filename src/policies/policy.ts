/** The shape of a policy: something that looks at a person and a context and says yes or no, with words. */
import type { Core } from '../core/core.ts';
import type { Declaration, Fields, Json, ValuesOf } from '../core/declaration.ts';
import type { Membership, User } from '../core/users.ts';
import type { Expressions } from '../expressions/expressions.ts';

/** What is to be judged. */
export type PolicyRequest = {
  /** The person, when one is known. */
  user: User | undefined;
  /** Their groups with all parents; read when first asked for. */
  memberships(): Promise<readonly Membership[]>;
  clientAddress: string | undefined;
  /** What the decision is about, in the names that expressions use: `application`, `flow_plan`, `oauth_scopes` … */
  context: Record<string, Json>;
};

/**
 * A verdict; the messages are for the person, and the logs, what an expression wrote down, for administrators. `failed`
 * says that it is a denial because something could not be judged.
 */
export type Verdict = { passing: boolean; messages: string[]; logs?: string[]; failed?: boolean };

export type Policy<F extends Fields = Fields> = {
  kind: string;
  path: string;
  declaration: Declaration<F>;
  /** Throws when it cannot decide; then the binding's failure result counts. */
  judge(input: {
    core: Core;
    expressions: Expressions;
    settings: ValuesOf<F>;
    request: PolicyRequest;
  }): Promise<Verdict>;
};

/** Keeps the exact types of the settings while the registry sees all policies alike. */
export const definePolicy = <F extends Fields>(policy: Policy<F>): Policy => policy as unknown as Policy;
