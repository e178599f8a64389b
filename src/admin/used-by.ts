/** Who uses an object, in the words of the API. */
import { findObject, type StoredObject } from '../core/objects.ts';
import { type Holder, holdersOf, nameOfObject, wireKeyOf } from '../core/removal.ts';
import { partsOfModel, permissionFor } from './permissions.ts';
import type { Declaration } from '../core/declaration.ts';
import type { Values } from './resource.ts';
import type { AdminContext } from './services.ts';

/** So many are told; a list without an end helps nobody. */
const MOST_TOLD = 200;

/** What would be taken along, changed, or stand in the way if the object were removed. */
export async function usedBy(context: AdminContext, declaration: Declaration, object: StoredObject): Promise<Values[]> {
  const { read } = context.core.database;
  const target = { table: declaration.table, id: object.id, pk: object.pk };
  const holders = await holdersOf(read, context.declarations, target);
  const told: Values[] = [];
  for (const holder of holders.slice(0, MOST_TOLD)) {
    const found = await findObject(read, holder.declaration, { id: holder.id });
    if (!found) continue;
    const { app, name } = partsOfModel(holder.declaration.model);
    // That something is in use counts for everybody; what it is called only for those who may see it.
    const visible = context.caller.can(permissionFor('view', holder.declaration.model), holder.id);
    told.push({
      app,
      model_name: name,
      pk: String(wireKeyOf(holder.declaration, found)),
      name: visible ? nameOfObject(found) : '',
      action: actionOf(holder),
    });
  }
  return told;
}

/** `left_dangling` says that the removal would be refused. */
function actionOf({ whenDeleted, many }: Holder): string {
  if (whenDeleted === 'refuse') return 'left_dangling';
  if (whenDeleted === 'clear') return many ? 'cascade_many' : 'set_null';
  return 'cascade';
}
