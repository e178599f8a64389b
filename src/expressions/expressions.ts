/**
 * Expressions: small programs that administrators write for policies and property mappings.
 *
 * This room owns the sandbox they run in: what they may see, how long they may compute, how much they may hold,
 * and the functions that need nothing but their arguments. It does not own what an expression is for: the caller
 * chooses the values in scope and the functions of the server, and decides what a failure means. In a decision
 * about access a failure is a denial.
 *
 * Nothing is loaded and no thread is started until the first evaluation.
 */
import type {
  ExpressionCheck,
  ExpressionLanguage,
  ExpressionRequest,
  ExpressionResult,
  HostFunctions,
} from './expression.ts';
import { makeEvaluations } from './evaluations.ts';
import { defaultLimits } from './limits.ts';
import type { Limits } from './limits.ts';
import { failed } from './outcome.ts';

export type {
  ExpressionCheck,
  ExpressionFailure,
  ExpressionLanguage,
  ExpressionRequest,
  ExpressionResult,
  HostFunctions,
  Json,
} from './expression.ts';
export type { Limits } from './limits.ts';

export type Expressions = {
  /** Runs an expression. Never rejects; every failure is a result. */
  readonly evaluate: (request: ExpressionRequest) => Promise<ExpressionResult>;
  /** Tells whether a source may be stored: its size, and for JavaScript its syntax. Runs nothing. */
  readonly check: (language: ExpressionLanguage, source: string) => Promise<ExpressionCheck>;
  /** Ends the thread. What was not over fails. */
  readonly close: () => Promise<void>;
};

export type ExpressionsOptions = {
  /** The entry of the sandbox thread, when the program is bundled. */
  readonly workerUrl?: URL;
  /** The bytes of the virtual machine, `quickjs-wasi/quickjs.wasm`, when the program is bundled. */
  readonly wasmUrl?: URL;
  readonly limits?: Partial<Limits>;
};

export const makeExpressions = (options: ExpressionsOptions = {}): Expressions => {
  const limits: Limits = { ...defaultLimits, ...options.limits };
  const workerUrl = options.workerUrl ?? new URL('./sandbox.worker.ts', import.meta.url);
  const wasmUrl = (): URL => options.wasmUrl ?? new URL(import.meta.resolve('quickjs-wasi/quickjs.wasm'));
  const evaluations = makeEvaluations(workerUrl, wasmUrl, limits);

  const tooLong = (source: string): string | undefined =>
    source.length > limits.sourceLength ? `the expression is longer than ${limits.sourceLength} characters` : undefined;

  return {
    evaluate: async ({ language, source, context, hostFunctions = {}, timeoutMilliseconds }) => {
      if (language !== 'javascript') {
        return failed('unsupported', 'this expression is written in Python, which this server stores but cannot run');
      }
      const scope = readScope(context, hostFunctions, limits);
      const fault = tooLong(source) ?? (typeof scope === 'string' ? scope : undefined);
      if (fault !== undefined || typeof scope === 'string') return failed('error', fault ?? 'the scope is not valid');
      const wanted = timeoutMilliseconds ?? limits.timeoutMilliseconds;
      const timeout = Math.min(Math.max(wanted, 1), limits.maximumTimeoutMilliseconds);
      return evaluations.add({ type: 'start', source, ...scope }, hostFunctions, timeout);
    },
    check: async (language, source) => {
      const message = tooLong(source);
      if (message !== undefined) return { ok: false, message };
      if (language !== 'javascript') return { ok: true };
      const result = await evaluations.add({ type: 'check', source }, {}, limits.timeoutMilliseconds);
      if (result.ok) return { ok: true };
      return { ok: false, message: result.message, ...(result.line === undefined ? {} : { line: result.line }) };
    },
    close: evaluations.close,
  };
};

type Scope = { readonly names: string[]; readonly values: string; readonly hostNames: string[] };

/** The names and the text of the values, or what is wrong with them. */
const readScope = (context: ExpressionRequest['context'], functions: HostFunctions, limits: Limits): Scope | string => {
  const names = Object.keys(context);
  const hostNames = Object.keys(functions);
  for (const name of [...names, ...hostNames]) {
    if (!/^[A-Za-z_$][\w$]*$/.test(name)) return `${JSON.stringify(name)} cannot be a name in an expression`;
  }
  const twice = hostNames.find((name) => Object.hasOwn(context, name));
  if (twice !== undefined) return `${twice} is both a value and a function of the server`;
  try {
    const values = JSON.stringify(Object.values(context));
    if (values.length > limits.contextLength) return 'the values for the expression are too large';
    return { names, values, hostNames };
  } catch {
    return 'the values for the expression are not JSON';
  }
};
