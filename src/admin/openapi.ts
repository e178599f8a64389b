/**
 * The OpenAPI 3.0.3 document, drawn from the same declarations as the API. It is made when somebody asks for it and
 * kept only as long as the memory is not needed for something else.
 */
import { stringify } from 'yaml';
import { queryParameters } from '../http/parameters.ts';
import type { Family } from './families.ts';
import { actionOperations, resourcePaths } from './openapi-paths.ts';
import { schemaOfFamily, schemasOf, sharedSchemas } from './openapi-schemas.ts';
import type { Resource } from './resource.ts';
import { addOpenRoute, BASE, type Room } from './room.ts';
import { WIRE_VERSION } from './resources/system.ts';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json | undefined };
export type Document = { [name: string]: Json | undefined };

/** Adds `schema/`, readable by everybody. */
export function mountSchema(room: Room, resources: readonly Resource[], families: readonly Family[]): void {
  let kept: WeakRef<{ document: Document }> | undefined;
  const made = (): Document => {
    const known = kept?.deref();
    if (known) return known.document;
    const document = makeDocument(resources, families);
    kept = new WeakRef({ document });
    return document;
  };
  addOpenRoute(room, 'GET', 'schema', async ({ request, reply }) => {
    const format = queryParameters(request).get('format')?.at(-1);
    const yaml = format === 'yaml' || (format === undefined && /\byaml\b/.test(request.headers.accept ?? ''));
    if (!yaml) return made();
    reply.type('application/vnd.oai.openapi');
    return stringify(made(), { aliasDuplicateObjects: false });
  });
}

function makeDocument(resources: readonly Resource[], families: readonly Family[]): Document {
  const schemas: Document = { ...sharedSchemas() };
  const paths: Document = {};
  for (const resource of resources) {
    Object.assign(schemas, schemasOf(resource));
    Object.assign(paths, resourcePaths(resource));
  }
  for (const family of families) {
    const { name, schema } = schemaOfFamily(family);
    schemas[name] = schema;
    Object.assign(paths, actionOperations(family, name));
  }
  return {
    openapi: '3.0.3',
    info: {
      title: 'Ostiary',
      description: 'People sign in once, every application learns who they are.',
      version: WIRE_VERSION,
      license: { name: 'MIT' },
    },
    servers: [{ url: BASE }],
    security: [{ token: [] }],
    paths: Object.fromEntries(Object.entries(paths).sort(([left], [right]) => (left < right ? -1 : 1))),
    components: { schemas, securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  };
}
