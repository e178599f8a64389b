/** The shape of one evaluation: what goes in and what comes out. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The languages an expression can be stored in. Python is kept as it is and refused where it would have to run. */
export type ExpressionLanguage = 'python' | 'javascript';

/** Functions of the server by the name that the expression uses. The expression awaits them. */
export type HostFunctions = Readonly<Record<string, (...args: Json[]) => Json | Promise<Json>>>;

export type ExpressionRequest = {
  readonly language: ExpressionLanguage;
  /** The body of an asynchronous function in strict mode: it returns its result. */
  readonly source: string;
  /** The names in scope. Each must be an identifier. The expression gets copies. */
  readonly context: Readonly<Record<string, Json>>;
  readonly hostFunctions?: HostFunctions;
  /** Computing time, without the time in the queue and in host functions. Default 500, at most 5000. */
  readonly timeoutMilliseconds?: number;
};

export type ExpressionFailure = {
  readonly ok: false;
  /**
   * `timeout`: computed or waited too long. `memory`: held too much. `unsupported`: the language cannot run yet.
   * `error`: anything else, from a fault in the source to a full queue.
   */
  readonly kind: 'timeout' | 'memory' | 'error' | 'unsupported';
  /** For the author of the expression, not for the person who signs in. */
  readonly message: string;
  /** Line of the source, from 1. */
  readonly line?: number;
  readonly logs: readonly string[];
};

export type ExpressionResult =
  | {
      readonly ok: true;
      /** What was returned, as JSON; null for nothing. */
      readonly value: Json;
      /** What `ak_message` was called with: for the person who signs in. */
      readonly messages: readonly string[];
      /** What `ak_logger` was called with: for the author. */
      readonly logs: readonly string[];
    }
  | ExpressionFailure;

export type ExpressionCheck =
  | { readonly ok: true }
  | { readonly ok: false; readonly message: string; readonly line?: number };
