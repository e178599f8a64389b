/**
 * Regular expressions of administrators, run on the text of strangers, within bounded time. One that can go back and
 * forth without end (`([a-z]+)+`) would otherwise hold up the whole server with one request.
 */
import { createContext, Script } from 'node:vm';

/** Milliseconds for one look. Honest addresses take microseconds; the rest is for a busy machine. */
const LONGEST_LOOK = 100;
/** After a look that took too long nothing is looked at for so many times as long: the server has others to serve. */
const REST = 10;

/** Whether the whole text matches; no, when that cannot be told in time. */
export type BoundedPattern = { test(text: string): boolean };

/** Compiles a pattern that covers the whole text. @throws SyntaxError when it cannot be read */
export function boundedPattern(source: string, now: () => number = () => performance.now()): BoundedPattern {
  const pattern = new RegExp(`^(?:${source})$`, 'u');
  if (isQuick(source)) return { test: (text) => pattern.test(text) };
  let look: ((text: string) => boolean) | undefined;
  let restsUntil = 0;
  return {
    test(text) {
      const began = now();
      if (began < restsUntil) return false;
      try {
        look ??= lookWithin(pattern);
        return look(text);
      } catch {
        restsUntil = now() + (now() - began) * REST;
        return false;
      }
    },
  };
}

/**
 * Whether the pattern takes at most quadratic time: no repeated group, no reference back, and at most two parts that
 * may be of any length. Brackets are looked at too, which makes it careful and never wrong.
 */
function isQuick(source: string): boolean {
  const plain = source.replace(/\\[^\dk]/g, '_');
  return !/\\|\)[*+{?]|\(\?[=!<]/.test(plain) && (plain.match(/[*+{]/g) ?? []).length <= 2;
}

/** The engine checks for the end of its time while it goes back and forth, but only inside a script that has one. */
function lookWithin(pattern: RegExp): (text: string) => boolean {
  const values = { pattern, text: '' };
  const context = createContext(values, { codeGeneration: { strings: false, wasm: false } });
  const script = new Script('pattern.test(text)');
  return (text) => {
    values.text = text;
    return script.runInContext(context, { timeout: LONGEST_LOOK }) === true;
  };
}
