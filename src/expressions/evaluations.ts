/**
 * The evaluations that are not over: those that wait for the thread, those that the thread has, and those that
 * wait for a host function. When the thread is lost, the one that was running gets the blame and the others are
 * started anew in another thread.
 */
import type { ExpressionResult, HostFunctions } from './expression.ts';
import { answerCall } from './host-calls.ts';
import type { HostAnswer } from './host-calls.ts';
import type { Limits } from './limits.ts';
import type { CheckOrder, StartOrder, Step, StepReport } from './messages.ts';
import { failed, readCalls, readResult } from './outcome.ts';
import type { HostCall } from './outcome.ts';
import { makeSandboxThread } from './sandbox-thread.ts';
import type { Loss } from './sandbox-thread.ts';

/** An order without its number, which is given here. */
type Work = Omit<StartOrder, 'id'> | Omit<CheckOrder, 'id'>;

export type Evaluations = {
  readonly add: (work: Work, hostFunctions: HostFunctions, timeoutMilliseconds: number) => Promise<ExpressionResult>;
  readonly close: () => Promise<void>;
};

type Evaluation = {
  readonly id: number;
  readonly work: Work;
  readonly hostFunctions: HostFunctions;
  readonly timeoutMilliseconds: number;
  readonly settle: (result: ExpressionResult) => void;
  /** Answers by the number of the call. An evaluation that is started anew does not call the host twice. */
  readonly answers: Map<number, { readonly key: string; readonly answer: Promise<HostAnswer> }>;
  hostTimer?: NodeJS.Timeout;
  /** Computing time that is left, in milliseconds. */
  budget: number;
  /** Counts the threads it was given to. */
  attempt: number;
};

export const makeEvaluations = (workerUrl: URL, wasmUrl: () => URL, limits: Limits): Evaluations => {
  const queue: Evaluation[] = [];
  const started = new Map<number, Evaluation>();
  let nextId = 1;
  let closed = false;

  const finish = (evaluation: Evaluation, result: ExpressionResult): void => {
    clearTimeout(evaluation.hostTimer);
    started.delete(evaluation.id);
    evaluation.settle(result);
  };
  const pump = (): void => {
    while (started.size < limits.started) {
      const evaluation = queue.shift();
      if (evaluation === undefined) break;
      evaluation.attempt += 1;
      evaluation.budget = evaluation.timeoutMilliseconds;
      started.set(evaluation.id, evaluation);
      thread.run({ ...evaluation.work, id: evaluation.id }, evaluation.budget);
    }
    if (started.size === 0) thread.rest();
  };

  const giveUp = (evaluation: Evaluation, result: ExpressionResult): void => {
    finish(evaluation, result);
    thread.drop({ type: 'drop', id: evaluation.id });
    pump();
  };
  const resume = async (evaluation: Evaluation, call: number, answer: Promise<HostAnswer>): Promise<void> => {
    const { attempt, id } = evaluation;
    const { ok, text } = await answer;
    if (started.get(id) !== evaluation || evaluation.attempt !== attempt) return;
    thread.run({ type: 'resume', id, call, ok, text }, evaluation.budget);
  };
  const callHost = (evaluation: Evaluation, call: HostCall): void => {
    const key = `${call.name}(${call.text})`;
    const known = evaluation.answers.get(call.call);
    const answer = known?.key === key ? known.answer : answerCall(evaluation.hostFunctions, call, limits);
    evaluation.answers.set(call.call, { key, answer });
    void resume(evaluation, call.call, answer);
  };
  const onWaiting = (evaluation: Evaluation, step: Step & { readonly text: string }): void => {
    const calls = readCalls(step.text);
    if (calls === undefined) return giveUp(evaluation, failed('error', 'the sandbox could not go on'));
    if (calls.some(({ call }) => call < 0 || call >= limits.hostCalls)) {
      return giveUp(
        evaluation,
        failed('error', `the expression called more than ${limits.hostCalls} functions of the server`),
      );
    }
    const tooSlow = (): void => giveUp(evaluation, failed('timeout', 'a function of the server took too long'));
    evaluation.hostTimer ??= setTimeout(tooSlow, limits.hostMilliseconds);
    for (const call of calls) callHost(evaluation, call);
  };
  const onStep = ({ id, step, spent }: StepReport): void => {
    const evaluation = started.get(id);
    if (evaluation === undefined) {
      // It was given up while this order was under way.
      if (step.state === 'waiting') thread.drop({ type: 'drop', id });
      return;
    }
    evaluation.budget = Math.max(1, evaluation.budget - spent);
    if (step.state === 'waiting') return onWaiting(evaluation, step);
    finish(evaluation, readResult(step, evaluation.work.source, limits));
    pump();
  };

  const onLost = ({ why, id, message }: Loss): void => {
    const lost = [...started.values()];
    started.clear();
    if (why === 'not started') {
      for (const evaluation of [...lost, ...queue.splice(0)]) {
        finish(evaluation, failed('error', `the sandbox could not be started: ${message}`));
      }
      return;
    }
    for (const evaluation of lost.filter((candidate) => candidate.id === id)) {
      finish(evaluation, failed(why === 'timeout' ? 'timeout' : 'error', message));
    }
    queue.unshift(...lost.filter((candidate) => candidate.id !== id));
    pump();
  };

  const thread = makeSandboxThread({ workerUrl, wasmUrl, limits, onStep, onLost });

  return {
    add: (work, hostFunctions, timeoutMilliseconds) => {
      if (closed)
        return Promise.resolve(failed('error', 'expressions are no longer evaluated: the server is stopping'));
      if (queue.length >= limits.queueLength) {
        return Promise.resolve(failed('error', 'too many expressions wait to be evaluated; try again later'));
      }
      const { promise, resolve } = Promise.withResolvers<ExpressionResult>();
      queue.push({
        id: nextId++,
        work,
        hostFunctions,
        timeoutMilliseconds,
        settle: resolve,
        answers: new Map(),
        budget: timeoutMilliseconds,
        attempt: 0,
      });
      pump();
      return promise;
    },
    close: async () => {
      closed = true;
      for (const evaluation of [...started.values(), ...queue.splice(0)]) {
        finish(evaluation, failed('error', 'the evaluation was ended: the server is stopping'));
      }
      await thread.stop();
    },
  };
};
