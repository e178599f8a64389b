/**
 * Owns the worker thread of the sandbox: starts it on demand, watches the order it is working on, kills it when
 * that order outlives its budget, and ends it when there has been no work for a while.
 *
 * The thread works in the order of arrival, so the oldest unanswered order is the one that is running. This is
 * what makes it certain who is to blame when the thread has to be killed.
 */
import { Worker } from 'node:worker_threads';
import type { Limits } from './limits.ts';
import type { DropOrder, Order, Report, StepReport, ThreadData, TimedOrder } from './messages.ts';

/** Why every order that was given to a thread is lost. `id` is the evaluation that was running, if one was. */
export type Loss = {
  readonly why: 'timeout' | 'stopped' | 'worn' | 'not started';
  readonly id?: number;
  readonly message: string;
};

export type SandboxThread = {
  /** Gives an order to the thread, starting it when it is not there. `budget` in milliseconds. */
  readonly run: (order: Order, budget: number) => void;
  readonly drop: (order: DropOrder) => void;
  /** There is no work: the thread must not keep the process alive, and ends after a while. */
  readonly rest: () => void;
  readonly stop: () => Promise<void>;
};

export type SandboxThreadOptions = {
  readonly workerUrl: URL;
  readonly wasmUrl: () => URL;
  readonly limits: Limits;
  readonly onStep: (report: StepReport) => void;
  readonly onLost: (loss: Loss) => void;
};

/** One running worker. A killed one is replaced by a new object, so that late words of the old one are not heard. */
type Running = { readonly worker: Worker; readonly orders: { id: number; budget: number }[]; ready: boolean };

export const makeSandboxThread = ({
  workerUrl,
  wasmUrl,
  limits,
  onStep,
  onLost,
}: SandboxThreadOptions): SandboxThread => {
  let current: Running | undefined;
  let watchdog: NodeJS.Timeout | undefined;
  let idle: NodeJS.Timeout | undefined;

  const discard = async (): Promise<void> => {
    const running = current;
    current = undefined;
    clearTimeout(watchdog);
    clearTimeout(idle);
    running?.worker.removeAllListeners();
    // A listener must remain: an error of a dying thread would otherwise end the process.
    running?.worker.on('error', () => {});
    await running?.worker.terminate();
  };
  const lose = (loss: Loss): void => {
    void discard();
    onLost(loss);
  };

  const watch = (running: Running): void => {
    clearTimeout(watchdog);
    const order = running.orders[0];
    if (order === undefined || !running.ready) return;
    const overdue = (): void => {
      if (current !== running || running.orders[0] !== order) return;
      lose({ why: 'timeout', id: order.id, message: 'the expression took too long' });
    };
    // When this thread was busy, the timer is late and the answer may lie unread: the next turn of the loop reads it.
    watchdog = setTimeout(() => setImmediate(overdue), order.budget + limits.graceMilliseconds);
  };
  const onReport = (running: Running, report: Report): void => {
    if (current !== running) return;
    if (report.type === 'worn') return lose({ why: 'worn', message: 'the thread is replaced' });
    if (report.type === 'ready') running.ready = true;
    else running.orders.shift();
    watch(running);
    if (report.type === 'step') onStep(report);
  };

  const start = (): Running => {
    const { memoryBytes, stackBytes, resultLength } = limits;
    const data: ThreadData = { wasm: wasmUrl().href, memoryBytes, stackBytes, resultLength };
    const worker = new Worker(workerUrl, {
      name: 'expressions',
      workerData: data,
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 },
    });
    const running: Running = { worker, orders: [], ready: false };
    let cause = 'the sandbox thread stopped';
    worker.on('message', (report: Report) => onReport(running, report));
    worker.on('error', (error) => {
      cause = error instanceof Error ? error.message : String(error);
    });
    worker.on('exit', () => {
      if (current !== running) return;
      const id = running.orders[0]?.id;
      if (!running.ready) lose({ why: 'not started', message: cause });
      else lose({ why: 'stopped', message: cause, ...(id === undefined ? {} : { id }) });
    });
    return running;
  };
  const post = (running: Running, message: TimedOrder): void => running.worker.postMessage(message, []);

  return {
    run: (order, budget) => {
      clearTimeout(idle);
      try {
        current ??= start();
      } catch (error) {
        return onLost({ why: 'not started', message: error instanceof Error ? error.message : String(error) });
      }
      current.worker.ref();
      current.orders.push({ id: order.id, budget });
      post(current, { order, budget });
      if (current.orders.length === 1) watch(current);
    },
    drop: (order) => {
      if (current !== undefined) post(current, order);
    },
    rest: () => {
      current?.worker.unref();
      clearTimeout(idle);
      idle = setTimeout(() => void discard(), limits.idleMilliseconds);
      idle.unref();
    },
    stop: discard,
  };
};
