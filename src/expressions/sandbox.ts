/** Carries out orders in a virtual machine. Everything the author's code can do ends as a `Step`, which is text. */
import { EvalFlags, JSException } from 'quickjs-wasi';
import type { JSValueHandle, QuickJS } from 'quickjs-wasi';
import { DeadlineReached } from './machine.ts';
import type { Machine } from './machine.ts';
import type { Order, Step } from './messages.ts';

export type Sandbox = {
  /** Carries out one order, computing for at most `budget` milliseconds as far as the machine polls its deadline. */
  readonly perform: (order: Order, budget: number) => Step;
  /** Makes the sandbox as new. False when it cannot be: throw it away. */
  readonly restore: () => boolean;
  /** Bytes of its memory. */
  readonly size: () => number;
};

export const makeSandbox = (machine: Machine, resultLength: number): Sandbox => {
  const { vm } = machine;
  let usable = true;
  let { start, answer, collect, nothing } = machine.prelude();

  const begin = (order: Exclude<Order, { type: 'check' }>): void => {
    if (order.type === 'resume') {
      const ok = vm.newNumber(order.ok ? 1 : 0);
      vm.callFunction(answer, nothing, vm.newNumber(order.call), ok, vm.newString(order.text));
      return;
    }
    const body = compile(vm, order.source, [...order.names, ...order.hostNames]);
    const hostNames = vm.newString(JSON.stringify(order.hostNames));
    vm.callFunction(start, nothing, body, vm.newString(order.values), hostNames);
  };
  const advance = (order: Order): Step => {
    if (order.type === 'check') {
      compile(vm, order.source, [], EvalFlags.COMPILE_ONLY);
      return { state: 'done', text: '{}' };
    }
    begin(order);
    vm.executePendingJobs();
    const told = vm.callFunction(collect, nothing);
    return readStep(told.isString ? told.toString() : '', resultLength);
  };

  return {
    perform: (order, budget) => {
      const deadline = performance.now() + budget;
      machine.setDeadline(deadline);
      try {
        const step = advance(order);
        return performance.now() > deadline ? { state: 'timeout' } : step;
      } catch (error) {
        if (error instanceof JSException) return performance.now() > deadline ? { state: 'timeout' } : failure(error);
        // The machine was left in the middle of something.
        usable = false;
        return error instanceof DeadlineReached ? { state: 'timeout' } : { state: 'broken' };
      } finally {
        machine.setDeadline(Number.POSITIVE_INFINITY);
      }
    },
    size: machine.size,
    restore: () => {
      if (!usable || !machine.rewind()) return false;
      // The handles of before were written over too.
      ({ start, answer, collect, nothing } = machine.prelude());
      return true;
    },
  };
};

/** The block lets the author declare a name that is also in scope. The body begins on line 1, as its author counts. */
const compile = (vm: QuickJS, source: string, names: readonly string[], flags = 0): JSValueHandle =>
  vm.evalCode(`(async(${names.join(',')})=>{"use strict";{${source}\n}})`, 'expression', flags);

/** `collect` of the prelude puts one letter before the text. */
const readStep = (told: string, resultLength: number): Step => {
  // Messages and log lines are bounded by themselves; this leaves room for them beside the result.
  if (told.length > resultLength + 128 * 1024) return failureText('RangeError', 'the result is too large', '');
  const text = told.slice(1);
  switch (told.charAt(0)) {
    case 'd':
      return { state: 'done', text };
    case 'f':
      return { state: 'failed', text };
    case 'w':
      return { state: 'waiting', text };
    default:
      return { state: 'broken' };
  }
};

const failure = (error: JSException): Step => {
  if (error.name === 'InternalError' && error.message === 'out of memory') return { state: 'memory' };
  return failureText(error.name.slice(0, 200), error.message.slice(0, 2000), (error.stack ?? '').slice(0, 2000));
};

const failureText = (name: string, message: string, stack: string): Step => ({
  state: 'failed',
  text: JSON.stringify({ name, message, stack, logs: [] }),
});
