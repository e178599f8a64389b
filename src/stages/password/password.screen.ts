/** How a person is asked for their password. */
import { passwordField } from '../../web/kit/field.ts';
import { html, safeUrl } from '../../web/kit/html.ts';
import { drawPerson } from '../../web/kit/person.ts';
import type { Screen } from '../../web/kit/screen.ts';
import type { PasswordChallenge } from './password.wire.ts';

export const passwordScreen: Screen<PasswordChallenge> = {
  component: 'ak-stage-password',
  heading: (challenge) => challenge.flow_info?.title || 'Enter your password',
  // Password managers look for the name beside the password. It is sent so that a run that starts again still knows it.
  body: (
    challenge,
  ) => html`${drawPerson(challenge.pending_user, challenge.pending_user_avatar, challenge.flow_info?.cancel_url)}
<input type="text" name="uid_field" autocomplete="username" value="${challenge.pending_user}" readonly hidden>
${passwordField(
  challenge,
  { name: 'password', label: 'Password', required: true },
  { autocomplete: 'current-password', revealable: challenge.allow_show_password ?? false, autofocus: true },
)}`,
  actions: () => [{ label: 'Continue' }],
  after: (challenge) => {
    const recovery = safeUrl(challenge.recovery_url);
    return html`${recovery && html`<ul class="links"><li><a href="${recovery}">Forgot your password?</a></li></ul>`}`;
  },
  fields: () => [{ name: 'password', label: 'Password' }],
};
