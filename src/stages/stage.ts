/**
 * The shape of a stage: one step of a flow. A stage asks with a challenge, judges the answer, and says what follows.
 * It never writes by being looked at: what it changes stands in an effect, which the flow runs in the same
 * transaction that moves the run on. Stages know nothing of their neighbours in the flow.
 */
import type { Core } from '../core/core.ts';
import type { Declaration, Fields, Json, ValuesOf } from '../core/declaration.ts';
import type { Session } from '../core/sessions.ts';
import type { User } from '../core/users.ts';
import type { Queries } from '../db/database.ts';
import type { Screen } from '../web/kit/screen.ts';

/** What a person is asked: authentik's challenge without the frame that the flow puts around it. */
export type Challenge = { readonly component: string } & Record<string, unknown>;

/** Faults of an answer by field name; `non_field_errors` where no field is to blame. */
export type AnswerErrors = Readonly<Record<string, readonly { string: string; code: string }[]>>;

/** What a stage may learn of the request. Taken from trusted sources only. */
export type RequestFacts = {
  /** `scheme://host` under which the browser sees us. */
  origin: string;
  clientAddress: string;
  userAgent: string;
  requestId: string;
  /** The session that the browser has, if any. */
  session: Session | undefined;
};

/**
 * What a run has gathered, in authentik's names, since policies and expressions read them. JSON only. Never a
 * password: what must be kept of one is its hash.
 */
export type RunContext = {
  /** The number of the person the run is about. */
  pending_user?: number | undefined;
  /** True while the pending person was only named by what somebody typed: nothing shows that it is them. */
  pending_user_unproven?: boolean | undefined;
  /** What was typed to name them; kept when nobody has that name, so that answers tell nothing. */
  pending_user_identifier?: string;
  prompt_data?: Record<string, Json>;
  /** The identifier of the application that is being entered. */
  application?: string;
  /** RFC 8176 references of what has been proven in this run. */
  authentication_methods?: string[] | undefined;
  auth_method?: string | undefined;
  auth_method_args?: Record<string, Json> | undefined;
  /** Where to go at the end, instead of `next`. */
  redirect?: string;
  [name: string]: Json | undefined;
};

/** What a stage is handed. */
export type StageRun<F extends Fields = Fields> = {
  core: Core;
  stageId: string;
  settings: ValuesOf<F>;
  flow: { slug: string; title: string; designation: string };
  request: RequestFacts;
  context: Readonly<RunContext>;
  /** The person that `pending_user` names, as they are now; undefined when nobody has that name. */
  pendingUser: User | undefined;
  /** The settings of another stage, where a setting names one. Undefined when it is gone. */
  otherStage(id: string): Promise<{ kind: string; stage: Stage; run: StageRun } | undefined>;
  /** Judges policies bound to this stage's settings, such as those that validate a prompt. */
  judge(policyIds: readonly string[], context: Record<string, Json>): Promise<{ passing: boolean; messages: string[] }>;
  /** Runs an expression with the run in scope, as for the initial value of a prompt. */
  evaluate(source: string, language: 'python' | 'javascript', context: Record<string, Json>): Promise<Json>;
  /** The path of another flow that keeps where this one was going; undefined when that flow is gone. */
  flowUrl(flowId: string): Promise<string | undefined>;
  /** The slug of a flow that a setting names; undefined when it is gone. */
  flowSlug(flowId: string): Promise<string | undefined>;
};

/** What an effect may change beside the database. */
export type EffectResult = {
  context?: Partial<RunContext>;
  /** A fresh session for the browser; its token replaces the one before, so nobody can have planted it. */
  session?: { token: string; persistent: boolean; lifetimeMilliseconds: number };
  /** The browser's session is over. */
  signedOut?: boolean;
};

/** Awaits nothing but the database. Throw a Fault to refuse; then nothing has changed. */
export type Effect = (transaction: Queries) => Promise<EffectResult | undefined>;

/** What follows from an answer, or from a stage that needs none. */
export type Outcome =
  | { type: 'next'; context?: Partial<RunContext>; effect?: Effect }
  | { type: 'retry'; errors: AnswerErrors; effect?: Effect }
  | { type: 'deny'; message: string; effect?: Effect }
  /** Leaves the flow for an address of ours or of a source. */
  | { type: 'redirect'; to: string }
  /** Goes on in another flow, with what was gathered or without. */
  | { type: 'flow'; slug: string; keepContext: boolean };

export type Stage<F extends Fields = Fields> = {
  /** The folder's name, and the last part of its path in the API. */
  kind: string;
  /** The path of its resource below `/api/v3/`. */
  path: string;
  declaration: Declaration<F>;
  /** How its challenge is shown; stages that never ask have none. */
  screen?: Screen<{ component: string }>;
  /** Asks, or says at once what follows. Looking must change nothing: use an effect. */
  challenge(run: StageRun<F>): Promise<{ type: 'challenge'; challenge: Challenge } | Outcome>;
  /** Judges an answer to its own challenge. */
  respond?(run: StageRun<F>, answer: Record<string, unknown>): Promise<Outcome>;
};

/** A declared object that a kind brings beside its settings, such as the prompts of the prompt stage. */
export type Part = {
  /** The path of its resource below `/api/v3/`. */
  path: string;
  declaration: Declaration;
  /** Columns that a search looks through. */
  search?: readonly string[];
  /** Shows under `property` the objects of `model` that name this one in `field`. */
  holders?: { property: string; model: string; field: string };
};

/** Keeps the exact types of the settings while the registry sees all stages alike. */
export const defineStage = <F extends Fields>(stage: Stage<F>): Stage => stage as unknown as Stage;

/** Asks. */
export const ask = (challenge: Challenge): { type: 'challenge'; challenge: Challenge } => ({
  type: 'challenge',
  challenge,
});

/** One fault of one field. */
export const fieldError = (field: string, message: string, code = 'invalid'): AnswerErrors => ({
  [field]: [{ string: message, code }],
});
