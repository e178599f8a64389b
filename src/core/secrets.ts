/** Values that must be read again but never shown: sealed, in a table of their own, bound to owner and field. */
import type { Queries } from '../db/database.ts';
import type { SealedPlace, Sealer } from './crypto/seal.ts';
import type { Declaration } from './declaration.ts';
import type { Values } from './rows.ts';

const place = (row: string, field: string): SealedPlace => ({ table: 'secrets', row, field });

/** Stores a secret, replacing the one before; the empty text removes it. */
export async function writeSecret(
  sealer: Sealer,
  transaction: Queries,
  owner: string,
  field: string,
  plain: string,
): Promise<void> {
  if (plain === '') {
    await transaction.deleteFrom('secrets').where('owner_id', '=', owner).where('field', '=', field).execute();
    return;
  }
  const sealed = sealer.seal(plain, place(owner, field));
  await transaction
    .insertInto('secrets')
    .values({ owner_id: owner, field, sealed })
    .onConflict((conflict) => conflict.columns(['owner_id', 'field']).doUpdateSet({ sealed }))
    .execute();
}

/** Stores the secret fields that are among the values. */
export async function writeSecrets(
  sealer: Sealer,
  transaction: Queries,
  declaration: Declaration,
  owner: string,
  values: Values,
): Promise<void> {
  for (const [name, field] of Object.entries(declaration.fields)) {
    const value = values[name];
    if (field.secret && typeof value === 'string') await writeSecret(sealer, transaction, owner, name, value);
  }
}

/** Reads a secret, or undefined when there is none. */
export async function readSecret(
  sealer: Sealer,
  queries: Queries,
  owner: string,
  field: string,
): Promise<string | undefined> {
  const row = await queries
    .selectFrom('secrets')
    .select('sealed')
    .where('owner_id', '=', owner)
    .where('field', '=', field)
    .executeTakeFirst();
  return row && sealer.open(row.sealed, place(owner, field));
}
