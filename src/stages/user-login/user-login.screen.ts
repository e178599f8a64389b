/** How a person chooses whether to stay signed in. */
import { html } from '../../web/kit/html.ts';
import { drawPerson } from '../../web/kit/person.ts';
import type { Screen } from '../../web/kit/screen.ts';
import type { UserLoginChallenge } from './user-login.wire.ts';

export const userLoginScreen: Screen<UserLoginChallenge> = {
  component: 'ak-stage-user-login',
  heading: () => 'Stay signed in?',
  lead: () => 'You will be asked to sign in less often on this device.',
  body: (challenge) => html`${drawPerson(challenge.pending_user, challenge.pending_user_avatar)}
<p class="hint">Choose no if other people use this device too.</p>`,
  actions: () => [
    { label: 'Yes, stay signed in', name: 'remember_me', value: 'true' },
    { label: 'No', name: 'remember_me', value: 'false' },
  ],
};
