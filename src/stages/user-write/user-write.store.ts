import type { Core } from '../../core/core.ts';
import { type User, userByPk } from '../../core/users.ts';
import type { Effect } from '../stage.ts';

type Queries = Parameters<Effect>[0];

/**
 * The person as they are now, kept from others until the transaction is over: two flows that write different
 * attributes of one person must not undo each other. SQLite has one writer anyway.
 */
export async function lockedUser(
  { database }: Pick<Core, 'database'>,
  transaction: Queries,
  pk: number,
): Promise<User | undefined> {
  if (database.engine === 'postgresql') {
    await transaction.selectFrom('users').select('pk').where('pk', '=', pk).forUpdate().execute();
  }
  return userByPk(transaction, pk);
}
