/** A person as expressions see them, the same in every place where one runs. */
import type { Json } from './declaration.ts';
import { effectiveAttributes, type Membership, type User } from './users.ts';

/** What `user` is in an expression: the account, its groups with all parents, and the attributes that these add up to. */
export function personInScope(user: User, memberships: readonly Membership[]): { [name: string]: Json } {
  return {
    pk: user.pk,
    uuid: user.id,
    uid: user.uid,
    username: user.username,
    name: user.name,
    email: user.email,
    type: user.type,
    path: user.path,
    is_active: user.isActive,
    attributes: user.attributes,
    groups: memberships.map(({ id, name, isSuperuser, attributes }) => ({
      pk: id,
      name,
      is_superuser: isSuperuser,
      attributes,
    })),
    group_attributes: effectiveAttributes(user, memberships),
  };
}
