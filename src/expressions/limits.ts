/**
 * The bounds of one sandbox. Sizes of text are in UTF-16 code units, memory is in bytes, times are in milliseconds.
 */
export type Limits = {
  /** Longest source of one expression. */
  readonly sourceLength: number;
  /** Longest JSON text of the values in scope. */
  readonly contextLength: number;
  /** Longest JSON text of a result, of the arguments of a host function and of its answer. */
  readonly resultLength: number;
  /** Deepest nesting of a result, and of the arguments of a host function. */
  readonly resultDepth: number;
  /** What the virtual machine may allocate for one evaluation. */
  readonly memoryBytes: number;
  /** Stack of the virtual machine. 512 KiB is the most that its build supports. */
  readonly stackBytes: number;
  /** Time that the sandbox may compute for one evaluation, unless the request says otherwise. */
  readonly timeoutMilliseconds: number;
  /** Most that a request may ask for. */
  readonly maximumTimeoutMilliseconds: number;
  /** Time after the deadline until the thread is killed. The virtual machine itself stops at the deadline, if it can. */
  readonly graceMilliseconds: number;
  /** Time that one evaluation may spend waiting for host functions, all of them together. */
  readonly hostMilliseconds: number;
  /** Calls of host functions by one evaluation. */
  readonly hostCalls: number;
  /** Evaluations that wait for the thread. One more is refused. */
  readonly queueLength: number;
  /** Evaluations that have been handed to the thread and have no result yet. */
  readonly started: number;
  /** Time without work after which the thread ends. */
  readonly idleMilliseconds: number;
};

export const defaultLimits: Limits = {
  sourceLength: 64 * 1024,
  contextLength: 512 * 1024,
  resultLength: 256 * 1024,
  resultDepth: 64,
  memoryBytes: 16 * 1024 * 1024,
  stackBytes: 256 * 1024,
  timeoutMilliseconds: 500,
  maximumTimeoutMilliseconds: 5_000,
  graceMilliseconds: 100,
  hostMilliseconds: 10_000,
  hostCalls: 50,
  queueLength: 500,
  started: 16,
  idleMilliseconds: 30_000,
};
