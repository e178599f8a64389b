/** How a person is told who gets what, and may say yes or leave. */
import { type Html, html, safeUrl } from '../../web/kit/html.ts';
import { drawPerson } from '../../web/kit/person.ts';
import type { Screen } from '../../web/kit/screen.ts';
import type { ConsentChallenge, ConsentPermission } from './consent.wire.ts';

function drawPermissions(title: string, permissions: readonly ConsentPermission[]): Html | undefined {
  if (permissions.length === 0) return undefined;
  return html`<h2>${title}</h2>
<ul class="permissions">${permissions.map((permission) => html`<li>${permission.name || permission.id}</li>`)}</ul>`;
}

export const consentScreen: Screen<ConsentChallenge> = {
  component: 'ak-stage-consent',
  heading: () => 'Allow access?',
  lead: (challenge) => challenge.header_text || 'An application asks for access to your account.',
  body: (challenge) => {
    const more = challenge.additional_permissions.length > 0;
    return html`${drawPerson(challenge.pending_user, challenge.pending_user_avatar)}
${drawPermissions(more ? 'You have already allowed' : 'It asks for', challenge.permissions)}
${drawPermissions(challenge.permissions.length > 0 ? 'Now it also asks for' : 'It asks for', challenge.additional_permissions)}
<input type="hidden" name="token" value="${challenge.token}">`;
  },
  actions: () => [{ label: 'Continue' }],
  after: (challenge) => {
    const cancel = safeUrl(challenge.flow_info?.cancel_url);
    return html`${cancel && html`<ul class="links"><li><a href="${cancel}">Cancel and do not share anything</a></li></ul>`}`;
  },
};
