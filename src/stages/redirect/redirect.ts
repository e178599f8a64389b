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
      const to = safeTarget(target_static);
      return to === undefined ? { type: 'deny', message: 'This step leads nowhere.' } : { type: 'redirect', to };
    }
    const slug = target_flow === null ? undefined : await run.flowSlug(target_flow);
    if (!slug) return { type: 'deny', message: 'This step leads nowhere.' };
    return { type: 'flow', slug, keepContext: keep_context };
  },
});

/**
 * The target as a browser would read it, if it opens as a page: never a scheme that runs something, and a path stays
 * on this server however it is written.
 */
function safeTarget(target: string): string | undefined {
  if (target.startsWith('/')) {
    const here = 'http://own.invalid';
    const url = URL.parse(target, here);
    return url?.origin === here ? `${url.pathname.replace(/^\/+/, '/')}${url.search}${url.hash}` : undefined;
  }
  const url = URL.parse(target);
  return url && ['http:', 'https:'].includes(url.protocol) ? url.href : undefined;
}
