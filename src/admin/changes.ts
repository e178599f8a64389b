/** Creating, changing and removing: one unit of work each, with its event, after which configuration is read anew. */
import { requireExpressions } from '../core/expression-texts.ts';
import { forbidden, notFound } from '../core/fault.ts';
import { findObject, insertObject, type StoredObject, updateObject } from '../core/objects.ts';
import { removeObject } from '../core/removal.ts';
import type { Queries } from '../db/database.ts';
import { differenceOf, recordAbout } from './audit.ts';
import { requireCovering } from './delegation.ts';
import { permissionFor } from './permissions.ts';
import type { Resource, Values } from './resource.ts';
import type { AdminContext } from './services.ts';
import type { Validation } from './validation.ts';
import { denied } from './visibility.ts';

/** Runs one unit of work that changes configuration. */
export async function change<T>(context: AdminContext, unit: (transaction: Queries) => Promise<T>): Promise<T> {
  const { core } = context;
  const result = await core.database.write(unit);
  core.configuration.clear();
  return result;
}

/** Creates an object from a request's body. */
export async function createFromBody(
  resource: Resource,
  validation: Validation,
  context: AdminContext,
): Promise<StoredObject> {
  const { declaration } = resource;
  requireSuperuserWhereAsked(resource, context);
  const mayCreate = context.caller.can(permissionFor('add', declaration.model));
  if (!mayCreate && !resource.createOwn) throw denied();
  let values: Values = validation.read(declaration, context.request.body, true);
  if (!mayCreate) {
    const own = resource.createOwn?.({ values, before: undefined, context });
    if (!own) throw denied();
    values = own;
  }
  values = (await resource.prepare?.({ values, before: undefined, context })) ?? values;
  await requireExpressions(context.services.expressions.check, declaration, values);
  return change(context, async (transaction) => {
    const made = resource.insert
      ? await resource.insert(transaction, values, context)
      : await insertObject(context.core, transaction, declaration, values);
    await requireCovering(transaction, context.caller, declaration, made);
    await resource.check?.(transaction, made, { values, before: undefined, context });
    const diff = differenceOf(declaration, undefined, made, values, resource.unlogged);
    await recordAbout(transaction, context, 'model_created', { declaration, object: made }, { diff });
    return made;
  });
}

/** Changes the fields that the body gives; with `complete`, all required ones must be given. */
export async function updateFromBody(
  resource: Resource,
  validation: Validation,
  context: AdminContext,
  seen: StoredObject,
  complete: boolean,
): Promise<StoredObject> {
  const { declaration } = resource;
  requireSuperuserWhereAsked(resource, context);
  const given = validation.read(declaration, context.request.body, complete);
  const values = (await resource.prepare?.({ values: given, before: seen, context })) ?? given;
  await requireExpressions(context.services.expressions.check, declaration, values, seen.values);
  return change(context, async (transaction) => {
    const before = await findObject(transaction, declaration, { id: seen.id });
    if (!before) throw notFound();
    await requireCovering(transaction, context.caller, declaration, before);
    const after = await updateObject(context.core, transaction, declaration, before.id, values);
    await requireCovering(transaction, context.caller, declaration, after);
    await resource.check?.(transaction, after, { values, before, context });
    const diff = differenceOf(declaration, before, after, values, resource.unlogged);
    await recordAbout(transaction, context, 'model_updated', { declaration, object: after }, { diff });
    return after;
  });
}

/** Removes an object and what cannot be without it. */
export async function remove(resource: Resource, context: AdminContext, object: StoredObject): Promise<void> {
  const { declaration } = resource;
  requireSuperuserWhereAsked(resource, context);
  await change(context, async (transaction) => {
    await requireCovering(transaction, context.caller, declaration, object);
    await resource.checkRemoval?.(transaction, object, context);
    const { database } = context.core;
    const removed = await removeObject(database, transaction, context.declarations, declaration, object.id);
    for (const each of removed) await recordAbout(transaction, context, 'model_deleted', each);
  });
}

function requireSuperuserWhereAsked(resource: Resource, { caller }: AdminContext): void {
  if (resource.superusersOnly && !caller.rights.isSuperuser) throw forbidden('Only a superuser may change this.');
}
