/** `oauth2/access_tokens`, `refresh_tokens` and `authorization_codes`: what was given, to see and to end. */
import type { Queries } from '../../db/database.ts';
import type { Family } from '../families.ts';
import type { Values } from '../resource.ts';
import { type OwnedRow, type OwnedRows, readNumber } from './owned-rows.ts';
import { providersByPk } from './providers.ts';
import { fullUsers } from './users.ts';

type GrantTable = 'access_tokens' | 'refresh_tokens' | 'authorization_codes';
const MODELS: Readonly<Record<GrantTable, string>> = {
  access_tokens: 'authentik_providers_oauth2.accesstoken',
  refresh_tokens: 'authentik_providers_oauth2.refreshtoken',
  authorization_codes: 'authentik_providers_oauth2.authorizationcode',
};

/** The scopes among what was granted, whichever way they are written. Nothing else of a grant is shown. */
function scopesOf(row: OwnedRow): string[] {
  const { scope, scopes } = JSON.parse(String(row.grant)) as { scope?: unknown; scopes?: unknown };
  const found = scopes ?? scope;
  if (Array.isArray(found)) return found.filter((each) => typeof each === 'string');
  return typeof found === 'string' ? found.split(' ').filter(Boolean) : [];
}

/** Ends a grant with all that was given under it, so that no other token of the family lives on. */
async function endFamily(transaction: Queries, at: number, family: string): Promise<void> {
  for (const table of ['access_tokens', 'refresh_tokens'] as const) {
    const update = transaction.updateTable(table).set({ revoked_at: at }).where('family_id', '=', family);
    await update.where('revoked_at', 'is', null).execute();
  }
}

/** One of the three. The family tells how a provider is shown. */
export function grantRows(table: GrantTable, providers: Family): OwnedRows {
  return {
    path: `oauth2/${table}`,
    table,
    key: 'pk',
    readKey: readNumber,
    model: MODELS[table],
    order: 'pk',
    async present(rows, context) {
      const { core } = context;
      const { read } = core.database;
      const users = await fullUsers(
        read,
        rows.map((row) => row.user_pk),
      );
      const shown = await providersByPk(
        providers,
        read,
        rows.map((row) => Number(row.provider_pk)),
        context,
      );
      return rows.map((row): Values => {
        const plain = {
          pk: row.pk,
          provider: shown.get(Number(row.provider_pk)) ?? null,
          user: users.get(row.user_pk) ?? null,
          is_expired: Number(row.expires_at) <= core.now(),
          expires: new Date(Number(row.expires_at)).toISOString(),
          scope: scopesOf(row),
        };
        // The ID token is not kept, so there is none to show.
        return table === 'authorization_codes' ? plain : { ...plain, id_token: '', revoked: row.revoked_at !== null };
      });
    },
    async end(transaction, row, { core }) {
      if (table !== 'access_tokens') await endFamily(transaction, core.now(), String(row.family_id));
      await transaction.deleteFrom(table).where('pk', '=', Number(row.pk)).execute();
    },
  };
}
