/** Schemas of the OpenAPI document: of each declaration what is written and what is answered. */
import { z } from 'zod';
import { type Declaration, defaultOf, type Field } from '../core/declaration.ts';
import type { Family } from './families.ts';
import type { Document, Json } from './openapi.ts';
import { isShown } from './presentation.ts';
import type { Resource } from './resource.ts';

/** The last part of the model, with a capital: what the schema is called. */
export const schemaName = ({ verboseName, model }: Pick<Declaration, 'verboseName' | 'model'>): string => {
  const words = verboseName.split(/[^A-Za-z0-9]+/).filter(Boolean);
  const name = words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join('');
  return name === '' ? model.replace(/\W/g, '') : name;
};

export const reference = (name: string): Document => ({ $ref: `#/components/schemas/${name}` });

function schemaOfField(field: Field): Document {
  const schema = z.toJSONSchema(field.schema(), { target: 'openapi-3.0', unrepresentable: 'any', io: 'input' });
  const { $schema: _, ...plain } = schema as Document;
  // A default that is made anew each time is none that could be written down.
  const fallback = typeof field.default === 'function' ? undefined : field.default;
  return {
    ...plain,
    ...(field.help && { description: field.help }),
    ...(field.readOnly && { readOnly: true }),
    ...(!isShown(field) && field.disclosure !== 'detail' && { writeOnly: true }),
    ...(fallback !== undefined && fallback !== null && typeof fallback !== 'object' && { default: fallback as Json }),
  };
}

const text: Document = { type: 'string', readOnly: true };
const metaProperties = (): Document => ({
  component: text,
  verbose_name: text,
  verbose_name_plural: text,
  meta_model_name: text,
});

const keySchema = ({ lookup, declaration }: Pick<Resource, 'lookup' | 'declaration'>): Document =>
  lookup === 'pk' || declaration.table === 'users'
    ? { type: 'integer', readOnly: true }
    : { type: 'string', format: 'uuid', readOnly: true };

/** The answer, the request and the partial request of a resource. */
export function schemasOf(resource: Resource): Document {
  const { declaration, keyProperty = 'pk' } = resource;
  const name = schemaName(declaration);
  const answered: Document = { [keyProperty]: keySchema(resource) };
  const written: Document = {};
  const required: string[] = [];
  const always: string[] = [keyProperty];
  for (const [field, described] of Object.entries(declaration.fields)) {
    const schema = schemaOfField(described);
    if (isShown(described)) always.push(field);
    if (isShown(described) || described.disclosure === 'detail') answered[field] = schema;
    if (described.readOnly) continue;
    written[field] = schema;
    if (defaultOf(described) === undefined) required.push(field);
  }
  if (declaration.kind !== undefined) {
    Object.assign(answered, metaProperties());
    always.push(...Object.keys(metaProperties()));
  }
  return {
    [name]: { type: 'object', properties: answered, required: always, additionalProperties: {} },
    [`${name}Request`]: { type: 'object', properties: written, ...(required.length > 0 && { required }) },
    [`Patched${name}Request`]: { type: 'object', properties: written },
    [`Paginated${name}List`]: listOf(reference(name)),
  };
}

/** What all kinds of a family have in common. */
export function schemaOfFamily(family: Family): { name: string; schema: Document } {
  const words = family.model.split('.')[1] ?? '';
  const name = `Any${words[0]?.toUpperCase()}${words.slice(1)}`;
  const [first] = family.kinds;
  const base = Object.fromEntries(
    family.baseFields.flatMap((field) => {
      const described = first?.declaration.fields[field];
      return described ? [[field, schemaOfField(described)]] : [];
    }),
  ) as Document;
  const key: Document = family.lookup === 'pk' ? { type: 'integer' } : { type: 'string', format: 'uuid' };
  const properties: Document = { pk: key, ...base, ...metaProperties() };
  const schema = { type: 'object', properties, required: Object.keys(properties), additionalProperties: {} };
  return { name, schema };
}

export const listOf = (item: Document): Document => ({
  type: 'object',
  properties: {
    pagination: reference('Pagination'),
    results: { type: 'array', items: item },
    autocomplete: { type: 'object', additionalProperties: {} },
  },
  required: ['pagination', 'results', 'autocomplete'],
});

/** Schemas that many operations use. */
export function sharedSchemas(): Document {
  const numbers = ['next', 'previous', 'count', 'current', 'total_pages', 'start_index', 'end_index'];
  const messages: Document = { type: 'array', items: { type: 'string' } };
  const strings = (names: readonly string[]): Document =>
    Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
  return {
    Pagination: {
      type: 'object',
      properties: Object.fromEntries(numbers.map((name) => [name, { type: 'number' }])) as Document,
      required: numbers,
    },
    GenericError: { type: 'object', properties: strings(['detail', 'code', 'request_id']), required: ['detail'] },
    ValidationError: {
      type: 'object',
      properties: { non_field_errors: messages, ...strings(['code', 'request_id']) },
      additionalProperties: messages,
    },
    UsedBy: {
      type: 'object',
      properties: {
        ...strings(['app', 'model_name', 'pk', 'name']),
        action: { type: 'string', enum: ['cascade', 'cascade_many', 'set_null', 'set_default', 'left_dangling'] },
      },
      required: ['app', 'model_name', 'pk', 'name', 'action'],
    },
    TypeCreate: {
      type: 'object',
      properties: strings(['name', 'description', 'component', 'model_name']),
      required: ['name', 'description', 'component', 'model_name'],
    },
  };
}
