/** Between rows of a table and the values of a declaration. Knows columns, flags, times and JSON; runs no SQL. */
import type { Declaration, Field, Json } from './declaration.ts';
import { normalisedKey } from './names.ts';

export type Row = Record<string, unknown>;
export type Values = Record<string, unknown>;

/** True for a field whose value is in the row itself, in a column or in its settings. */
export const isInRow = (field: Field): boolean =>
  !field.secret && !field.relation && (field.column !== undefined || field.reference === undefined);

/** The values that a row holds. References without a column, relations and secrets are not among them. */
export function valuesOfRow(declaration: Declaration, row: Row): Values {
  let settings = typeof row.settings === 'string' ? (JSON.parse(row.settings) as Record<string, Json>) : {};
  const version = typeof row.settings_version === 'number' ? row.settings_version : 1;
  if (declaration.upgrade && version < (declaration.settingsVersion ?? 1))
    settings = declaration.upgrade(settings, version);
  const values: Values = {};
  for (const [name, field] of Object.entries(declaration.fields)) {
    if (!isInRow(field)) continue;
    if (field.column === undefined) {
      const stored = settings[name];
      values[name] = stored === undefined ? fallback(field) : stored;
    } else values[name] = fromColumn(field, row[field.column]);
  }
  return values;
}

/** The columns to write for the values given; with `before`, settings that are not given keep their value. */
export function rowOfValues(declaration: Declaration, values: Values, before: Values | undefined): Row {
  const row: Row = {};
  const settings: Record<string, unknown> = {};
  let hasSettings = false;
  for (const [name, field] of Object.entries(declaration.fields)) {
    if (!isInRow(field)) continue;
    const value = name in values ? values[name] : before ? before[name] : fallback(field);
    if (field.column === undefined) {
      hasSettings = true;
      if (value !== undefined) settings[name] = value;
    } else if (name in values || !before) {
      row[field.column] = toColumn(field, value);
      if (field.keyColumn) row[field.keyColumn] = normalisedKey(String(value));
    }
  }
  if (hasSettings || declaration.table !== 'users') row.settings = JSON.stringify(settings);
  if (declaration.table !== 'users') row.settings_version = declaration.settingsVersion ?? 1;
  else delete row.settings;
  return row;
}

function fallback(field: Field): unknown {
  return typeof field.default === 'function' ? (field.default as () => unknown)() : field.default;
}

function fromColumn(field: Field, stored: unknown): unknown {
  if (stored === null || stored === undefined) return null;
  if (field.storage === 'flag') return stored === 1;
  if (field.storage === 'time') return new Date(Number(stored)).toISOString();
  if (field.storage === 'json') return JSON.parse(stored as string);
  return stored;
}

function toColumn(field: Field, value: unknown): unknown {
  if (value === undefined || value === null) return field.storage === 'json' ? '{}' : null;
  if (field.storage === 'flag') return value ? 1 : 0;
  if (field.storage === 'time') return Date.parse(value as string);
  if (field.storage === 'json') return JSON.stringify(value);
  return value;
}
