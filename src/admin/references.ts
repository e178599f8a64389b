/** References that are kept in a column: the row cannot be written before it is known that what they name is there. */
import type { Declaration } from '../core/declaration.ts';
import { invalid } from '../core/fault.ts';
import type { Queries } from '../db/database.ts';
import type { Values } from './resource.ts';

/** Throws `invalid` with the field that names something that is not there. */
export async function requireColumnTargets(
  transaction: Queries,
  declaration: Declaration,
  values: Values,
): Promise<void> {
  for (const [name, { reference, column }] of Object.entries(declaration.fields)) {
    const value = values[name] as string | number | null | undefined;
    if (!reference || !column || value === undefined || value === null) continue;
    const found = await transaction
      .selectFrom(reference.to as 'providers')
      .select(reference.key)
      .where(reference.key, '=', value as number & string)
      .executeTakeFirst();
    if (!found) throw invalid({ [name]: [`Invalid pk "${value}" - object does not exist.`] });
  }
}
