import type { Core } from '../core/core.ts';
import { type Membership, membershipsOf, type User } from '../core/users.ts';
import type { PolicyRequest } from '../policies/policy.ts';
import type { EntryContext } from './access.ts';

/** What policies look at for one person. Groups are read once, and only when somebody asks. */
export function policyRequest(core: Core, user: User | undefined, entry: EntryContext): PolicyRequest {
  let memberships: Promise<readonly Membership[]> | undefined;
  return {
    user,
    memberships() {
      memberships ??= user ? membershipsOf(core.database.read, user.pk) : Promise.resolve([]);
      return memberships;
    },
    clientAddress: entry.clientAddress,
    context: entry.context ?? {},
  };
}
