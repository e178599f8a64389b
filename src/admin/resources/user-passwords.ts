/** Passwords that somebody sets for somebody else, and links to set one. */
import { z } from 'zod';
import { longestPassword } from '../../core/crypto/passwords.ts';
import { invalid } from '../../core/fault.ts';
import { userModel } from '../../core/models/people.ts';
import { endSessions, sessionIdsOf } from '../../core/sessions.ts';
import { setPasswordHash, userByPk } from '../../core/users.ts';
import { parseDuration } from '../../formats/duration.ts';
import { recordAbout } from '../audit.ts';
import { change } from '../changes.ts';
import { requireCovering, requireCoveringUser } from '../delegation.ts';
import type { ObjectAction } from '../resource.ts';
import { readSystemSettings } from '../system-settings.ts';
import { readBody } from '../validation.ts';

const passwordBody = () => z.object({ password: z.string().min(1) });
const recoveryBody = () => z.object({ token_duration: z.string().max(200).optional() });

/** Sets a password. Whoever was signed in with the one before is signed out. */
export const setPasswordAction: ObjectAction = {
  method: 'POST',
  name: 'set_password',
  summary: 'Set the password of an account.',
  needs: 'authentik_core.reset_user_password',
  async handle(context, object) {
    const { core, caller, request } = context;
    const { password } = readBody(passwordBody(), request.body);
    if (Buffer.byteLength(password) > longestPassword) {
      throw invalid({ password: [`Ensure this field has no more than ${longestPassword} bytes.`] });
    }
    const pk = object.pk as number;
    await requireCoveringUser(core.database.read, caller, pk);
    const hash = await core.passwords.hash(password);
    await change(context, async (transaction) => {
      await requireCovering(transaction, caller, userModel, object);
      await setPasswordHash(transaction, core.now(), pk, hash);
      await endSessions(transaction, core.now(), await sessionIdsOf(transaction, pk, caller.sessionId));
      await recordAbout(transaction, context, 'password_set', { declaration: userModel, object });
    });
  },
};

/** Makes a link by which the person can set a new password. */
export const recoveryAction: ObjectAction = {
  method: 'POST',
  name: 'recovery',
  summary: 'Make a link to set a new password.',
  needs: 'authentik_core.reset_user_password',
  async handle(context, object) {
    const { core, caller, request, services } = context;
    const { token_duration } = readBody(recoveryBody(), request.body);
    const pk = object.pk as number;
    await requireCoveringUser(core.database.read, caller, pk);
    const lasts = token_duration ?? (await readSystemSettings(core)).default_token_duration;
    let lifetimeMilliseconds: number;
    try {
      lifetimeMilliseconds = parseDuration(lasts);
    } catch {
      throw invalid({ token_duration: ['Enter a duration such as hours=1;minutes=30.'] });
    }
    const user = await userByPk(core.database.read, pk);
    const link = user && (await services.recoveryLink?.({ user, request, lifetimeMilliseconds }));
    if (link === undefined) throw invalid({ non_field_errors: ['No recovery flow set.'] });
    await core.database.write((transaction) =>
      recordAbout(
        transaction,
        context,
        'secret_view',
        { declaration: userModel, object },
        { message: 'recovery link' },
      ),
    );
    return { link };
  },
};
