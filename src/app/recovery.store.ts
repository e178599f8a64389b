import { recordEvent } from '../core/events.ts';
import type { Core } from '../core/core.ts';
import { createSession, endSessions } from '../core/sessions.ts';
import { tokenByKey } from '../core/tokens.ts';
import type { User } from '../core/users.ts';
import type { Queries } from '../db/database.ts';

/** Who used the link, from where. */
export type RecoveryVisitor = {
  clientAddress: string;
  userAgent: string;
  /** The browser's session until now, which ends. */
  sessionId: string | undefined;
  lifetimeMilliseconds: number;
};

/** The person whom a link would sign in, or undefined when it was used, has expired or never was. Changes nothing. */
export async function personOfLink(core: Core, key: string): Promise<User | undefined> {
  return (await tokenByKey(core.database.read, core.now(), key, 'recovery'))?.user;
}

/**
 * Takes the token away and makes a session, in one transaction. Of several who try at the same time one gets it; the
 * others get undefined, and nothing has changed for them.
 */
export function signInByLink(
  core: Core,
  key: string,
  visitor: RecoveryVisitor,
): Promise<{ token: string } | undefined> {
  return core.database.write(async (transaction) => {
    const at = core.now();
    const found = await tokenByKey(transaction, at, key, 'recovery');
    if (!found || !(await takeToken(transaction, found.id))) return undefined;
    const { pk, username, email } = found.user;
    if (visitor.sessionId !== undefined) await endSessions(transaction, at, [visitor.sessionId]);
    const session = await createSession(transaction, at, {
      userPk: pk,
      lifetimeMilliseconds: visitor.lifetimeMilliseconds,
      methods: ['recovery'],
      address: visitor.clientAddress,
      userAgent: visitor.userAgent,
      binding: {},
    });
    await transaction.updateTable('users').set({ last_login_at: at }).where('pk', '=', pk).execute();
    await recordEvent(transaction, at, {
      action: 'login',
      app: 'authentik.recovery',
      user: { pk, username, email },
      clientAddress: visitor.clientAddress,
      context: { auth_method: 'recovery_link', auth_method_args: { identifier: found.identifier } },
    });
    return session;
  });
}

/** Whoever deletes the row has the token; the rest of it goes with it. */
async function takeToken(transaction: Queries, id: string): Promise<boolean> {
  const { numDeletedRows } = await transaction.deleteFrom('tokens').where('id', '=', id).executeTakeFirst();
  if (numDeletedRows !== 1n) return false;
  await transaction.deleteFrom('secrets').where('owner_id', '=', id).execute();
  await transaction.deleteFrom('role_permissions').where('object_id', '=', id).execute();
  await transaction.deleteFrom('object_references').where('source_id', '=', id).execute();
  await transaction.deleteFrom('objects').where('id', '=', id).execute();
  return true;
}

/** Whether there is a flow of this slug. */
export async function hasFlow(core: Core, slug: string): Promise<boolean> {
  const row = await core.database.read.selectFrom('flows').select('id').where('slug', '=', slug).executeTakeFirst();
  return row !== undefined;
}
