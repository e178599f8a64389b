/** Declared objects that belong to a kind, such as the prompts of the prompt stage. */
import type { Declaration } from '../../core/declaration.ts';
import { objectsOfRows } from '../../core/objects.ts';
import type { Row } from '../../core/rows.ts';
import { listAnswers } from '../presentation.ts';
import type { Resource } from '../resource.ts';
import type { Part } from '../../stages/stage.ts';

/** A resource for the object; `resources` are those of all kinds, which tell how holders are shown. */
export function declaredObjectResource(object: Part, resources: readonly Resource[]): Resource {
  const { path, declaration, holders } = object;
  const order = Object.values(declaration.fields).find((field) => field.keyColumn)?.keyColumn ?? 'id';
  const resource: Resource = { path, lookup: 'id', declaration, search: object.search ?? [order], order };
  if (!holders) return resource;
  return {
    ...resource,
    async present(objects, context) {
      const holder = resources.find((each) => each.declaration.model === holders.model);
      if (!holder || objects.length === 0) return objects.map(() => ({ [holders.property]: [] }));
      const { read } = context.core.database;
      const links = await read
        .selectFrom('object_references')
        .select(['source_id', 'target_id'])
        .where('field', '=', holders.field)
        .where(
          'target_id',
          'in',
          objects.map((each) => each.id),
        )
        .execute();
      const ids = [...new Set(links.map((link) => link.source_id))];
      const stored = await rowsOf(read, holder.declaration, ids);
      const found = await objectsOfRows(read, holder.declaration, stored);
      const shown = new Map((await listAnswers(holder, found, context)).map((view) => [view.pk, view]));
      return objects.map((each) => ({
        [holders.property]: links
          .filter((link) => link.target_id === each.id)
          .map((link) => shown.get(link.source_id))
          .filter((view) => view !== undefined),
      }));
    },
  };
}

type Reading = Parameters<typeof objectsOfRows>[0];
async function rowsOf(read: Reading, declaration: Declaration, ids: readonly string[]): Promise<Row[]> {
  if (ids.length === 0) return [];
  let query = read
    .selectFrom(declaration.table as 'stages')
    .selectAll()
    .where('id', 'in', [...ids]);
  if (declaration.kind !== undefined) query = query.where('kind', '=', declaration.kind);
  return (await query.execute()) as Row[];
}
