/**
 * What an object is made of, said once: the store, the API, its OpenAPI document, the forms, the blueprints and the
 * audit log are all drawn from a declaration. A field is a plain descriptor; its validator is built on first use.
 */
import { z } from 'zod';
import type { Queries } from '../db/database.ts';
import type { Tables } from '../db/tables.ts';
import { parseDuration } from '../formats/duration.ts';
import type { Sealer } from './crypto/seal.ts';

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** The tables that declared objects live in. */
export type ObjectTable = Extract<
  keyof Tables,
  | 'objects'
  | 'users'
  | 'groups'
  | 'roles'
  | 'flows'
  | 'stages'
  | 'prompts'
  | 'flow_stage_bindings'
  | 'policies'
  | 'policy_bindings'
  | 'property_mappings'
  | 'providers'
  | 'applications'
  | 'brands'
  | 'certificates'
  | 'blueprints'
  | 'tokens'
>;

/** What happens to the holder of a reference when the object it names is deleted. */
export type WhenDeleted = 'cascade' | 'clear' | 'refuse';

/** A field that names other objects. `key` is how the wire names them: by UUID, or users and providers by number. */
export type Reference = { to: ObjectTable; key: 'id' | 'pk'; many: boolean; whenDeleted: WhenDeleted };

/** A many-to-many table of two columns. */
export type Relation = {
  table: 'group_parents' | 'group_members' | 'group_roles' | 'user_roles';
  own: string;
  other: string;
};

/** One field of a declaration. `T` is its value on the wire and in the program. */
export type Field<T = unknown> = {
  schema: () => z.ZodType<T>;
  /** The value of a field that is left out; a function makes a fresh one. A field without default is required. */
  default?: T | (() => T);
  /** The column that holds it; without one it lives in the settings JSON, or in its own table when it is a reference. */
  column?: string;
  /** A second column with the normalised form, by which the value is unique and looked up. */
  keyColumn?: string;
  /** Sealed in the table of secrets. */
  secret?: boolean;
  /** Never in an answer (`hidden`), or only in the detail answer for those who may change the object. */
  disclosure?: 'hidden' | 'detail';
  readOnly?: boolean;
  reference?: Reference;
  relation?: Relation;
  /** Columns that hold flags and times need converting. */
  storage?: 'flag' | 'time' | 'json';
  /** Words for the form and the documentation. */
  help?: string;
  /** For the form: which kind of input suits. */
  widget?: string;
};

