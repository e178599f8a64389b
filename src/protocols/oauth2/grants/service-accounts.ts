/** The accounts that programs use: by app password, or the client's own, made when it is first needed. */
import type { Core } from '../../../core/core.ts';
import { recordEvent } from '../../../core/events.ts';
import { Fault } from '../../../core/fault.ts';
import { normalisedKey } from '../../../core/names.ts';
import { tokenByKey } from '../../../core/tokens.ts';
import { createUser, type User, userByIdentifier } from '../../../core/users.ts';
import type { Client } from '../clients.store.ts';

/** Where the accounts of clients are; no enrolment puts a person there. */
const APPLICATIONS = 'goauthentik.io/apps/';

/** The number of the active account that has this name and this app password, if the password still holds. */
export async function accountOfAppPassword(
  core: Core,
  username: string,
  password: string,
): Promise<number | undefined> {
  // By the password alone, so that time does not tell which names there are.
  const token = await tokenByKey(core.database.read, core.now(), password, 'app_password');
  return token && normalisedKey(token.user.username) === normalisedKey(username) ? token.user.pk : undefined;
}

/** The attribute that says for which provider an account was made. */
const MADE_FOR = 'goauthentik.io/providers/oauth2/provider';

/**
 * Whether an account was made for this client. Its name is no proof: providers are renamed, and the account of the
 * one that had the name before may be let in where the new one is not.
 */
export const isAccountOf = (client: Client, user: User): boolean =>
  user.type === 'service_account' &&
  user.path.startsWith(APPLICATIONS) &&
  user.attributes[MADE_FOR] === client.providerPk;

/**
 * The number of the account that stands for a client itself. Only the number is kept in memory: what the account is
 * and whether it may be used is asked each time. `isStale` says that the number in memory led nowhere, so it is looked up again.
 * Undefined when somebody else has the name: that account was not made for this client, and the client's secret must
 * not open it.
 */
export async function serviceAccountOf(core: Core, client: Client, isStale = false): Promise<number | undefined> {
  const key = `oauth2 service account ${client.providerPk}`;
  return isStale ? findOrMake(core, client) : core.configuration.get(key, () => findOrMake(core, client));
}

async function findOrMake(core: Core, client: Client): Promise<number | undefined> {
  const path = `${APPLICATIONS}${client.application.values.slug}`;
  const start = `ak-${client.name.slice(0, 110)}`;
  // The second name is for where the first is another client's, or a person's.
  for (const username of [`${start}-client_credentials`, `${start}-${client.providerPk}-client_credentials`]) {
    const find = (): Promise<User | undefined> => userByIdentifier(core.database, username, ['username'], true);
    const known = (await find()) ?? (await make(core, client, username, path)) ?? (await find());
    if (known && isAccountOf(client, known)) return known.pk;
  }
  return undefined;
}

/** Undefined when somebody else was quicker. */
async function make(core: Core, client: Client, username: string, path: string): Promise<User | undefined> {
  try {
    await core.database.write(async (transaction) => {
      const name = `Application ${client.application.values.name}, client credentials`;
      const attributes = { [MADE_FOR]: client.providerPk };
      const values = { username, name, path, attributes, type: 'service_account' as const };
      const { pk } = await createUser(core, transaction, values);
      await recordEvent(transaction, core.now(), {
        action: 'model_created',
        app: 'authentik.providers.oauth2',
        context: { model: { app: 'authentik_core', model_name: 'user', name: username, pk: pk ?? null } },
      });
    });
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
  }
  return undefined;
}
