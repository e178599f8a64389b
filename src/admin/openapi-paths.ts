/** Paths of the OpenAPI document. */
import type { Family } from './families.ts';
import type { Document, Json } from './openapi.ts';
import { listOf, reference, schemaName } from './openapi-schemas.ts';
import { isShown } from './presentation.ts';
import type { Resource } from './resource.ts';

const content = (schema: Document): Document => ({ 'application/json': { schema } });
const answer = (schema: Document | undefined, description: string): Document => ({
  description,
  ...(schema && { content: content(schema) }),
});

const errors = (): Document => ({
  '400': answer(reference('ValidationError'), 'The input is not valid.'),
  '403': answer(reference('GenericError'), 'Not known, or not allowed.'),
});

type Operation = {
  id: string;
  summary: string;
  ok: [status: string, schema?: Document];
  body?: Document;
  parameters?: Json[];
};

function operation({ id, summary, ok, body, parameters }: Operation, tag: string): Document {
  const [status, schema] = ok;
  return {
    operationId: id,
    summary,
    tags: [tag],
    ...(parameters && { parameters }),
    ...(body && { requestBody: { content: content(body), required: true } }),
    responses: { [status]: answer(schema, 'Done.'), ...errors() },
  };
}

const query = (name: string, type = 'string'): Document => ({ name, in: 'query', schema: { type } });
const paging = (): Json[] => [
  query('page', 'integer'),
  query('page_size', 'integer'),
  query('ordering'),
  query('search'),
];
const keyParameter = (lookup: Resource['lookup']): Document => ({
  name: 'key',
  in: 'path',
  required: true,
  schema: lookup === 'pk' ? { type: 'integer' } : { type: 'string' },
});

const idOf = (path: string, verb: string): string => `${path.replaceAll(/[/-]/g, '_')}_${verb}`;
const tagOf = (path: string): string => path.split('/')[0] ?? path;
const usedByList = (): Document => ({ type: 'array', items: reference('UsedBy') });

/** The operations of a resource with all its actions. */
export function resourcePaths(resource: Resource): Document {
  const { path, lookup, declaration, filters = {}, methods = ['create', 'update', 'delete'] } = resource;
  const name = schemaName(declaration);
  const tag = tagOf(path);
  const plain = Object.entries(declaration.fields).flatMap(([field, each]) => (isShown(each) ? [field] : []));
  const filterNames = [...new Set([...plain, ...Object.keys(filters)])];
  const id = (verb: string): string => idOf(path, verb);
  const parameters = [keyParameter(lookup)];
  const list = operation(
    {
      id: id('list'),
      summary: `All of ${declaration.verboseNamePlural}, page by page.`,
      ok: ['200', reference(`Paginated${name}List`)],
      parameters: [...paging(), ...filterNames.map((each) => query(each))],
    },
    tag,
  );
  const collection: Document = { get: list };
  const one: Document = {
    get: operation(
      { id: id('retrieve'), summary: `One ${declaration.verboseName}.`, ok: ['200', reference(name)], parameters },
      tag,
    ),
  };
  if (methods.includes('create')) {
    const body = reference(`${name}Request`);
    collection.post = operation({ id: id('create'), summary: 'Create.', ok: ['201', reference(name)], body }, tag);
  }
  if (methods.includes('update')) {
    const put: Operation = { id: id('update'), summary: 'Change.', ok: ['200', reference(name)], parameters };
    one.put = operation({ ...put, body: reference(`${name}Request`) }, tag);
    one.patch = operation({ ...put, id: id('partial_update'), body: reference(`Patched${name}Request`) }, tag);
  }
  if (methods.includes('delete'))
    one.delete = operation({ id: id('destroy'), summary: 'Remove.', ok: ['204'], parameters }, tag);
  const usedBy: Operation = { id: id('used_by_list'), summary: 'Who uses it.', ok: ['200', usedByList()], parameters };
  return {
    [`/${path}/`]: collection,
    [`/${path}/{key}/`]: one,
    [`/${path}/{key}/used_by/`]: { get: operation(usedBy, tag) },
    ...actions(resource, tag),
  };
}

function actions(
  { path, lookup, onCollection = [], onObject = [] }: Pick<Resource, 'path' | 'lookup' | 'onCollection' | 'onObject'>,
  tag: string,
): Document {
  const paths: Document = {};
  for (const each of onCollection) {
    const described: Operation = {
      id: idOf(path, `${each.name}_${each.method.toLowerCase()}`),
      summary: each.summary,
      ok: ['200', {}],
    };
    paths[`/${path}/${each.name}/`] = { [each.method.toLowerCase()]: operation(described, tag) };
  }
  for (const each of onObject) {
    const described: Operation = {
      id: idOf(path, `${each.name}_${each.method.toLowerCase()}`),
      summary: each.summary,
      ok: ['200', {}],
      parameters: [keyParameter(lookup)],
      ...(each.method !== 'GET' && { body: { type: 'object', additionalProperties: {} } }),
    };
    paths[`/${path}/{key}/${each.name}/`] = { [each.method.toLowerCase()]: operation(described, tag) };
  }
  return paths;
}

/** The operations of a family. */
export function actionOperations(family: Family, name: string): Document {
  const { path, lookup } = family;
  const tag = tagOf(path);
  const id = (verb: string): string => idOf(path, verb);
  const parameters = [keyParameter(lookup)];
  const types: Document = { type: 'array', items: reference('TypeCreate') };
  const list = {
    id: id('list'),
    summary: 'Of every kind.',
    ok: ['200', listOf(reference(name))],
    parameters: paging(),
  } as Operation;
  return {
    [`/${path}/`]: { get: operation(list, tag) },
    [`/${path}/types/`]: { get: operation({ id: id('types_list'), summary: 'Every kind.', ok: ['200', types] }, tag) },
    [`/${path}/{key}/`]: {
      get: operation(
        { id: id('retrieve'), summary: 'One of any kind.', ok: ['200', reference(name)], parameters },
        tag,
      ),
      delete: operation({ id: id('destroy'), summary: 'Remove.', ok: ['204'], parameters }, tag),
    },
    [`/${path}/{key}/used_by/`]: {
      get: operation({ id: id('used_by_list'), summary: 'Who uses it.', ok: ['200', usedByList()], parameters }, tag),
    },
    ...actions(family, tag),
  };
}
