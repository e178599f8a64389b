/**
 * Nobody can give what they do not have. Whoever changes a person, a group, a role or a token must hold every right
 * that these carry, before the change and after it, through all groups, parents and roles.
 */
import type { Declaration } from '../core/declaration.ts';
import { forbidden } from '../core/fault.ts';
import type { StoredObject } from '../core/objects.ts';
import type { Queries } from '../db/database.ts';
import type { Caller } from './caller.ts';
import { covers, type Rights, type RightsSource, rightsOf } from './rights.ts';

/** The rights that an object carries for whoever holds or controls it; undefined for an object that carries none. */
export async function rightsCarriedBy(
  queries: Queries,
  declaration: Declaration,
  object: StoredObject,
): Promise<Rights | undefined> {
  const source = sourceOf(declaration, object);
  return source && rightsOf(queries, source);
}

function sourceOf(declaration: Declaration, { id, pk, values }: StoredObject): RightsSource | undefined {
  if (declaration.table === 'users') return { userPk: pk as number };
  if (declaration.table === 'groups') return { groups: [id] };
  if (declaration.table === 'roles') return { roles: [id] };
  if (declaration.table === 'tokens') return { userPk: values.user as number };
  // Settings such as the group that a stage puts new people into.
  const named = (table: string): string[] =>
    Object.entries(declaration.fields)
      .filter(([, field]) => field.reference?.to === table && declaration.table === 'stages')
      .flatMap(([name]) => values[name] as string | string[] | null)
      .filter((each) => each !== null);
  const groups = named('groups');
  const roles = named('roles');
  return groups.length + roles.length > 0 ? { groups, roles } : undefined;
}

/** Throws permission_denied unless the caller holds all that the object carries. */
export async function requireCovering(
  queries: Queries,
  caller: Caller,
  declaration: Declaration,
  object: StoredObject,
): Promise<void> {
  if (caller.rights.isSuperuser) return;
  if (declaration.table === 'users' && object.pk === caller.user.pk) return requireOwnAccount(queries, caller);
  const carried = await rightsCarriedBy(queries, declaration, object);
  if (carried && !covers(caller.rights, carried)) {
    throw forbidden('You cannot change or hand on rights that you do not have.');
  }
}

/** An account may change itself, but the rights that it had when the request came in are all that it can have. */
async function requireOwnAccount(queries: Queries, caller: Caller): Promise<void> {
  const now = await rightsOf(queries, { userPk: caller.user.pk });
  if (!covers(caller.rights, now)) throw forbidden('You cannot give rights to yourself.');
}

/** Throws permission_denied unless the caller holds everything that this person may do. */
export async function requireCoveringUser(queries: Queries, caller: Caller, userPk: number): Promise<void> {
  if (caller.rights.isSuperuser || caller.user.pk === userPk) return;
  if (!covers(caller.rights, await rightsOf(queries, { userPk }))) {
    throw forbidden('This account may do more than you.');
  }
}
