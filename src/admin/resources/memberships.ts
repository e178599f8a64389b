/** Putting one person into a group or a role, and taking one out. */
import { z } from 'zod';
import { notFound } from '../../core/fault.ts';
import { groupModel, roleModel, userModel } from '../../core/models/people.ts';
import { findObject } from '../../core/objects.ts';
import { recordAbout } from '../audit.ts';
import { change } from '../changes.ts';
import { requireCovering } from '../delegation.ts';
import type { ObjectAction } from '../resource.ts';
import { readBody } from '../validation.ts';

const body = () => z.object({ pk: z.int().positive() });

/** `add_user` or `remove_user`. Who does it must hold all that the group or role gives. */
export function membershipAction(table: 'group_members' | 'user_roles', what: 'add' | 'remove'): ObjectAction {
  const inGroup = table === 'group_members';
  const declaration = inGroup ? groupModel : roleModel;
  const field = inGroup ? 'users' : 'roles';
  return {
    method: 'POST',
    name: `${what}_user`,
    summary: `${what === 'add' ? 'Put a person into' : 'Take a person out of'} a ${inGroup ? 'group' : 'role'}.`,
    needs: inGroup
      ? what === 'add'
        ? 'authentik_core.add_user_to_group'
        : 'authentik_core.remove_user_from_group'
      : 'change',
    async handle(context, object) {
      const { pk } = readBody(body(), context.request.body);
      await change(context, async (transaction) => {
        const user = await findObject(transaction, userModel, { pk });
        if (!user) throw notFound();
        await requireCovering(transaction, context.caller, declaration, object);
        if (inGroup) {
          const row = { group_id: object.id, user_pk: pk };
          if (what === 'add') {
            const columns = ['group_id', 'user_pk'] as const;
            const insert = transaction.insertInto('group_members').values(row);
            await insert.onConflict((conflict) => conflict.columns(columns).doNothing()).execute();
          } else {
            const removal = transaction.deleteFrom('group_members').where('group_id', '=', object.id);
            await removal.where('user_pk', '=', pk).execute();
          }
        } else if (what === 'add') {
          const insert = transaction.insertInto('user_roles').values({ role_id: object.id, user_pk: pk });
          await insert.onConflict((conflict) => conflict.columns(['user_pk', 'role_id']).doNothing()).execute();
        } else {
          const removal = transaction.deleteFrom('user_roles').where('role_id', '=', object.id);
          await removal.where('user_pk', '=', pk).execute();
        }
        const diff = { [field]: { [what]: [pk] } };
        await recordAbout(transaction, context, 'model_updated', { declaration, object }, { diff });
      });
    },
  };
}
