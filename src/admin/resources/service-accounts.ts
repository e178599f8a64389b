/** `core/users/service_account`: an account for a program, with its token. */
import { z } from 'zod';
import { groupModel, userModel } from '../../core/models/people.ts';
import { insertObject } from '../../core/objects.ts';
import { createToken, newTokenKey } from '../../core/tokens.ts';
import { createUser, userByPk } from '../../core/users.ts';
import { recordAbout } from '../audit.ts';
import { change } from '../changes.ts';
import { permissionFor } from '../permissions.ts';
import type { CollectionAction } from '../resource.ts';
import { readSystemSettings } from '../system-settings.ts';
import { readBody } from '../validation.ts';
import { denied } from '../visibility.ts';
import { tokenModel } from '../../core/models/people.ts';

const YEAR_MILLISECONDS = 365 * 24 * 3600 * 1000;

const body = () =>
  z.object({
    name: z
      .string()
      .trim()
      .min(1)
      .max(150)
      .refine((value) => !value.includes('\0'), 'Null characters are not allowed.'),
    create_group: z.boolean().optional(),
    expiring: z.boolean().optional(),
    expires: z.iso.datetime({ offset: true }).optional(),
  });

export const serviceAccountAction: CollectionAction = {
  method: 'POST',
  name: 'service_account',
  summary: 'Make an account for a program, with an app password.',
  needs: 'add',
  async handle(context) {
    const { core, caller } = context;
    const given = readBody(body(), context.request.body);
    if (!caller.can(permissionFor('add', tokenModel.model))) throw denied();
    if (given.create_group && !caller.can(permissionFor('add', groupModel.model))) throw denied();
    const expiring = given.expiring ?? true;
    const { default_token_length } = await readSystemSettings(core);
    const expires = given.expires ?? new Date(core.now() + YEAR_MILLISECONDS).toISOString();
    return change(context, async (transaction) => {
      const user = await createUser(core, transaction, {
        username: given.name,
        type: 'service_account',
        path: 'goauthentik.io/service-accounts',
        attributes: { 'goauthentik.io/user/token-expires': expiring },
      });
      const pk = user.pk as number;
      await recordAbout(transaction, context, 'model_created', { declaration: userModel, object: user });
      const group = given.create_group
        ? await insertObject(core, transaction, groupModel, { name: given.name, users: [pk] })
        : undefined;
      if (group) await recordAbout(transaction, context, 'model_created', { declaration: groupModel, object: group });
      const values = {
        identifier: `service-account-${user.id}-password`,
        user: pk,
        intent: 'app_password' as const,
        expiring,
        expires: expiring ? expires : null,
      };
      const { token, key } = await createToken(core, transaction, values, newTokenKey(default_token_length));
      await recordAbout(transaction, context, 'model_created', { declaration: tokenModel, object: token });
      const made = await userByPk(transaction, pk);
      return {
        username: given.name,
        token: key,
        user_uid: made?.uid ?? '',
        user_pk: pk,
        ...(group && { group_pk: group.id }),
      };
    });
  },
};
