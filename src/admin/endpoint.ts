/** Everything that a resource has in common with every other: its routes, drawn from what it says of itself. */
import type { FastifyRequest } from 'fastify';
import { notFound } from '../core/fault.ts';
import { findObject, type StoredObject } from '../core/objects.ts';
import { permissionFor } from './permissions.ts';
import { createFromBody, remove, updateFromBody } from './changes.ts';
import { listOf } from './listing.ts';
import { detailAnswer } from './presentation.ts';
import type { CollectionAction, Resource } from './resource.ts';
import { addOpenRoute, addRoute, Created, type Room } from './room.ts';
import type { AdminContext } from './services.ts';
import { usedBy } from './used-by.ts';
import { answeredDeclaration, denied, objectOfPath } from './visibility.ts';

/** The part of the path that names the object. */
export const keyOf = (request: FastifyRequest): string => (request.params as { key: string }).key;

/** Adds all routes of a resource; `list` where its list is more than the objects that may be seen. */
export function mountResource(
  room: Room,
  resource: Resource,
  list: (context: AdminContext) => Promise<unknown> = (context) => listOf(resource, context),
): void {
  const { path } = resource;
  const methods = resource.methods ?? ['create', 'update', 'delete'];
  const one = `${path}/:key`;
  const find = (context: AdminContext, needs: Parameters<typeof objectOfPath>[3]) =>
    objectOfPath(resource, context, keyOf(context.request), needs);

  addRoute(room, 'GET', path, list);
  addRoute(room, 'GET', one, async (context) => {
    const seen = await find(context, 'view');
    return detailAnswer(resource, resource.heavy ? await readAgain(resource, context, seen) : seen, context);
  });
  addRoute(room, 'GET', `${one}/used_by`, async (context) =>
    usedBy(context, resource.declaration, await find(context, 'view')),
  );
  if (methods.includes('create')) {
    addRoute(room, 'POST', path, async (context) => {
      const made = await createFromBody(resource, room.validation, context);
      return new Created(await detailAnswer(resource, made, context));
    });
  }
  if (methods.includes('update')) {
    for (const method of ['PUT', 'PATCH'] as const) {
      addRoute(room, method, one, async (context) => {
        const seen = await find(context, 'change');
        const after = await updateFromBody(resource, room.validation, context, seen, method === 'PUT');
        return detailAnswer(resource, after, context);
      });
    }
  }
  if (methods.includes('delete')) {
    addRoute(room, 'DELETE', one, async (context) => {
      await remove(resource, context, await find(context, 'delete'));
    });
  }
  for (const action of resource.onObject ?? []) {
    addRoute(room, action.method, `${one}/${action.name}`, async (context) =>
      action.handle(context, await find(context, action.needs)),
    );
  }
  mountCollectionActions(room, resource, resource.onCollection ?? []);
}

async function readAgain(resource: Resource, context: AdminContext, { id }: StoredObject): Promise<StoredObject> {
  const found = await findObject(context.core.database.read, answeredDeclaration(resource, context), { id });
  if (!found) throw notFound();
  return found;
}

/** Adds calls that concern no single object. `model` says on what a verb is needed. */
export function mountCollectionActions(
  room: Room,
  { path, declaration }: Pick<Resource, 'path' | 'declaration'>,
  actions: readonly CollectionAction[],
): void {
  for (const action of actions) {
    const url = `${path}/${action.name}`;
    if (action.needs === 'nobody') {
      addOpenRoute(room, action.method, url, action.handle);
      continue;
    }
    const { needs, handle } = action;
    addRoute(room, action.method, url, (context) => {
      if (needs !== 'caller') {
        const permission = needs.includes('.') ? needs : permissionFor(needs as 'view', declaration.model);
        if (!context.caller.can(permission)) throw denied();
      }
      return handle(context);
    });
  }
}
