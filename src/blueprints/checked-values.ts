/** The values of an entry against the declaration of its model: nothing unknown, nothing read-only, all of its type. */
import { isDeepStrictEqual } from 'node:util';
import { type Declaration, defaultOf, type Field, type Json } from '../core/declaration.ts';
import type { Values } from '../core/rows.ts';

/** Says what is wrong with one attribute. The caller knows its line. */
export class AttributeFault extends Error {
  readonly attribute: string | undefined;
  constructor(attribute: string | undefined, reason: string) {
    super(reason);
    this.attribute = attribute;
  }
}

/** Checks every value by the schema of its field. Throws AttributeFault, which never quotes a value. */
export function checkValues(declaration: Declaration, given: Readonly<Record<string, Json>>): Values {
  const values: Values = {};
  for (const [name, value] of Object.entries(given)) {
    const field = Object.hasOwn(declaration.fields, name) ? declaration.fields[name] : undefined;
    const shown = name.slice(0, 100);
    if (!field) throw new AttributeFault(name, `${declaration.model} has no attribute ${shown}`);
    if (field.readOnly) throw new AttributeFault(name, `the attribute ${shown} cannot be set`);
    values[name] = checkValue(shown, field, value);
  }
  return values;
}

function checkValue(name: string, field: Field, value: Json): unknown {
  const schema = field.schema();
  const first = schema.safeParse(value);
  if (first.success) return first.data;
  const other = otherSpelling(value);
  const second = other === undefined ? first : schema.safeParse(other);
  if (second.success) return second.data;
  const [issue] = first.error.issues;
  const at = issue?.path.length ? ` (at ${issue.path.map(String).join('.').slice(0, 200)})` : '';
  throw new AttributeFault(name, `${name}: ${(issue?.message ?? 'is not valid').slice(0, 300)}${at}`);
}

/** Text from the environment or a file is all that a number or a flag can be there; a name may look like a number. */
function otherSpelling(value: Json): Json | undefined {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return undefined;
  if (/^(?:true|false)$/i.test(value)) return value.toLowerCase() === 'true';
  return /^-?\d{1,15}$/.test(value) ? Number(value) : undefined;
}

/** Throws AttributeFault when a new object lacks something. */
export function requireAll(declaration: Declaration, values: Values): void {
  const missing = Object.entries(declaration.fields)
    .filter(([name, field]) => !field.readOnly && !(name in values) && defaultOf(field) === undefined)
    .map(([name]) => name);
  if (missing.length > 0) throw new AttributeFault(undefined, `${missing.join(', ')}: must be given`);
}

/** Whether a field already has the value. */
export function isSame(field: Field | undefined, stored: unknown, wanted: unknown): boolean {
  if (field?.storage === 'time' && typeof stored === 'string' && typeof wanted === 'string') {
    return Date.parse(stored) === Date.parse(wanted);
  }
  if (field?.relation && Array.isArray(stored) && Array.isArray(wanted)) {
    return isDeepStrictEqual(new Set<unknown>(stored), new Set<unknown>(wanted));
  }
  if (field?.reference?.many && Array.isArray(wanted)) return isDeepStrictEqual(stored, [...new Set<unknown>(wanted)]);
  return isDeepStrictEqual(stored, wanted);
}