export type Fields = Readonly<Record<string, Field>>;
/** The values of declared fields. */
export type ValuesOf<F extends Fields> = { [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** A NUL as JSON writes it: the backslash is not itself escaped. */
const NUL_IN_JSON = /(?<!\\)(?:\\\\)*\\u0000/;

type Options<T> = Omit<Partial<Field<T>>, 'schema'>;
const field = <T>(schema: () => z.ZodType<T>, options: Options<T> = {}): Field<T> => ({ ...options, schema });

/** Text up to `max` characters (200 by default); `required` text is not empty. */
export const text = (options: Options<string> & { max?: number; min?: number } = {}): Field<string> => {
  const { max = 200, min = 0, ...rest } = options;
  // A NUL byte cannot be stored in PostgreSQL, and no honest value holds one.
  return field(
    () =>
      z
        .string()
        .min(min)
        .max(max)
        .refine((value) => !value.includes('\0'), 'Null characters are not allowed.'),
    rest,
  );
};
export const nullableText = (options: Options<string | null> & { max?: number } = {}): Field<string | null> => {
  const { max = 200, ...rest } = options;
  return field(() => text({ max }).schema().nullable(), { default: null, ...rest });
};
/** Letters, digits, hyphens and underscores, as in a path. `reserved` are words that mean something else there. */
export const slug = (options: Options<string> & { reserved?: readonly string[] } = {}): Field<string> => {
  const { reserved = [], ...rest } = options;
  return field(
    () =>
      z
        .string()
        .min(1)
        .max(100)
        .regex(/^[-a-zA-Z0-9_]+$/, 'Enter a valid “slug”.')
        .refine((value) => !reserved.includes(value), 'This word is reserved; choose another.'),
    rest,
  );
};
export const integer = (options: Options<number> & { min?: number; max?: number } = {}): Field<number> => {
  const { min = -2147483648, max = 2147483647, ...rest } = options;
  return field(() => z.int().min(min).max(max), rest);
};
export const flag = (fallback: boolean, options: Options<boolean> = {}): Field<boolean> =>
  field(() => z.boolean(), { default: fallback, ...options });
export const choice = <const T extends string>(choices: readonly [T, ...T[]], options: Options<T> = {}): Field<T> =>
  field(() => z.enum(choices) as unknown as z.ZodType<T>, options);
export const choices = <const T extends string>(
  allowed: readonly [T, ...T[]],
  options: Options<T[]> = {},
): Field<T[]> => field(() => z.array(z.enum(allowed)).max(50) as unknown as z.ZodType<T[]>, options);
/** A duration in authentik's words, `hours=1;minutes=30`. */
export const duration = (fallback: string, options: Options<string> = {}): Field<string> =>
  field(
    () =>
      z
        .string()
        .max(200)
        .refine((value) => {
          try {
            parseDuration(value);
            return true;
          } catch {
            return false;
          }
        }, 'Enter a duration such as hours=1;minutes=30.'),
    { default: fallback, ...options },
  );
/** A JSON object of at most 64 kB of text. */
export const attributes = (options: Options<Record<string, Json>> = {}): Field<Record<string, Json>> =>
  field(
    () =>
      (z.record(z.string(), z.json()) as z.ZodType<Record<string, Json>>)
        .refine((value) => JSON.stringify(value).length <= 65536, 'Too large.')
        // PostgreSQL cannot look into JSON that holds one, so it would spoil everybody's queries.
        .refine((value) => !NUL_IN_JSON.test(JSON.stringify(value)), 'Null characters are not allowed.'),
    { default: () => ({}), ...options },
  );
export const texts = (options: Options<string[]> = {}): Field<string[]> =>
  field(() => z.array(z.string().max(1000)).max(200), { default: () => [], ...options });
/** A moment as ISO 8601 text on the wire, milliseconds in a column. */
export const moment = (options: Options<string | null> = {}): Field<string | null> =>
  field(() => z.iso.datetime({ offset: true }).nullable(), { default: null, storage: 'time', ...options });
/** Records with a schema of their own. */
export const structure = <T>(schema: () => z.ZodType<T>, options: Options<T> = {}): Field<T> => field(schema, options);

const uuid = (): z.ZodType<string> => z.uuid('Must be a valid UUID.') as unknown as z.ZodType<string>;
const keyed = (key: 'id' | 'pk'): z.ZodType<string | number> => (key === 'id' ? uuid() : z.int().positive());

/** Names one object that must be there. */
export const reference = (
  to: ObjectTable,
  options: Options<string> & { whenDeleted?: WhenDeleted } = {},
): Field<string> => {
  const { whenDeleted = 'refuse', ...rest } = options;
  return field(uuid, { reference: { to, key: 'id', many: false, whenDeleted }, ...rest });
};
/** Names one object or none. */
export const optionalReference = (to: ObjectTable, options: Options<string | null> = {}): Field<string | null> =>
  field(() => uuid().nullable(), {
    default: null,
    reference: { to, key: 'id', many: false, whenDeleted: 'clear' },
    ...options,
  });
/** Names any number of objects, in order. */
export const references = (to: ObjectTable, options: Options<string[]> = {}): Field<string[]> =>
  field(() => z.array(uuid()).max(1000), {
    default: () => [],
    reference: { to, key: 'id', many: true, whenDeleted: 'clear' },
    ...options,
  });
/** Names a user or a provider by number. */
export const numberReference = (
  to: 'users' | 'providers',
  options: Options<number | null> & { whenDeleted?: WhenDeleted } = {},
): Field<number | null> => {
  const { whenDeleted = 'clear', ...rest } = options;
  return field(() => keyed('pk').nullable() as z.ZodType<number | null>, {
    default: null,
    reference: { to, key: 'pk', many: false, whenDeleted },
    ...rest,
  });
};
/** Names users or providers by number. */
export const numberReferences = (to: 'users' | 'providers', options: Options<number[]> = {}): Field<number[]> =>
  field(() => z.array(keyed('pk')).max(100_000) as unknown as z.ZodType<number[]>, {
    default: () => [],
    reference: { to, key: 'pk', many: true, whenDeleted: 'clear' },
    ...options,
  });

/** One model: what it is called everywhere, where it is stored, and what it is made of. */
export type Declaration<F extends Fields = Fields> = {
  /** `app.model` in authentik's words, as blueprints, events and bindings name it. */
  model: string;
  table: ObjectTable;
  /** Which of the family's kinds, where several share a table. */
  kind?: string;
  verboseName: string;
  verboseNamePlural: string;
  /** The name of the form element that authentik's interface uses for it. */
  component?: string;
  fields: F;
  /** Brings settings that an older version wrote up to date. The first version is 1. */
  settingsVersion?: number;
  upgrade?: (settings: Record<string, Json>, from: number) => Record<string, Json>;
  /**
   * What the fields must be together, and what they name must be. The store asks it inside the unit of work, after the
   * object was written; throws `invalid`, and then nothing has happened.
   */
  check?(object: { id: string; values: ValuesOf<F> }, stored: { queries: Queries; sealer: Sealer }): Promise<void>;
  /** The expressions among the values, by field. Their syntax is checked before they are stored. */
  expressions?(values: ValuesOf<F>): Record<string, ExpressionText>;
};

/** The text of an expression, and what it is written in. */
export type ExpressionText = { language: 'python' | 'javascript'; source: string };

/** Keeps the exact types of the fields. */
export const declare = <const F extends Fields>(declaration: Declaration<F>): Declaration<F> => declaration;

/** The default of a field, or undefined when the field is required. */
export function defaultOf(each: Field): unknown {
  return typeof each.default === 'function' ? (each.default as () => unknown)() : each.default;
}
