import { declare, text } from '../../core/declaration.ts';
import { recordEvent } from '../../core/events.ts';
import { endSessions } from '../../core/sessions.ts';
import { defineStage } from '../stage.ts';

/** Ends the session of the browser. */
export const userLogout = defineStage({
  kind: 'user-logout',
  path: 'stages/user_logout',
  declaration: declare({
    model: 'authentik_stages_user_logout.userlogoutstage',
    table: 'stages',
    kind: 'user-logout',
    component: 'ak-stage-user-logout-form',
    verboseName: 'User Logout Stage',
    verboseNamePlural: 'User Logout Stages',
    fields: { name: text({ min: 1, column: 'name', keyColumn: 'name_key' }) },
  }),
  async challenge({ core, request }) {
    const { session, clientAddress } = request;
    if (!session) return { type: 'next' };
    const { pk, username, email } = session.user;
    return {
      type: 'next',
      effect: async (transaction) => {
        await endSessions(transaction, core.now(), [session.id]);
        await recordEvent(transaction, core.now(), {
          action: 'logout',
          app: 'authentik.stages.user_logout',
          user: { pk, username, email },
          clientAddress,
        });
        return { signedOut: true };
      },
    };
  },
});
