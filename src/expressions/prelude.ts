/**
 * The JavaScript that every sandbox starts with. It runs inside the virtual machine, before the author's body,
 * and takes hold of what it needs from the language, so that a body that changes the built-in objects changes
 * nothing but its own result.
 *
 * It gives the author the functions of `authorFunctions`, and gives the host three functions: `start` runs a
 * body, `answer` settles a call of a host function, and `collect` tells how far the body came.
 */

/**
 * Pure functions for authors, named as in authentik's expressions. `user.groups` is a list of `{ pk, name }`.
 * `regex_match` looks anywhere in the value; `list_flatten` gives the first element of a list.
 */
const authorFunctions = String.raw`
  const isGroupMember = (user, filter) => {
    const wanted = filter === null || typeof filter !== 'object' ? [] : ['name', 'pk'].filter((key) => key in filter);
    if (wanted.length === 0) throw new TypeError('ak_is_group_member needs a group: { name } or { pk }');
    const groups = user !== null && typeof user === 'object' && Array.isArray(user.groups) ? user.groups : [];
    return groups.some((group) => wanted.every((key) => group[key] === filter[key]));
  };
  const log = (level) => (...parts) => {
    if (logs.length >= 50) return;
    const text = parts.map((part) => (typeof part === 'string' ? part : stringify(part) ?? 'undefined')).join(' ');
    logs[logs.length] = (level + ': ' + text).slice(0, 1000);
  };
  Object.assign(globalThis, {
    ak_message: (text) => {
      if (messages.length < 20) messages[messages.length] = String(text).slice(0, 1000);
    },
    ak_is_group_member: isGroupMember,
    akIsGroupMember: isGroupMember,
    regex_match: (value, pattern) => new RegExp(pattern).test(value),
    regex_replace: (value, pattern, replacement) =>
      String(value).replace(new RegExp(pattern, 'g'), () => String(replacement)),
    list_flatten: (value) => (Array.isArray(value) ? (value.length > 0 ? value[0] : null) : value),
    ak_logger: Object.freeze({
      debug: log('debug'), info: log('info'), warning: log('warning'), warn: log('warning'), error: log('error'),
    }),
  });`;

/** Evaluates to `{ start, answer, collect }`. `hostRandom` is a function that the host has put there. */
export const prelude = String.raw`(() => {
  'use strict';
  const { parse, stringify } = JSON;
  const { apply } = Reflect;
  const OwnPromise = Promise, OwnError = Error, asText = String, cut = String.prototype.slice;
  const messages = [], logs = [];
  let calls = [], nextCall = 0, outstanding = 0;
  const pending = Object.create(null);
  let outcome;

  // The engine seeds its generator once, before the memory is copied, so every evaluation would draw the same numbers.
  Math.random = globalThis.hostRandom;
  delete globalThis.hostRandom;
  delete globalThis.SharedArrayBuffer;
${authorFunctions}

  const hostFunction = (name) => (...args) => new OwnPromise((resolve, reject) => {
    // Made here, so that its stack has the line of the author's call.
    const error = new OwnError(name);
    calls[calls.length] = { call: nextCall, name, text: stringify(args) };
    pending[nextCall] = { resolve, reject, error };
    nextCall += 1;
    outstanding += 1;
  });
  const run = async (body, values) => {
    try {
      outcome = { value: await apply(body, undefined, values) };
    } catch (error) {
      outcome = { error };
    }
  };
  const start = (body, valuesText, hostNamesText) => {
    const values = parse(valuesText), hostNames = parse(hostNamesText);
    for (let index = 0; index < hostNames.length; index += 1) values[values.length] = hostFunction(hostNames[index]);
    run(body, values);
  };
  const answer = (call, ok, text) => {
    const waiting = pending[call];
    if (waiting === undefined) return;
    delete pending[call];
    outstanding -= 1;
    if (ok) return waiting.resolve(parse(text));
    waiting.error.message = text;
    waiting.reject(waiting.error);
  };

  const read = (error, key) => {
    try {
      const value = error[key];
      return value === undefined ? '' : apply(cut, asText(value), [0, 2000]);
    } catch { return ''; }
  };
  const describe = (error) => {
    const thrown = error !== null && typeof error === 'object';
    let text = '';
    try { text = apply(cut, asText(error), [0, 2000]); } catch {}
    return stringify({
      name: thrown ? read(error, 'name') : '', message: thrown ? read(error, 'message') || text : text,
      stack: thrown ? read(error, 'stack') : '', logs,
    });
  };
  const collect = () => {
    if (outcome === undefined) {
      if (outstanding === 0) return 'f' + describe(new OwnError('the expression waits for something that never happens'));
      const text = stringify(calls);
      calls = [];
      return 'w' + text;
    }
    if ('error' in outcome) return 'f' + describe(outcome.error);
    try {
      const value = stringify(outcome.value);
      return 'd{"value":' + (value === undefined ? 'null' : value) +
        ',"messages":' + stringify(messages) + ',"logs":' + stringify(logs) + '}';
    } catch (error) {
      return 'f' + describe(error);
    }
  };
  return { start, answer, collect, nothing: undefined };
})()`;
