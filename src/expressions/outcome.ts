/** Reads what came out of the sandbox. The text was written by the author's side, so everything is checked here. */
import type { ExpressionFailure, ExpressionResult, Json } from './expression.ts';
import type { Limits } from './limits.ts';
import type { Step } from './messages.ts';

export type HostCall = { readonly call: number; readonly name: string; readonly text: string };

export const failed = (kind: ExpressionFailure['kind'], message: string, line?: number): ExpressionFailure => ({
  ok: false,
  kind,
  message,
  logs: [],
  ...(line === undefined ? {} : { line }),
});

/** The result of an evaluation that is over. `source` bounds the line number. */
export const readResult = (step: Step, source: string, limits: Limits): ExpressionResult => {
  if (step.state === 'timeout') return failed('timeout', 'the expression took too long');
  if (step.state === 'memory') return failed('memory', 'the expression used too much memory');
  if (step.state === 'broken' || step.state === 'waiting') return failed('error', 'the sandbox could not go on');
  const told = parseObject(step.text);
  if (told === undefined) return failed('error', 'the result could not be read');
  const logs = texts(told['logs']);
  if (step.state === 'failed') return { ...readFailure(told, source), logs };
  const value = told['value'] ?? null;
  const fault = faultOf(value, limits.resultDepth);
  if (fault !== undefined) return { ...failed('error', `the result ${fault}`), logs };
  if (step.text.length > limits.resultLength && JSON.stringify(value).length > limits.resultLength) {
    return { ...failed('error', 'the result is too large'), logs };
  }
  return { ok: true, value, messages: texts(told['messages']), logs };
};

const readFailure = (told: Readonly<Record<string, Json>>, source: string): ExpressionFailure => {
  const name = text(told['name']);
  const message = text(told['message']);
  if (name === 'InternalError' && message === 'out of memory') {
    return failed('memory', 'the expression used too much memory');
  }
  const line = /\bexpression:(\d{1,6}):\d/.exec(text(told['stack']))?.[1];
  // The wrapper ends one line after the source: a brace that is missing is missed there.
  const lines = source.split('\n').length;
  const words = name === '' || message.startsWith(name) ? message : `${name}: ${message}`;
  return failed(
    'error',
    words || 'the expression threw nothing',
    line === undefined ? undefined : Math.min(Math.max(Number(line), 1), lines),
  );
};

/** The calls of host functions that a waiting evaluation makes. Undefined when the text is not what it should be. */
export const readCalls = (told: string): HostCall[] | undefined => {
  const list = parse(told);
  if (!Array.isArray(list)) return undefined;
  const calls: HostCall[] = [];
  for (const entry of list) {
    if (entry === null || typeof entry !== 'object' || Array.isArray(entry)) return undefined;
    const { call, name, text: argumentsText } = entry;
    if (typeof call !== 'number' || !Number.isSafeInteger(call)) return undefined;
    if (typeof name !== 'string' || typeof argumentsText !== 'string') return undefined;
    calls.push({ call, name, text: argumentsText });
  }
  return calls;
};

/** The arguments of a host function. Throws when they are not plain JSON within the bounds. */
export const readArguments = (told: string, limits: Limits): Json[] => {
  if (told.length > limits.resultLength) throw new RangeError('the arguments are too large');
  const list = parse(told);
  if (!Array.isArray(list)) throw new TypeError('the arguments could not be read');
  const fault = faultOf(list, limits.resultDepth);
  if (fault !== undefined) throw new TypeError(`an argument ${fault}`);
  return list;
};

/** What is wrong with a value that leaves the sandbox: who copies it must not recurse far or set a prototype. */
const faultOf = (value: Json, depth: number): string | undefined => {
  if (value === null || typeof value !== 'object') return undefined;
  if (depth === 0) return 'is nested too deeply';
  if (Object.hasOwn(value, '__proto__')) return 'has a key that is not allowed: __proto__';
  for (const part of Object.values(value)) {
    const fault = faultOf(part, depth - 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
};

const parse = (told: string): Json | undefined => {
  try {
    return JSON.parse(told) as Json;
  } catch {
    return undefined;
  }
};

const parseObject = (told: string): Readonly<Record<string, Json>> | undefined => {
  const value = parse(told);
  return value === null || typeof value !== 'object' || Array.isArray(value) ? undefined : value;
};

const text = (value: Json | undefined): string => (typeof value === 'string' ? value.slice(0, 2000) : '');

const texts = (value: Json | undefined): string[] =>
  Array.isArray(value) ? value.slice(0, 50).map((entry) => text(entry).slice(0, 1000)) : [];
