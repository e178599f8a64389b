/** Filters, searches and orderings of lists, as conditions of one SQL query. */
import { type Expression, type ExpressionBuilder, type RawBuilder, type SqlBool, sql } from 'kysely';
import { type Declaration, defaultOf, type Field } from '../core/declaration.ts';
import { invalid } from '../core/fault.ts';
import { normalisedKey } from '../core/names.ts';
import type { Tables } from '../db/tables.ts';
import type { AdminContext } from './services.ts';

/** A condition on the rows of a list. The table is the declaration's, whatever the type says. */
export type Condition = (builder: ExpressionBuilder<Tables, 'stages'>) => Expression<SqlBool>;
/** Makes a condition of the values that a parameter has; undefined where it asks for nothing. Throws `invalid`. */
export type Filter = (values: readonly string[], context: AdminContext) => Condition | undefined;

/** `%`, `_` and the escape itself stand for themselves. */
const patternOf = (text: string): string => `%${text.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;

/** Whether one of the columns contains every word. */
export function searchCondition(columns: readonly string[], search: string): Condition | undefined {
  const words = normalisedKey(search).slice(0, 200).split(/\s+/).filter(Boolean).slice(0, 5);
  if (words.length === 0 || columns.length === 0) return undefined;
  return (builder) =>
    builder.and(words.map((word) => builder.or(columns.map((column) => contains(sql.ref(column), word)))));
}

const contains = (value: RawBuilder<unknown>, text: string): RawBuilder<SqlBool> =>
  sql<SqlBool>`lower(${asText(value)}) like ${patternOf(text)} escape '\\'`;

/** PostgreSQL lowers text only, and some columns hold numbers. */
const asText = (value: RawBuilder<unknown>): RawBuilder<string> => sql<string>`cast(${value} as text)`;

/** The condition for a parameter that names a field, with authentik's suffixes; undefined for any other parameter. */
export function fieldCondition(
  declaration: Declaration,
  parameter: string,
  values: readonly string[],
  engine: 'sqlite' | 'postgresql',
): Condition | undefined {
  const [name = '', suffix] = parameter.split('__');
  const field = Object.hasOwn(declaration.fields, name) ? declaration.fields[name] : undefined;
  if (!field || field.secret || field.disclosure || field.storage === 'json' || values.length === 0) return undefined;
  if (field.relation || (field.reference && !field.column)) {
    return suffix === undefined ? linkCondition(declaration, name, field, values) : undefined;
  }
  const column = columnOf(field, name, engine);
  if (!column) return undefined;
  if (suffix === 'isnull') {
    const wanted = flagOf(parameter, values[0] as string);
    return () => (wanted ? sql<SqlBool>`${column} is null` : sql<SqlBool>`${column} is not null`);
  }
  if (suffix === 'icontains') return () => contains(column, normalisedKey(values[0] as string));
  if (suffix === 'iexact') {
    return () => sql<SqlBool>`lower(${asText(column)}) = ${(values[0] as string).toLowerCase()}`;
  }
  const converted = values.map((value) => bound(valueOf(parameter, field, value, engine)));
  if (suffix === 'gt') return () => sql<SqlBool>`${column} > ${converted[0]}`;
  if (suffix === 'lt') return () => sql<SqlBool>`${column} < ${converted[0]}`;
  if (suffix !== undefined && suffix !== 'in') return undefined;
  const same = sql<SqlBool>`${column} in (${sql.join(converted)})`;
  if (!field.keyColumn) return () => same;
  // The normalised form has an index; the letters as they were typed have none.
  const keys = sql.join(values.map(normalisedKey));
  return () => sql<SqlBool>`(${sql.ref(field.keyColumn ?? '')} in (${keys}) and ${same})`;
}

/** A number may be larger than its column, which PostgreSQL would otherwise take as a fault of the statement. */
const bound = (value: string | number): RawBuilder<unknown> =>
  typeof value === 'number' ? sql`cast(${value} as bigint)` : sql`${value}`;

function columnOf(field: Field, name: string, engine: 'sqlite' | 'postgresql'): RawBuilder<unknown> | undefined {
  if (field.column) return sql`${sql.ref(field.column)}`;
  const fallback = defaultOf(field);
  if (fallback !== undefined && fallback !== null && typeof fallback === 'object') return undefined;
  return engine === 'sqlite'
    ? sql`cast(json_extract(settings, ${`$."${name}"`}) as text)`
    : sql`(settings::json ->> ${name})`;
}

function valueOf(parameter: string, field: Field, value: string, engine: 'sqlite' | 'postgresql'): string | number {
  if (typeof defaultOf(field) === 'boolean') {
    const flag = flagOf(parameter, value);
    if (field.column) return flag ? 1 : 0;
    return engine === 'sqlite' ? (flag ? '1' : '0') : String(flag);
  }
  if (field.storage === 'time') return momentOf(parameter, value);
  const numeric = field.reference?.key === 'pk' || field.column === 'position' || field.column === 'num_pk';
  return numeric && field.column ? wholeNumberOf(parameter, value) : value;
}

function linkCondition(declaration: Declaration, name: string, field: Field, values: readonly string[]): Condition {
  const { relation, reference } = field;
  const own = (column: string): RawBuilder<string> => sql<string>`${sql.ref(`${declaration.table}.${column}`)}`;
  if (relation) {
    const others = relation.other === 'user_pk' ? values.map((value) => wholeNumberOf(name, value)) : values;
    return (builder) =>
      builder.exists(
        builder
          .selectFrom(relation.table as 'group_roles')
          .select(relation.other as 'role_id')
          .where(relation.own as 'group_id', '=', own(relation.own === 'user_pk' ? 'pk' : 'id'))
          .where(relation.other as 'role_id', 'in', others as string[]),
      );
  }
  return (builder) => {
    const named = builder
      .selectFrom('object_references as r')
      .select('r.field')
      .where('r.source_id', '=', own('id'))
      .where('r.field', '=', name);
    if (reference?.key !== 'pk') return builder.exists(named.where('r.target_id', 'in', [...values]));
    const numbers = values.map((value) => wholeNumberOf(name, value));
    return builder.exists(named.innerJoin('providers as p', 'p.id', 'r.target_id').where('p.pk', 'in', numbers));
  };
}

/** A flag in any of the usual spellings. Throws `invalid`. */
export function flagOf(parameter: string, value: string): boolean {
  if (/^(true|1|on|yes)$/i.test(value)) return true;
  if (/^(false|0|off|no)$/i.test(value)) return false;
  throw invalid({ [parameter]: ['Must be a valid boolean.'] });
}

/** A whole number that a column can hold. Throws `invalid`. */
export function wholeNumberOf(parameter: string, value: string): number {
  const number = /^-?\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw invalid({ [parameter]: ['Enter a number.'] });
  return number;
}

/** Milliseconds since 1970. Throws `invalid`. */
export function momentOf(parameter: string, value: string): number {
  const at = /^\d{4}-\d{2}-\d{2}/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at)) throw invalid({ [parameter]: ['Enter a valid date/time.'] });
  return at;
}

/** The column to sort by; the normalised form of a name where there is one. */
export function orderColumn(
  declaration: Declaration,
  orderings: Readonly<Record<string, string>>,
  name: string,
): string | undefined {
  if (Object.hasOwn(orderings, name)) return orderings[name];
  const field = Object.hasOwn(declaration.fields, name) ? declaration.fields[name] : undefined;
  return field && !field.secret && !field.disclosure ? (field.keyColumn ?? field.column) : undefined;
}
