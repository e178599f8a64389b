/** What of the answers is written to an account. A closed list: no answer makes somebody an administrator. */
import type { Json } from '../../core/declaration.ts';
import { userModel } from '../../core/models/people.ts';

/** The known fields among the answers. `hash` is the new password's; `attributes` are paths with their values. */
export type Written = {
  names: { username?: string; name?: string; email?: string };
  attributes: { path: string[]; value: Json }[];
  hash: string | undefined;
};

const DEEPEST = 10;

/** Picks the known fields. The second value names the first one that does not fit an account. */
export function pick(answers: Readonly<Record<string, Json>>): Written | { unfit: string } {
  const written: Written = { names: {}, attributes: [], hash: undefined };
  for (const [key, value] of Object.entries(answers)) {
    if (key === 'username' || key === 'name' || key === 'email') {
      const text = typeof value === 'string' ? value.trim() : undefined;
      // An empty username is no name; nobody chose it.
      if (key === 'username' && text === '') continue;
      if (text === undefined || !userModel.fields[key].schema().safeParse(text).success) return { unfit: key };
      written.names[key] = text;
    } else if (key === 'password') {
      written.hash = hashOf(value);
      // A password that came in the clear was never meant to be one: it would have been asked for as such.
      if (written.hash === undefined) return { unfit: key };
    } else if (key.startsWith('attributes.') && hashOf(value) === undefined) {
      const path = key.slice('attributes.'.length).split('.');
      if (path.length > DEEPEST || path.some((part) => part === '' || part === '__proto__')) return { unfit: key };
      written.attributes.push({ path, value });
    }
  }
  return written;
}

function hashOf(value: Json): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, 'hash') && typeof value.hash === 'string' ? value.hash : undefined;
}

/** The attributes with these written into them; undefined when they become too large. Changes nothing it was given. */
export function withAttributes(
  before: Readonly<Record<string, Json>>,
  written: Written['attributes'],
): Record<string, Json> | undefined {
  let after: Record<string, Json> = { ...before };
  for (const { path, value } of written) after = put(after, path, value);
  return userModel.fields.attributes.schema().safeParse(after).success ? after : undefined;
}

function put(into: Json | undefined, [first = '', ...rest]: readonly string[], value: Json): Record<string, Json> {
  const own = typeof into === 'object' && into !== null && !Array.isArray(into) ? into : {};
  const inner = Object.hasOwn(own, first) ? own[first] : undefined;
  return { ...own, [first]: rest.length === 0 ? value : put(inner, rest, value) };
}
