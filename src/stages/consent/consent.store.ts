/** What people have allowed applications, one row for each person and application. */
import type { Core } from '../../core/core.ts';
import type { Effect } from '../stage.ts';

type Queries = Parameters<Effect>[0];
/** A person, and the identifier of an application. */
export type Parties = { userPk: number; application: string };

/** What was allowed and still holds, by identifier. Names with blanks are never stored, so never found. */
export async function allowedBefore(
  queries: Queries,
  at: number,
  { userPk, application }: Parties,
): Promise<ReadonlySet<string> | undefined> {
  const row = await queries
    .selectFrom('consents')
    .select(['permissions', 'expires_at'])
    .where('user_pk', '=', userPk)
    .where('application_id', '=', application)
    .executeTakeFirst();
  if (!row || (row.expires_at !== null && row.expires_at <= at)) return undefined;
  return new Set(row.permissions.split(' ').filter((each) => each !== ''));
}

/** Adds what was allowed now to what still holds. Nothing happens when the application is gone. */
export async function allow(
  { database, now }: Core,
  transaction: Queries,
  parties: Parties,
  permissions: readonly string[],
  expiresAt: number | null,
): Promise<void> {
  const { userPk, application } = parties;
  const there = await transaction.selectFrom('applications').select('id').where('id', '=', application).execute();
  if (there.length === 0) return;
  // The row comes first, so that two tabs wait for each other and neither takes away what the other allowed.
  await transaction
    .insertInto('consents')
    .values({ user_pk: userPk, application_id: application, permissions: '', expires_at: 0 })
    .onConflict((conflict) => conflict.columns(['user_pk', 'application_id']).doNothing())
    .execute();
  if (database.engine === 'postgresql') {
    await transaction
      .selectFrom('consents')
      .select('pk')
      .where('user_pk', '=', userPk)
      .where('application_id', '=', application)
      .forUpdate()
      .execute();
  }
  const before = (await allowedBefore(transaction, now(), parties)) ?? [];
  const all = [...new Set([...before, ...permissions])].filter((each) => /^\S+$/.test(each)).toSorted();
  await transaction
    .updateTable('consents')
    .set({ permissions: all.join(' '), expires_at: expiresAt })
    .where('user_pk', '=', userPk)
    .where('application_id', '=', application)
    .execute();
}
