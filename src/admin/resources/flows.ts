/** `flows/instances` and `flows/bindings`. */
import { Fault } from '../../core/fault.ts';
import { flowModel, flowStageBindingModel } from '../../core/models/flow.ts';
import type { StoredObject } from '../../core/objects.ts';
import { answersOf, type Family, storedMembers } from '../families.ts';
import type { CollectionAction, Resource, Values } from '../resource.ts';
import type { AdminContext } from '../services.ts';
import { flowAddresses } from './flow-addresses.ts';

async function presentFlows(objects: readonly StoredObject[], { core }: AdminContext): Promise<Values[]> {
  const ids = objects.map((object) => object.id);
  if (ids.length === 0) return [];
  const { read } = core.database;
  const stages = await read
    .selectFrom('flow_stage_bindings')
    .select(['flow_id', 'stage_id'])
    .where('flow_id', 'in', ids)
    .orderBy('position')
    .execute();
  const policies = await read
    .selectFrom('policy_bindings')
    .select(['target_id', 'policy_id'])
    .where('target_id', 'in', ids)
    .where('policy_id', 'is not', null)
    .orderBy('position')
    .execute();
  return objects.map(({ id, values }) => ({
    policybindingmodel_ptr_id: id,
    ...flowAddresses(values as { slug: string; background: string }),
    background_themed_urls: null,
    stages: stages.filter((row) => row.flow_id === id).map((row) => row.stage_id),
    policies: policies.filter((row) => row.target_id === id).map((row) => row.policy_id),
    // Nothing about a flow is cached that somebody would need to count.
    cache_count: 0,
  }));
}

/** Plans are made anew each time, so the cache that the API knows of is always empty. */
export const cacheActions: readonly CollectionAction[] = [
  {
    method: 'GET',
    name: 'cache_info',
    summary: 'How much is cached: nothing ever is.',
    needs: 'view',
    handle: async () => ({ count: 0 }),
  },
  {
    method: 'POST',
    name: 'cache_clear',
    summary: 'Read configuration anew.',
    needs: 'change',
    handle: async ({ core }) => core.configuration.clear(),
  },
];

export const flowsResource: Resource = {
  path: 'flows/instances',
  lookup: 'slug',
  declaration: flowModel,
  search: ['name_key', 'slug', 'designation'],
  order: 'slug',
  filters: { flow_uuid: (values) => (builder) => builder('id', 'in', [...values]) },
  present: presentFlows,
  onCollection: cacheActions,
  onObject: [
    {
      method: 'GET',
      name: 'execute',
      summary: 'Where to try the flow.',
      needs: 'change',
      async handle({ request }, { values }) {
        return { link: `${request.requestOrigin.origin}/if/flow/${String(values.slug)}/?inspector` };
      },
    },
    {
      method: 'GET',
      name: 'export',
      summary: 'The flow with all it is made of, as a blueprint.',
      needs: 'authentik_flows.export_flow',
      async handle({ services, reply }, { id, values }) {
        if (!services.exportFlow) throw new Fault('not_available', 'Flows cannot be exported here.', { status: 501 });
        const text = await services.exportFlow(id);
        reply.header('content-disposition', `attachment; filename="${String(values.slug)}.yaml"`);
        reply.type('application/octet-stream');
        return text;
      },
    },
  ],
};

/** Stages in flows. The family tells how a stage is shown. */
export function flowBindingsResource(stages: Family): Resource {
  return {
    path: 'flows/bindings',
    lookup: 'id',
    declaration: flowStageBindingModel,
    search: [],
    order: 'position',
    orderings: { fsb_uuid: 'id' },
    filters: {
      fsb_uuid: (values) => (builder) => builder('id', 'in', [...values]),
      pbm_uuid: (values) => (builder) => builder('id', 'in', [...values]),
      policies: (values) => (builder) =>
        builder(
          'id',
          'in',
          builder
            .selectFrom('policy_bindings')
            .select('target_id')
            .where('policy_id', 'in', [...values]),
        ),
    },
    async present(objects, context) {
      const found = await storedMembers(
        stages,
        context,
        objects.map((object) => object.values.stage as string),
      );
      const shown = new Map((await answersOf(stages, found, context)).map((view) => [view.pk, view]));
      return objects.map((object) => ({
        policybindingmodel_ptr_id: object.id,
        stage_obj: shown.get(object.values.stage) ?? null,
      }));
    },
  };
}
