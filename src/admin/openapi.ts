/**
 * The OpenAPI 3.0.3 document, drawn from the same declarations as the API. It is made when somebody asks for it and
 * kept only for a minute, so that an idle server holds none.
 */
import type { Family } from './families.ts';
import { actionOperations, resourcePaths } from './openapi-paths.ts';
import { schemaOfFamily, schemasOf, sharedSchemas } from './openapi-schemas.ts';
import type { Resource } from './resource.ts';
import { addOpenRoute, BASE, type Room } from './room.ts';
import { WIRE_VERSION } from './resources/system.ts';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json | undefined };
export type Document = { [name: string]: Json | undefined };

/** How long the text is kept after somebody has asked for it. */
const KEPT_MILLISECONDS = 60_000;

type Texts = { json: string; yaml?: string };

/** Adds `schema/`, readable by everybody. */
export function mountSchema(room: Room, resources: readonly Resource[], families: readonly Family[]): void {
  let kept: Texts | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const texts = (): Texts => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      kept = undefined;
    }, KEPT_MILLISECONDS).unref();
    kept ??= { json: JSON.stringify(makeDocument(resources, families)) };
    return kept;
  };
  room.routes.onClose(() => clearTimeout(timer));
  addOpenRoute(room, 'GET', 'schema', async ({ request, reply, query }) => {
    const format = query.get('format')?.at(-1);
    const made = texts();
    if (format === 'yaml' || (format === undefined && /\byaml\b/.test(request.headers.accept ?? ''))) {
      // Few ask for it, so nobody else pays for loading it.
      const { stringify } = await import('yaml');
      made.yaml ??= stringify(JSON.parse(made.json), { aliasDuplicateObjects: false });
      reply.type('application/vnd.oai.openapi');
      return made.yaml;
    }
    reply.type('application/json; charset=utf-8');
    return made.json;
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
