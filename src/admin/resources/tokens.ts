/** `core/tokens`: keys that act for a user. */
import { z } from 'zod';
import { forbidden, invalid, notFound } from '../../core/fault.ts';
import { tokenModel } from '../../core/models/people.ts';
import { findObject, type StoredObject } from '../../core/objects.ts';
import { createToken, newTokenKey, readTokenKey, setTokenKey, SHORTEST_KEY } from '../../core/tokens.ts';
import { userModel } from '../../core/models/people.ts';
import { parseDuration } from '../../formats/duration.ts';
import { recordAbout } from '../audit.ts';
import { change } from '../changes.ts';
import { requireCovering } from '../delegation.ts';
import { permissionFor } from '../permissions.ts';
import type { Change, ObjectAction, Resource, Values } from '../resource.ts';
import { readSystemSettings } from '../system-settings.ts';
import { readBody } from '../validation.ts';
import { fullUsers } from './users.ts';
import { sql } from 'kysely';

const OWN_INTENTS: ReadonlySet<unknown> = new Set(['api', 'app_password', undefined]);

/** People may make keys for themselves, and for nobody else. */
function ownToken({ values, context }: Change): Values | undefined {
  const { user } = context.caller;
  if (!OWN_INTENTS.has(values.intent) || (values.user ?? user.pk) !== user.pk || values.managed) return undefined;
  return { ...values, user: user.pk };
}

/**
 * A key acts as its user, so for another person's account only a superuser makes one; accounts of programs are open to
 * those who hold their rights.
 */
async function prepareToken({ values, before, context }: Change): Promise<Values> {
  const { caller, core } = context;
  const filled: Values = { ...values };
  const verb = before === undefined ? 'add' : 'change';
  const own = !caller.can(permissionFor(verb, tokenModel.model), before?.id);
  if (own && (!OWN_INTENTS.has(values.intent) || values.managed)) {
    throw forbidden('Keys of one’s own are for the API or in place of a password.');
  }
  // Whoever holds a key could otherwise hand it to another account, and be that account from then on.
  if (own && (values.user ?? caller.user.pk) !== caller.user.pk) {
    throw forbidden('Keys of one’s own act for oneself.');
  }
  filled.user ??= before?.values.user ?? caller.user.pk;
  if (filled.user !== caller.user.pk && !caller.rights.isSuperuser) {
    const user = await findObject(core.database.read, userModel, { pk: filled.user as number });
    if (!user) throw invalid({ user: [`Invalid pk "${String(filled.user)}" - object does not exist.`] });
    const unchanged = before !== undefined && before.values.user === filled.user;
    if (!unchanged && !['service_account', 'internal_service_account'].includes(user.values.type)) {
      throw forbidden('Only a superuser may make tokens for other people.');
    }
  }
  if (before === undefined && filled.expires == null && filled.expiring !== false) {
    const { default_token_duration } = await readSystemSettings(core);
    filled.expires = new Date(core.now() + parseDuration(default_token_duration)).toISOString();
  }
  const lasting = filled.expiring === false || (filled.expiring === undefined && before?.values.expiring === false);
  if (lasting) filled.expires = null;
  return filled;
}

const keyBody = () =>
  z.object({
    key: z
      .string()
      .min(SHORTEST_KEY)
      .max(1000)
      .regex(/^[\x21-\x7e]+$/, 'Only visible ASCII characters.'),
  });

const viewKey: ObjectAction = {
  method: 'GET',
  name: 'view_key',
  summary: 'Read the key.',
  needs: 'authentik_core.view_token_key',
  async handle(context, object) {
    const { core, caller } = context;
    const subject = { declaration: tokenModel, object };
    return core.database.write(async (transaction) => {
      await requireCovering(transaction, caller, tokenModel, object);
      const key = await readTokenKey(core.sealer, transaction, object.id);
      if (key === undefined) throw notFound();
      await recordAbout(transaction, context, 'secret_view', subject);
      return { key };
    });
  },
};

const setKey: ObjectAction = {
  method: 'POST',
  name: 'set_key',
  summary: 'Replace the key.',
  needs: 'authentik_core.set_token_key',
  async handle(context, object) {
    const { core, caller } = context;
    const { key } = readBody(keyBody(), context.request.body);
    await change(context, async (transaction) => {
      await requireCovering(transaction, caller, tokenModel, object);
      await setTokenKey(core.sealer, transaction, object.id, key);
      await recordAbout(transaction, context, 'secret_rotate', { declaration: tokenModel, object });
    });
  },
};

export const tokensResource: Resource = {
  path: 'core/tokens',
  lookup: 'identifier',
  declaration: tokenModel,
  search: ['identifier', 'intent', 'description'],
  order: 'identifier',
  ownerColumn: 'user_pk',
  // What signs somebody in is more than a key to the API, so a key to the API must not lead to it.
  owned: ({ values }) => OWN_INTENTS.has(values.intent),
  filters: {
    user__username: (values) => (builder) =>
      builder(
        sql<number>`user_pk`,
        'in',
        builder
          .selectFrom('users')
          .select('pk')
          .where('username', 'in', [...values]) as never,
      ),
  },
  async present(objects: readonly StoredObject[], { core }) {
    const users = await fullUsers(
      core.database.read,
      objects.map((object) => object.values.user as number),
    );
    return objects.map((object) => ({ user_obj: users.get(object.values.user as number) ?? null }));
  },
  createOwn: ownToken,
  prepare: prepareToken,
  async insert(transaction, values, { core }) {
    const key = newTokenKey((await readSystemSettings(core)).default_token_length);
    return (await createToken(core, transaction, values as Parameters<typeof createToken>[2], key)).token;
  },
  onObject: [viewKey, setKey],
};
