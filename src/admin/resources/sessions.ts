/** `core/authenticated_sessions` and `core/user_consent`. */
import { sql } from 'kysely';
import { applicationModel } from '../../core/models/access.ts';
import { objectsOfRows } from '../../core/objects.ts';
import type { Row } from '../../core/rows.ts';
import { endSessions } from '../../core/sessions.ts';
import { wholeNumberOf } from '../conditions.ts';
import { listAnswers } from '../presentation.ts';
import type { Resource, Values } from '../resource.ts';
import { type OwnedRows, readNumber } from './owned-rows.ts';
import { userAgentView } from './user-agent.ts';
import { fullUsers } from './users.ts';

const isoOf = (at: unknown): string => new Date(Number(at)).toISOString();

export const sessionRows: OwnedRows = {
  path: 'core/authenticated_sessions',
  table: 'sessions',
  key: 'id',
  readKey: (text) => text.toLowerCase(),
  model: 'authentik_core.authenticatedsession',
  order: 'last_used_at',
  narrow(rows, { core, query }) {
    let narrowed = rows.where('expires_at', '>', core.now());
    const username = query.get('user__username')?.at(-1);
    if (username) {
      narrowed = narrowed.where((builder) =>
        builder('user_pk', 'in', builder.selectFrom('users').select('pk').where('username', '=', username)),
      );
    }
    const address = query.get('session__last_ip')?.at(-1);
    if (address) narrowed = narrowed.where('address', '=', address);
    return narrowed;
  },
  present: async (rows, { caller }) =>
    rows.map(
      (row): Values => ({
        uuid: row.id,
        current: row.id === caller.sessionId,
        user_agent: userAgentView(String(row.user_agent)),
        geo_ip: null,
        asn: null,
        user: row.user_pk,
        last_ip: row.address,
        last_user_agent: row.user_agent,
        last_used: isoOf(row.last_used_at),
        expires: isoOf(row.expires_at),
      }),
    ),
  end: (transaction, row, { core }) => endSessions(transaction, core.now(), [String(row.id)]),
};

/** Consents. `applications` tells how an application is shown. */
export function consentRows(applications: Resource): OwnedRows {
  return {
    path: 'core/user_consent',
    table: 'consents',
    key: 'pk',
    readKey: readNumber,
    model: 'authentik_core.userconsent',
    order: 'pk',
    narrow(rows, { query }) {
      let narrowed = rows;
      const user = query.get('user')?.at(-1);
      if (user) narrowed = narrowed.where('user_pk', '=', wholeNumberOf('user', user));
      const application = query.get('application')?.at(-1);
      if (application) narrowed = narrowed.where(sql<string>`application_id`, '=', application);
      return narrowed;
    },
    async present(rows, context) {
      const { read } = context.core.database;
      const users = await fullUsers(
        read,
        rows.map((row) => row.user_pk),
      );
      const ids = rows.map((row) => String(row.application_id));
      const stored =
        ids.length === 0 ? [] : await read.selectFrom('applications').selectAll().where('id', 'in', ids).execute();
      const objects = await objectsOfRows(read, applicationModel, stored as unknown as Row[]);
      const shown = new Map((await listAnswers(applications, objects, context)).map((view) => [view.pk, view]));
      return rows.map((row) => ({
        pk: row.pk,
        expires: row.expires_at === null ? null : isoOf(row.expires_at),
        expiring: row.expires_at !== null,
        user: users.get(row.user_pk) ?? null,
        application: shown.get(row.application_id) ?? null,
        permissions: row.permissions,
      }));
    },
    async end(transaction, row) {
      await transaction.deleteFrom('consents').where('pk', '=', Number(row.pk)).execute();
    },
  };
}
