/** Applications, as everything but the administration reads them. */
import type { Core } from './core.ts';
import { applicationModel } from './models/access.ts';
import { objectsOfRows, type StoredObject } from './objects.ts';

/** The first applications by name. Kept in memory until configuration changes. */
export function applicationsByName(core: Core, most: number): Promise<StoredObject<typeof applicationModel.fields>[]> {
  return core.configuration.get(`applications ${most}`, async (queries) => {
    const rows = await queries.selectFrom('applications').selectAll().orderBy('name_key').limit(most).execute();
    return objectsOfRows(queries, applicationModel, rows);
  });
}
