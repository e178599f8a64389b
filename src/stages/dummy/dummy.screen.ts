/** The screen of the stage that only waits for a click. */
import { html } from '../../web/kit/html.ts';
import type { Screen } from '../../web/kit/screen.ts';
import type { DummyChallenge } from './dummy.wire.ts';

export const dummyScreen: Screen<DummyChallenge> = {
  component: 'ak-stage-dummy',
  heading: (challenge) => challenge.flow_info?.title || 'Dummy stage',
  lead: (challenge) => `This is the stage “${challenge.name}”. It asks nothing.`,
  body: () => html``,
  actions: () => [{ label: 'Continue' }],
};
