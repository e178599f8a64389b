/** What stands in the database, for tests of what must not be written. */
import type { TestOstiary } from './ostiary.ts';

const WRITTEN = ['flow_runs', 'sessions', 'events', 'attempts', 'users', 'access_tokens'] as const;

/** The number of rows of everything that a sign-in could write. */
export async function rows({ core }: TestOstiary): Promise<Record<(typeof WRITTEN)[number], number>> {
  const counted = await Promise.all(
    WRITTEN.map(async (table) => {
      const { all } = await core.database.read
        .selectFrom(table)
        .select((expression) => expression.fn.countAll().as('all'))
        .executeTakeFirstOrThrow();
      return [table, Number(all)] as const;
    }),
  );
  return Object.fromEntries(counted) as Record<(typeof WRITTEN)[number], number>;
}

/** How many events of this action there are about somebody, or of somebody who is not there. */
export async function events({ core }: TestOstiary, action: string, username?: string): Promise<number> {
  const found = await core.database.read.selectFrom('events').selectAll().where('action', '=', action).execute();
  return found.filter((each) => username === undefined || `${each.user} ${each.context}`.includes(`"${username}"`))
    .length;
}

/** How many sessions somebody has. */
export async function sessions({ core }: TestOstiary, userPk: number): Promise<number> {
  const found = await core.database.read.selectFrom('sessions').select('id').where('user_pk', '=', userPk).execute();
  return found.length;
}
