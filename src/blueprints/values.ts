/** JSON values as the tags treat them: truth, joining, looking inside. Python's meaning, since blueprints expect it. */
import type { Json } from '../core/declaration.ts';
import { pythonText } from './format.ts';

/** Nothing, zero and what is empty are false. */
export function isTrue(value: Json): boolean {
  if (value === null || typeof value !== 'object') return Boolean(value);
  return Array.isArray(value) ? value.length > 0 : Object.keys(value).length > 0;
}

/** Maps are joined key by key, lists one after the other; of anything else the second stays. */
export function merged(first: Json, second: Json): Json {
  if (Array.isArray(first) && Array.isArray(second)) return [...first, ...second];
  if (!isMap(first) || !isMap(second)) return second;
  const made: Record<string, Json> = { ...first };
  for (const [name, value] of Object.entries(second)) {
    made[name] = Object.hasOwn(first, name) ? merged(first[name] as Json, value) : value;
  }
  return made;
}

const isMap = (value: Json): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The item of a list (from its end when negative) or the value of a map; undefined where there is none. */
export function atIndex(object: Json, key: Json): Json | undefined {
  if (Array.isArray(object)) {
    if (typeof key !== 'number' || !Number.isInteger(key)) throw new RangeError('a list needs a whole number');
    return object.at(key);
  }
  if (!isMap(object)) throw new RangeError('needs a list or a map');
  const name = pythonText(key);
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Reads JSON. Throws RangeError without quoting the text, which may hold a secret. */
export function parseJson(text: string, count: (values: number) => void): Json {
  try {
    let values = 0;
    const value = JSON.parse(text, (name, each: Json) => {
      values += 1;
      if (name === '__proto__') throw new RangeError('the key __proto__ is not allowed');
      return each;
    }) as Json;
    count(values);
    return value;
  } catch (fault) {
    if (fault instanceof RangeError && fault.message.includes('__proto__')) throw fault;
    throw new RangeError('is not JSON');
  }
}
