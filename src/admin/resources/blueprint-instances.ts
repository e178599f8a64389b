/** `managed/blueprints`. What a blueprint says is done with all rights, so only superusers may write or apply one. */
import { Fault, forbidden, notFound } from '../../core/fault.ts';
import { blueprintModel } from '../../core/models/blueprint.ts';
import { findObject, type StoredObject } from '../../core/objects.ts';
import { invalid } from '../../core/fault.ts';
import { detailAnswer } from '../presentation.ts';
import type { Resource, Values } from '../resource.ts';
import type { AdminContext } from '../services.ts';

/** The document has a list of models and a time where nothing was applied yet there is none of either. */
async function presentInstances(objects: readonly StoredObject[], _context: AdminContext): Promise<Values[]> {
  return objects.map(({ values }) => {
    const models = values.managed_models;
    return {
      last_applied: values.last_applied ?? new Date(0).toISOString(),
      managed_models: Array.isArray(models) ? models : Object.keys((models ?? {}) as object),
    };
  });
}

export const blueprintsResource: Resource = {
  path: 'managed/blueprints',
  lookup: 'id',
  declaration: blueprintModel,
  search: ['name_key', 'path'],
  order: 'name_key',
  superusersOnly: true,
  unlogged: ['content', 'context'],
  present: presentInstances,
  async prepare({ values, before }) {
    const path = values.path ?? before?.values.path ?? '';
    const content = values.content ?? before?.values.content ?? '';
    if (path === '' && content === '') throw invalid({ non_field_errors: ['Either path or content must be set.'] });
    return values;
  },
  onCollection: [
    {
      method: 'GET',
      name: 'available',
      summary: 'Blueprints that an instance can be made of.',
      needs: 'view',
      async handle({ services }) {
        const files = (await services.blueprintFiles?.()) ?? [];
        return files.map(({ path, lastModifiedAt, hash, meta }) => ({
          path,
          last_m: new Date(lastModifiedAt).toISOString(),
          hash,
          meta,
        }));
      },
    },
  ],
  onObject: [
    {
      method: 'POST',
      name: 'apply',
      summary: 'Apply the blueprint now.',
      needs: 'change',
      async handle(context, object) {
        const { caller, services, core } = context;
        if (!caller.rights.isSuperuser) throw forbidden('Only a superuser may apply a blueprint.');
        if (!services.applyBlueprint) {
          throw new Fault('not_available', 'Blueprints cannot be applied here.', { status: 501 });
        }
        await services.applyBlueprint(object.id, caller.user);
        core.configuration.clear();
        const after = await findObject(core.database.read, blueprintModel, { id: object.id });
        if (!after) throw notFound();
        return detailAnswer(blueprintsResource, after, context);
      },
    },
  ],
};
