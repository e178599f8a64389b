/** What the main thread and the sandbox thread say to each other. Everything that is the author's travels as text. */

/** Run a new body. `values` is a JSON array in the order of `names`; the names of the host functions come after them. */
export type StartOrder = {
  readonly type: 'start';
  readonly id: number;
  readonly source: string;
  readonly names: readonly string[];
  readonly values: string;
  readonly hostNames: readonly string[];
};

/** Hand the answer of one host function to the evaluation that waits for it. `text` is JSON, or the error's message. */
type ResumeOrder = {
  readonly type: 'resume';
  readonly id: number;
  readonly call: number;
  readonly ok: boolean;
  readonly text: string;
};

/** Compile a body and forget it. */
export type CheckOrder = { readonly type: 'check'; readonly id: number; readonly source: string };

/** Something the thread does and answers with exactly one `StepReport`, in the order of arrival. */
export type Order = StartOrder | ResumeOrder | CheckOrder;

/** Forget an evaluation that waits for a host function. It has no answer. */
export type DropOrder = { readonly type: 'drop'; readonly id: number };

/**
 * How far an evaluation came. The text of `done`, `failed` and `waiting` was written inside the sandbox, so
 * the reader believes nothing about it.
 */
export type Step =
  | { readonly state: 'done'; readonly text: string }
  | { readonly state: 'failed'; readonly text: string }
  | { readonly state: 'waiting'; readonly text: string }
  | { readonly state: 'timeout' }
  | { readonly state: 'memory' }
  | { readonly state: 'broken' };

/** The answer to an order. `spent` is the time in milliseconds that the sandbox computed. */
export type StepReport = { readonly type: 'step'; readonly id: number; readonly step: Step; readonly spent: number };

/** `worn`: the thread has thrown away so much memory that a new thread is cheaper than waiting for its collector. */
export type Report = { readonly type: 'ready' } | { readonly type: 'worn' } | StepReport;

/** What the thread is started with. `wasm` is the address of the virtual machine's bytes. */
export type ThreadData = {
  readonly wasm: string;
  readonly memoryBytes: number;
  readonly stackBytes: number;
  readonly resultLength: number;
};

/** An order with the time in milliseconds that it may compute. */
export type TimedOrder = { readonly order: Order; readonly budget: number } | DropOrder;
