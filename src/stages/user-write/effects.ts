/** The two changes of this stage, each in the transaction that moves the run on. */
import { recordEvent } from '../../core/events.ts';
import { Fault } from '../../core/fault.ts';
import { userModel } from '../../core/models/people.ts';
import { updateObject } from '../../core/objects.ts';
import { endSessions, sessionIdsOf } from '../../core/sessions.ts';
import { createUser, setPasswordHash, type User } from '../../core/users.ts';
import type { Json } from '../../core/declaration.ts';
import type { Effect, EffectResult } from '../stage.ts';
import type { UserWriteRun } from './user-write.model.ts';
import { lockedUser } from './user-write.store.ts';
import { withAttributes, type Written } from './written.ts';

type Queries = Parameters<Effect>[0];
type Person = { pk: number; username: string; email: string };
const APP = 'authentik.stages.user_write';

/** Makes an account. Throws a Fault when somebody took the name in between, or the attributes are too large. */
export function createEffect(
  run: UserWriteRun,
  written: Written & { names: { username: string; name?: string; email?: string } },
): Effect {
  const { core, settings } = run;
  return async (transaction) => {
    const made = await takingNames(() =>
      createUser(core, transaction, {
        ...written.names,
        attributes: attributesOf({}, written),
        is_active: !settings.create_users_as_inactive,
        type: settings.user_type,
        path: settings.user_path_template || 'users',
        groups: settings.create_users_group === null ? [] : [settings.create_users_group],
      }),
    );
    if (made.pk === undefined) throw new Fault('storage', 'The account could not be read back.', { status: 500 });
    const person = { pk: made.pk, username: made.values.username, email: made.values.email };
    if (written.hash !== undefined) await setPasswordHash(transaction, core.now(), person.pk, written.hash);
    await record(run, transaction, 'model_created', person, {
      model: { app: 'authentik_core', model_name: 'user', pk: person.pk, name: person.username },
    });
    return finish(run, transaction, person, written, true);
  };
}

/** Changes an account. Throws a Fault when it is gone, its new name was taken, or the attributes are too large. */
export function updateEffect(run: UserWriteRun, { pk, id }: User, written: Written): Effect {
  const { core, request } = run;
  return async (transaction) => {
    const user = await lockedUser(core, transaction, pk);
    if (!user) throw new Fault('gone', 'This account is no longer there.', { status: 409 });
    const stored = await takingNames(() =>
      updateObject(core, transaction, userModel, id, {
        ...written.names,
        ...(written.attributes.length > 0 && { attributes: attributesOf(user.attributes, written) }),
      }),
    );
    const person = { pk, username: stored.values.username, email: stored.values.email };
    if (written.hash !== undefined) {
      await setPasswordHash(transaction, core.now(), pk, written.hash);
      // Whoever knew the old password is out; only the browser that has just changed it stays.
      const own = request.session?.user.pk === pk ? request.session.id : undefined;
      await endSessions(transaction, core.now(), await sessionIdsOf(transaction, pk, own));
    }
    return finish(run, transaction, person, written, false);
  };
}

async function finish(
  run: UserWriteRun,
  transaction: Queries,
  person: Person,
  written: Written,
  created: boolean,
): Promise<EffectResult> {
  const fields = [
    ...Object.keys(written.names),
    ...written.attributes.map(({ path }) => `attributes.${path.join('.')}`),
  ];
  await record(run, transaction, 'user_write', person, { created, fields });
  if (written.hash !== undefined) await record(run, transaction, 'password_set', person, {});
  // The hash has done its service; the run need not keep it.
  const { password: _, ...rest } = run.context.prompt_data ?? {};
  return { context: { pending_user: person.pk, pending_user_unproven: undefined, prompt_data: rest } };
}

async function record(
  { core, request, flow, stageId }: UserWriteRun,
  transaction: Queries,
  action: 'user_write' | 'password_set' | 'model_created',
  person: Person,
  context: Record<string, Json>,
): Promise<void> {
  await recordEvent(transaction, core.now(), {
    action,
    app: APP,
    user: person,
    clientAddress: request.clientAddress,
    context: { flow: flow.slug, stage: stageId, ...context },
  });
}

function attributesOf(before: Record<string, Json>, written: Written): Record<string, Json> {
  const after = withAttributes(before, written.attributes);
  if (!after) throw new Fault('too_large', 'These details are too large to be saved.');
  return after;
}

/** Says that a name was taken in words for the person; it happens when two ask for it at once. */
async function takingNames<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (fault) {
    if (!(fault instanceof Fault) || !fault.fields || !('username' in fault.fields)) throw fault;
    const message = 'Somebody else has just taken this username. Go back and choose another.';
    throw new Fault('username_taken', message, { status: 409, cause: fault });
  }
}
