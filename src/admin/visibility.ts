/** Which objects of a resource a caller may see, and what they may do with one. */
import { sql } from 'kysely';
import type { Declaration } from '../core/declaration.ts';
import { Fault, notFound } from '../core/fault.ts';
import { findObject, numberColumn, type StoredObject } from '../core/objects.ts';
import type { Caller } from './caller.ts';
import type { Condition } from './conditions.ts';
import { permissionFor, type Verb } from './permissions.ts';
import type { Resource } from './resource.ts';
import type { AdminContext } from './services.ts';

/** The answer to somebody who may not. */
export const denied = (): Fault =>
  new Fault('permission_denied', 'You do not have permission to perform this action.', { status: 403 });

/** The identifiers of the single objects on which the caller has a permission. */
export function objectsAllowed(caller: Caller, permission: string): string[] {
  const start = `${permission} `;
  return [...caller.rights.permissions]
    .filter((each) => each.startsWith(start))
    .map((each) => each.slice(start.length));
}

/** Narrows a list to what may be seen; undefined where that is everything. Throws permission_denied where it is nothing. */
export function visibleOnly(resource: Resource, caller: Caller): Condition | undefined {
  const permission = permissionFor('view', resource.declaration.model);
  if (caller.can(permission)) return undefined;
  const allowed = objectsAllowed(caller, permission);
  const { ownerColumn } = resource;
  if (allowed.length === 0 && ownerColumn === undefined) throw denied();
  return (builder) =>
    builder.or([
      ...(allowed.length > 0 ? [builder('id', 'in', allowed)] : []),
      ...(ownerColumn ? [sql<boolean>`${sql.ref(ownerColumn)} = ${caller.user.pk}`] : []),
    ]);
}

const isOwner = (resource: Resource, object: StoredObject, { caller }: AdminContext): boolean =>
  resource.ownerColumn !== undefined && object.values.user === caller.user.pk && (resource.owned?.(object) ?? true);

/**
 * The object that the path names, if the caller may do this with it. What may not be seen is not there (404), unless
 * nothing of its kind may be seen (403). Fields that can be very long are not read.
 */
export async function objectOfPath(
  resource: Resource,
  context: AdminContext,
  key: string,
  needs: Verb | 'caller' | `${string}.${string}`,
): Promise<StoredObject> {
  const { declaration } = resource;
  const { caller } = context;
  const object = await findByKey(resource, context, key);
  const own = object !== undefined && isOwner(resource, object, context);
  if (needs === 'caller' && object) return object;
  const view = permissionFor('view', declaration.model);
  if (!own && !caller.can(view, object?.id)) {
    if (objectsAllowed(caller, view).length === 0 && resource.ownerColumn === undefined) throw denied();
    throw notFound();
  }
  if (!object) throw notFound();
  const permission = needs.includes('.') ? needs : permissionFor(needs as Verb, declaration.model);
  if (!own && !caller.can(permission, object.id)) throw denied();
  return object;
}

/** The declaration without the fields that can be very long. */
export function lightDeclaration({ declaration, heavy }: Pick<Resource, 'declaration' | 'heavy'>): Declaration {
  if (!heavy) return declaration;
  const fields = Object.entries(declaration.fields).filter(([name]) => !heavy.includes(name));
  return { ...declaration, fields: Object.fromEntries(fields) };
}

/** The declaration by which objects are read for an answer. */
export const answeredDeclaration = (resource: Resource, context: AdminContext): Declaration =>
  resource.heavyWanted?.(context) === false ? lightDeclaration(resource) : resource.declaration;

async function findByKey(resource: Resource, { core }: AdminContext, key: string): Promise<StoredObject | undefined> {
  const { lookup } = resource;
  const declaration = lightDeclaration(resource);
  if (lookup === 'pk') {
    const number = /^\d{1,15}$/.test(key) ? Number(key) : undefined;
    const column = numberColumn(declaration) ?? 'pk';
    return number === undefined ? undefined : findObject(core.database.read, declaration, { [column]: number });
  }
  const value = lookup === 'id' ? key.toLowerCase() : key;
  return findObject(core.database.read, declaration, { [lookup]: value });
}
