/** Flows, their bindings and their stages, as the engine needs them; kept in memory until configuration changes. */
import type { Core } from '../core/core.ts';
import { flowModel, flowStageBindingModel } from '../core/models/flow.ts';
import { findObject, objectsOfRows, type StoredObject } from '../core/objects.ts';
import type { Stage } from '../stages/stage.ts';

export type FlowObject = StoredObject<typeof flowModel.fields>;
export type BindingObject = StoredObject<typeof flowStageBindingModel.fields>;

/** The flow of this slug with its bindings in order, or undefined. */
export function loadFlow(
  core: Core,
  slug: string,
): Promise<{ flow: FlowObject; bindings: BindingObject[] } | undefined> {
  return core.configuration.get(`flow ${slug}`, async (queries) => {
    const flow = await findObject(queries, flowModel, { slug });
    if (!flow) return undefined;
    const rows = await queries
      .selectFrom('flow_stage_bindings')
      .selectAll()
      .where('flow_id', '=', flow.id)
      .orderBy('position')
      .orderBy('id')
      .execute();
    return { flow, bindings: await objectsOfRows(queries, flowStageBindingModel, rows) };
  });
}

/** The slug of the flow with this identifier. */
export function flowSlug(core: Core, id: string): Promise<string | undefined> {
  return core.configuration.get(`flow slug ${id}`, async (queries) => {
    const row = await queries.selectFrom('flows').select('slug').where('id', '=', id).executeTakeFirst();
    return row?.slug;
  });
}

/** The first flow of a designation by slug, for when the brand names none. */
export function firstFlowOf(core: Core, designation: string): Promise<string | undefined> {
  return core.configuration.get(`flow of ${designation}`, async (queries) => {
    const row = await queries
      .selectFrom('flows')
      .select('slug')
      .where('designation', '=', designation)
      .orderBy('slug')
      .executeTakeFirst();
    return row?.slug;
  });
}

/** A stage with its kind and settings, or undefined when it is gone or of no known kind. */
export function loadStage(
  core: Core,
  stages: Readonly<Record<string, Stage>>,
  id: string,
): Promise<{ stage: Stage; settings: Record<string, unknown>; name: string } | undefined> {
  return core.configuration.get(`stage ${id}`, async (queries) => {
    const row = await queries.selectFrom('stages').select('kind').where('id', '=', id).executeTakeFirst();
    const stage = row && stages[row.kind];
    const object = stage && (await findObject(queries, stage.declaration, { id }));
    return stage && object ? { stage, settings: object.values, name: String(object.values.name) } : undefined;
  });
}
