/** The family of stages. */
import { flowModel } from '../../core/models/flow.ts';
import { objectsOfRows, type StoredObject } from '../../core/objects.ts';
import type { Row } from '../../core/rows.ts';
import type { Family } from '../families.ts';
import { plainAnswer } from '../presentation.ts';
import type { Resource, Values } from '../resource.ts';
import type { AdminContext, AdminServices } from '../services.ts';
import { flowAddresses } from './flow-addresses.ts';

/** Adds the flows that each stage is in. */
async function presentStages(objects: readonly StoredObject[], context: AdminContext): Promise<Values[]> {
  const { read } = context.core.database;
  const ids = objects.map((object) => object.id);
  const bound =
    ids.length === 0
      ? []
      : await read
          .selectFrom('flow_stage_bindings')
          .select(['stage_id', 'flow_id'])
          .where('stage_id', 'in', ids)
          .orderBy('position')
          .execute();
  const flowIds = [...new Set(bound.map((row) => row.flow_id))];
  const rows =
    flowIds.length === 0 ? [] : await read.selectFrom('flows').selectAll().where('id', 'in', flowIds).execute();
  const flows = await objectsOfRows(read, flowModel, rows as unknown as Row[]);
  return objects.map((object) => {
    const own = new Set(bound.filter((row) => row.stage_id === object.id).map((row) => row.flow_id));
    return {
      flow_set: flows
        .filter((flow) => own.has(flow.id))
        .map((flow) => ({
          ...plainAnswer(flowModel, flow),
          policybindingmodel_ptr_id: flow.id,
          ...flowAddresses(flow.values),
        })),
    };
  });
}

/** One resource for each kind of stage, and the family of them all. */
export function stagesFamily({ stages }: AdminServices): Family {
  const kinds = stages.map(
    (stage): Resource => ({
      path: stage.path,
      lookup: 'id',
      declaration: stage.declaration,
      search: ['name_key'],
      order: 'name_key',
      present: presentStages,
    }),
  );
  return {
    path: 'stages/all',
    model: 'authentik_flows.stage',
    kinds,
    baseFields: ['name'],
    lookup: 'id',
    present: presentStages,
    // No stage has settings of a person yet.
    onCollection: [
      {
        method: 'GET',
        name: 'user_settings',
        summary: 'Stages that people have settings for.',
        needs: 'caller',
        handle: async () => [],
      },
    ],
  };
}
