/** Calls a function of the server for an expression. The name and the arguments come from inside the sandbox. */
import type { HostFunctions, Json } from './expression.ts';
import type { Limits } from './limits.ts';
import { readArguments } from './outcome.ts';
import type { HostCall } from './outcome.ts';

/** `text` is the answer as JSON, or the message of the error that the expression will catch. */
export type HostAnswer = { readonly ok: boolean; readonly text: string };

/** Never rejects. */
export const answerCall = async (functions: HostFunctions, call: HostCall, limits: Limits): Promise<HostAnswer> => {
  try {
    const hostFunction = Object.hasOwn(functions, call.name) ? functions[call.name] : undefined;
    if (hostFunction === undefined) throw new ReferenceError(`${call.name} is not a function of the server`);
    const value: Json | undefined = await hostFunction(...readArguments(call.text, limits));
    const text = JSON.stringify(value ?? null);
    if (text.length > limits.resultLength) throw new RangeError(`the answer of ${call.name} is too large`);
    return { ok: true, text };
  } catch (error) {
    return { ok: false, text: (error instanceof Error ? error.message : String(error)).slice(0, 2000) };
  }
};
