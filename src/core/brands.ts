/** Which brand a host belongs to. */
import type { Core } from './core.ts';
import { brandModel } from './models/access.ts';
import { objectsOfRows, type StoredObject } from './objects.ts';

export type Brand = StoredObject<typeof brandModel.fields>;

/**
 * The brand whose domain the host is or ends with, the longest first; else the default one. Undefined on an
 * installation that has none.
 */
export async function brandOfHost(core: Core, host: string): Promise<Brand | undefined> {
  const brands = await brandsOf(core);
  const name = host.replace(/:\d+$/, '');
  const matching = brands
    .filter((brand) => name === brand.values.domain || name.endsWith(`.${brand.values.domain}`))
    .toSorted((left, right) => right.values.domain.length - left.values.domain.length);
  return matching[0] ?? brands.find((brand) => brand.values.default) ?? brands[0];
}

/** All brands. Kept in memory until configuration changes. */
export function brandsOf(core: Core): Promise<Brand[]> {
  return core.configuration.get('brands', async (queries) =>
    objectsOfRows(queries, brandModel, await queries.selectFrom('brands').selectAll().execute()),
  );
}
