/** Which of their own names people may change: as the system settings say, unless an attribute says otherwise. */
import { readChangedSettings } from '../../core/system-settings.ts';
import { effectiveAttributes, membershipsOf, type User } from '../../core/users.ts';
import type { Effect } from '../stage.ts';

type Queries = Parameters<Effect>[0];

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
  const settings = await readChangedSettings(queries);
  return changed.find((each) => {
    const own = attributes[`goauthentik.io/user/can-change-${each}`];
    if (typeof own === 'boolean') return !own;
    return (settings[`default_user_change_${each}`] ?? DEFAULTS[each]) !== true;
  });
}
