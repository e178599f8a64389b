import type { Core } from '../../core/core.ts';
import { objectsOfRows } from '../../core/objects.ts';
import type { ValuesOf } from '../../core/declaration.ts';
import { promptModel } from './prompt.model.ts';

export type Prompt = ValuesOf<typeof promptModel.fields>;

/** The prompts with these identifiers in their own order. Kept in memory until configuration changes. */
export function loadPrompts(core: Core, ids: readonly string[]): Promise<Prompt[]> {
  // Not by the stage: a list that is already old must not be kept under a name that lives on.
  return core.configuration.get(`prompts ${ids.join(' ')}`, async (queries) => {
    if (ids.length === 0) return [];
    const rows = await queries
      .selectFrom('prompts')
      .selectAll()
      .where('id', 'in', [...ids])
      .execute();
    const prompts = (await objectsOfRows(queries, promptModel, rows)).map(({ values }) => values);
    return prompts.toSorted((one, other) => one.order - other.order || (one.name < other.name ? -1 : 1));
  });
}
