import { choice, declare, flag, optionalReference, text } from '../../core/declaration.ts';
import { defineStage } from '../stage.ts';

/** Leaves the flow for a fixed address, or goes on in another flow. */
export const redirect = defineStage({
  kind: 'redirect',
  path: 'stages/redirect',
  declaration: declare({
    model: 'authentik_stages_redirect.redirectstage',
    table: 'stages',
    kind: 'redirect',
    component: 'ak-stage-redirect-form',
    verboseName: 'Redirect Stage',
    verboseNamePlural: 'Redirect Stages',
    fields: {
      name: text({ min: 1, column: 'name', keyColumn: 'name_key' }),
      keep_context: flag(true, { help: 'Take what was gathered along into the other flow.' }),
      mode: choice(['static', 'flow']),
      target_static: text({ default: '', max: 2000, help: 'An http or https address, or a path of this server.' }),
      target_flow: optionalReference('flows'),
    },
  }),
  async challenge(run) {
    const { mode, target_static, target_flow, keep_context } = run.settings;
    if (mode === 'static') {
      if (!isSafe(target_static)) return { type: 'deny', message: 'This step leads nowhere.' };
      return { type: 'redirect', to: target_static };
    }
    const slug = target_flow === null ? undefined : await run.flowSlug(target_flow);
    if (!slug) return { type: 'deny', message: 'This step leads nowhere.' };
    return { type: 'flow', slug, keepContext: keep_context };
  },
});

/** Only what a browser opens as a page: never a scheme that runs something. */
function isSafe(target: string): boolean {
  if (/^\/(?![/\\])/.test(target)) return true;
  return URL.canParse(target) && ['http:', 'https:'].includes(new URL(target).protocol);
}
