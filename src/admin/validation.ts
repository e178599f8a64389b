/** From a request's body to the values of a declaration, with faults in the words that clients know. */
import type { z } from 'zod';
import { type Declaration, defaultOf, type Field } from '../core/declaration.ts';
import { invalid } from '../core/fault.ts';
import { normalisedKey } from '../core/names.ts';
import type { Values } from './resource.ts';

export type Validation = {
  /** The values of the fields that are given. With `complete`, what is required must be among them. Throws `invalid`. */
  read(declaration: Declaration, body: unknown, complete: boolean): Values;
};

/** Keeps the validator of each field after its first use. */
export function makeValidation(): Validation {
  const validators = new WeakMap<Field, z.ZodType>();
  const validatorOf = (field: Field): z.ZodType => {
    const known = validators.get(field) ?? field.schema();
    validators.set(field, known);
    return known;
  };
  return {
    read(declaration, body, complete) {
      const given = recordOf(body);
      const values: Values = {};
      const faults: Record<string, string[]> = {};
      for (const [name, field] of Object.entries(declaration.fields)) {
        if (field.readOnly) continue;
        if (!Object.hasOwn(given, name)) {
          if (complete && defaultOf(field) === undefined) faults[name] = ['This field is required.'];
          continue;
        }
        const result = validatorOf(field).safeParse(given[name]);
        if (!result.success)
          faults[name] = result.error.issues.slice(0, 20).map((issue) => wordsOf(issue, given[name]));
        else if (isBlankKey(field, result.data)) faults[name] = ['This field may not be blank.'];
        else values[name] = result.data;
      }
      if (Object.keys(faults).length > 0) throw invalid(faults);
      return values;
    },
  };
}

/** The body as a record. Throws `invalid` for anything else. */
export function recordOf(body: unknown): Record<string, unknown> {
  if (body === undefined || body === null) return {};
  if (typeof body === 'object' && !Array.isArray(body) && !(body instanceof Map))
    return body as Record<string, unknown>;
  const kind = Array.isArray(body) ? 'list' : typeof body === 'object' ? 'form' : typeof body;
  throw invalid({ non_field_errors: [`Invalid data. Expected a dictionary, but got ${kind}.`] });
}

/** Reads a small body that belongs to no declaration. Throws `invalid`. */
export function readBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const given = recordOf(body);
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const faults: Record<string, string[]> = {};
  for (const issue of result.error.issues) {
    const name = String(issue.path[0] ?? 'non_field_errors');
    const words = wordsOf({ ...issue, path: issue.path.slice(1) }, given[name]);
    faults[name] = [...(faults[name] ?? []), name in given ? words : 'This field is required.'];
  }
  throw invalid(faults);
}

/** A name that consists of blanks has no key. */
const isBlankKey = (field: Field, value: unknown): boolean =>
  field.keyColumn !== undefined && typeof value === 'string' && value !== '' && normalisedKey(value) === '';

function wordsOf(issue: z.core.$ZodIssue, given: unknown): string {
  const where = issue.path.length > 0 ? `${issue.path.map(String).join('.')}: ` : '';
  return where + plainWords(issue, issue.path.length === 0 ? given : undefined);
}

function plainWords(issue: z.core.$ZodIssue, given: unknown): string {
  if (given === null) return 'This field may not be null.';
  switch (issue.code) {
    case 'invalid_type':
      return TYPE_WORDS[issue.expected] ?? `Expected ${issue.expected}.`;
    case 'too_small':
      if (issue.origin === 'string') {
        return issue.minimum === 1
          ? 'This field may not be blank.'
          : `Ensure this field has at least ${issue.minimum} characters.`;
      }
      if (issue.origin === 'array') return 'This list may not be empty.';
      return `Ensure this value is greater than or equal to ${issue.minimum}.`;
    case 'too_big':
      if (issue.origin === 'string') return `Ensure this field has no more than ${issue.maximum} characters.`;
      if (issue.origin === 'array') return `Ensure this field has no more than ${issue.maximum} elements.`;
      return `Ensure this value is less than or equal to ${issue.maximum}.`;
    case 'invalid_value':
      return typeof given === 'string' ? `"${given.slice(0, 100)}" is not a valid choice.` : 'Not a valid choice.';
    case 'invalid_format':
      return issue.format === 'datetime' ? 'Datetime has wrong format. Use ISO 8601.' : issue.message;
    case 'custom':
      return issue.message;
    default:
      return issue.message;
  }
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'Not a valid string.',
  number: 'A valid number is required.',
  int: 'A valid integer is required.',
  boolean: 'Must be a valid boolean.',
  array: 'Expected a list of items.',
  object: 'Expected a dictionary of items.',
  record: 'Expected a dictionary of items.',
};
