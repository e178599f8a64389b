import { declare, text } from '../../core/declaration.ts';
import { defineStage } from '../stage.ts';

/** Ends the flow with a refusal. Policies on its binding decide for whom. */
export const deny = defineStage({
  kind: 'deny',
  path: 'stages/deny',
  declaration: declare({
    model: 'authentik_stages_deny.denystage',
    table: 'stages',
    kind: 'deny',
    component: 'ak-stage-deny-form',
    verboseName: 'Deny Stage',
    verboseNamePlural: 'Deny Stages',
    fields: {
      name: text({ min: 1, column: 'name', keyColumn: 'name_key' }),
      deny_message: text({ default: '', max: 2000, help: 'What the person is told.' }),
    },
  }),
  async challenge({ settings }) {
    return { type: 'deny', message: settings.deny_message || 'Access denied.' };
  },
});
