/**
 * Writes what was gathered in `prompt_data` to the pending person, or makes a new account of it. Owns which answers
 * are written and who may change what of themselves. Does not own asking for it.
 */
import { type User, userByIdentifier } from '../../core/users.ts';
import { defineStage, type Outcome } from '../stage.ts';
import { createEffect, updateEffect } from './effects.ts';
import { firstForbidden, type OwnName } from './self-service.ts';
import { userWriteStageModel, type UserWriteRun } from './user-write.model.ts';
import { pick, type Written } from './written.ts';

/** Writes the answers, in one transaction with their event. */
export const userWrite = defineStage({
  kind: 'user-write',
  path: 'stages/user_write',
  declaration: userWriteStageModel,
  async challenge(run) {
    const { context, settings } = run;
    if (!context.prompt_data) return deny('There is nothing to save.');
    const written = pick(context.prompt_data);
    if ('unfit' in written) return deny(`What was entered for “${written.unfit}” cannot be saved.`);
    const mode = settings.user_creation_mode;
    const user = mode === 'always_create' ? undefined : run.pendingUser;
    if (!user && mode === 'never_create') return deny('Nobody is known here, and no account may be made.');
    if (user && context.pending_user_unproven === true) return deny('Nobody has shown that this account is theirs.');
    if (await isTaken(run, user, written)) return deny(TAKEN);
    return user ? update(run, user, written) : create(run, written);
  },
});

const deny = (message: string): Outcome => ({ type: 'deny', message });
const TAKEN = 'Somebody else already has this username. Start again and choose another.';
const LABELS: Readonly<Record<OwnName, string>> = { username: 'username', name: 'name', email: 'email address' };

function create(run: UserWriteRun, written: Written): Outcome {
  const { username } = written.names;
  if (username === undefined) return deny('An account needs a username.');
  return { type: 'next', effect: createEffect(run, { ...written, names: { ...written.names, username } }) };
}

async function update(run: UserWriteRun, user: User, written: Written): Promise<Outcome> {
  const changed = (['username', 'name', 'email'] as const).filter(
    (each) => written.names[each] !== undefined && written.names[each] !== user[each],
  );
  // Only who is signed in as that person changes themselves; other flows have proven more, or make the account.
  if (run.flow.designation === 'stage_configuration' && run.request.session?.user.pk === user.pk) {
    const forbidden = await firstForbidden(run.core.database.read, user, changed);
    if (forbidden) return deny(`You may not change your ${LABELS[forbidden]}. Ask your administrator.`);
  }
  return { type: 'next', effect: updateEffect(run, user, written) };
}

async function isTaken({ core }: UserWriteRun, user: User | undefined, { names }: Written): Promise<boolean> {
  if (names.username === undefined) return false;
  const owner = await userByIdentifier(core.database, names.username, ['username']);
  return owner !== undefined && owner.pk !== user?.pk;
}
