/** The published OpenAPI document, and a check of answers against it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parse } from 'yaml';

type Schema = {
  $ref?: string;
  allOf?: Schema[];
  oneOf?: Schema[];
  type?: string;
  format?: string;
  enum?: unknown[];
  nullable?: boolean;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
};
type Media = { content?: Record<string, { schema?: Schema }> };
type Operation = { responses: Record<string, Media & { $ref?: string }>; operationId: string };
type Document = { paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, Schema> } };

export type PublishedDocument = {
  /** What is wrong with an answer; undefined for a call that the document does not know. */
  faultsOf(method: string, path: string, status: number, body: unknown): string[] | undefined;
  /** The operation that a call is. */
  operationOf(method: string, path: string): string | undefined;
};

/** Reads the document of the package that holds the generated client. */
export function publishedDocument(): PublishedDocument {
  const entry = createRequire(import.meta.url).resolve('@goauthentik/api');
  const file = join(entry.slice(0, entry.lastIndexOf('@goauthentik/api') + '@goauthentik/api'.length), 'schema.yml');
  const document = parse(readFileSync(file, 'utf8'), { maxAliasCount: -1 }) as Document;
  const patterns = Object.entries(document.paths).map(([path, operations]) => ({
    pattern: new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`),
    literal: path.replace(/\{[^}]+\}/g, '').length,
    operations,
  }));
  // The most literal path first: `users/me/` before `users/{id}/`.
  patterns.sort((left, right) => right.literal - left.literal);
  const find = (method: string, path: string): Operation | undefined =>
    patterns.find((each) => each.pattern.test(path.replace('/api/v3', '')) && each.operations[method.toLowerCase()])
      ?.operations[method.toLowerCase()];
  return {
    operationOf: (method, path) => find(method, path)?.operationId,
    faultsOf(method, path, status, body) {
      const operation = find(method, path);
      if (!operation) return undefined;
      const response = operation.responses[String(status)];
      if (!response) return status < 400 ? [`status ${status} is not in the document`] : [];
      const schema = response.content?.['application/json']?.schema;
      if (!schema || status >= 400) return [];
      return faults(document, schema, body, '');
    },
  };
}

function faults(document: Document, schema: Schema, value: unknown, at: string): string[] {
  if (schema.$ref) {
    const name = schema.$ref.split('/').at(-1) ?? '';
    return faults(document, document.components.schemas[name] ?? {}, value, at);
  }
  if (value === null && schema.nullable) return [];
  if (schema.allOf) return schema.allOf.flatMap((each) => faults(document, each, value, at));
  if (schema.oneOf) {
    const all = schema.oneOf.map((each) => faults(document, each, value, at));
    return all.find((some) => some.length === 0) ?? all[0] ?? [];
  }
  const place = at === '' ? 'the answer' : at;
  if (
    schema.enum &&
    !schema.enum.includes(value) &&
    !(schema.enum.includes('custom_') && String(value).startsWith('custom_'))
  ) {
    return [`${place}: ${JSON.stringify(value)} is none of ${schema.enum.join(', ')}`];
  }
  if (value === undefined) return [`${place} is missing`];
  switch (schema.type) {
    case 'string':
      return typeof value === 'string'
        ? formatFaults(schema.format, value, place)
        : [`${place}: not a string: ${JSON.stringify(value)}`];
    case 'integer':
      return Number.isInteger(value) ? [] : [`${place}: not an integer: ${JSON.stringify(value)}`];
    case 'number':
      return typeof value === 'number' ? [] : [`${place}: not a number: ${JSON.stringify(value)}`];
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${place}: not a boolean: ${JSON.stringify(value)}`];
    case 'array':
      if (!Array.isArray(value)) return [`${place}: not a list: ${JSON.stringify(value)}`];
      return value.flatMap((each, index) =>
        schema.items ? faults(document, schema.items, each, `${at}[${index}]`) : [],
      );
    case 'object':
      return objectFaults(document, schema, value, at);
    default:
      return [];
  }
}

function objectFaults(document: Document, schema: Schema, value: unknown, at: string): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [`${at || 'the answer'}: not an object: ${JSON.stringify(value)}`];
  }
  const record = value as Record<string, unknown>;
  const missing = (schema.required ?? []).filter((name) => !(name in record)).map((name) => `${at}.${name} is missing`);
  const found = Object.entries(schema.properties ?? {}).flatMap(([name, each]) =>
    name in record ? faults(document, each, record[name], `${at}.${name}`) : [],
  );
  return [...missing, ...found];
}

function formatFaults(format: string | undefined, value: string, place: string): string[] {
  const fits =
    format === 'uuid'
      ? /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)
      : format === 'date-time'
        ? /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/.test(value)
        : true;
  return fits ? [] : [`${place}: not a ${format}: ${JSON.stringify(value)}`];
}
