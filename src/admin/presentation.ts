/** From stored objects to answers. Secrets leave only by `disclosure: 'detail'`, only to those who may change. */
import type { Declaration, Field } from '../core/declaration.ts';
import { wireKeyOf } from '../core/removal.ts';
import type { StoredObject } from '../core/objects.ts';
import { readSecret } from '../core/secrets.ts';
import { permissionFor } from './permissions.ts';
import type { Resource, Values } from './resource.ts';
import type { AdminContext } from './services.ts';

/** Whether a field is in every answer. */
export const isShown = (field: Field): boolean => !field.secret && field.disclosure === undefined;

/** What a kind of a family tells of itself. */
export function metaOf(declaration: Declaration): Values {
  return {
    component: declaration.component ?? '',
    verbose_name: declaration.verboseName,
    verbose_name_plural: declaration.verboseNamePlural,
    meta_model_name: declaration.model,
  };
}

/** The properties that follow from the declaration alone. */
export function plainAnswer(declaration: Declaration, object: StoredObject, keyProperty = 'pk'): Values {
  const answer: Values = { [keyProperty]: wireKeyOf(declaration, object) };
  for (const [name, field] of Object.entries(declaration.fields)) {
    if (isShown(field)) answer[name] = object.values[name];
  }
  return declaration.kind === undefined ? answer : { ...answer, ...metaOf(declaration) };
}

/** The answers of a list, in its order. */
export async function listAnswers(
  resource: Pick<Resource, 'declaration' | 'keyProperty' | 'present'>,
  objects: readonly StoredObject[],
  context: AdminContext,
): Promise<Values[]> {
  const extra = (await resource.present?.(objects, context)) ?? [];
  return objects.map((object, index) => ({
    ...plainAnswer(resource.declaration, object, resource.keyProperty),
    ...extra[index],
  }));
}

/** The answer for one object. */
export async function detailAnswer(resource: Resource, object: StoredObject, context: AdminContext): Promise<Values> {
  const [answer = {}] = await listAnswers(resource, [object], context);
  const { declaration } = resource;
  if (!context.caller.can(permissionFor('change', declaration.model), object.id)) return answer;
  for (const [name, field] of Object.entries(declaration.fields)) {
    if (field.disclosure !== 'detail') continue;
    answer[name] = field.secret
      ? ((await readSecret(context.core.sealer, context.core.database.read, object.id, name)) ?? '')
      : object.values[name];
  }
  return answer;
}
