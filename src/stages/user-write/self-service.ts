/** Which of their own names people may change: as the system settings say, unless an attribute says otherwise. */
import type { Queries } from '../../db/database.ts';
import { effectiveAttributes, membershipsOf, type User } from '../../core/users.ts';

/** What a person is called by. */
export type OwnName = 'username' | 'name' | 'email';

const DEFAULTS: Readonly<Record<OwnName, boolean>> = { username: false, name: true, email: false };

/** Of these fields, the first that this person may not change of themselves; undefined when they may change all. */
export async function firstForbidden(
  queries: Queries,
  user: User,
  changed: readonly OwnName[],
): Promise<OwnName | undefined> {
  if (changed.length === 0) return undefined;
  const attributes = effectiveAttributes(user, await membershipsOf(queries, user.pk));
  const rows = await queries
    .selectFrom('system_settings')
    .selectAll()
    .where(
      'name',
      'in',
      changed.map((each) => `default_user_change_${each}`),
    )
    .execute();
  return changed.find((each) => {
    const own = attributes[`goauthentik.io/user/can-change-${each}`];
    if (typeof own === 'boolean') return !own;
    const row = rows.find(({ name }) => name === `default_user_change_${each}`);
    return !(row ? JSON.parse(row.value) === true : DEFAULTS[each]);
  });
}
