/** How a flow ends, where it leads on, and what a protocol asks on its way: the screens that belong to no stage. */
import { textField } from '../kit/field.ts';
import { type Html, html, safeUrl } from '../kit/html.ts';
import { drawPerson } from '../kit/person.ts';
import type { Screen } from '../kit/screen.ts';
import type {
  AccessDeniedChallenge,
  AutosubmitChallenge,
  ConfirmChallenge,
  DeviceCodeChallenge,
  DeviceCodeFinishChallenge,
  FlowErrorChallenge,
  RedirectChallenge,
  SessionEndChallenge,
} from './endings.wire.ts';

function linkButton(url: string | undefined, label: string, main = false): Html | undefined {
  const href = safeUrl(url);
  return href ? html`<a class="button${main ? ' main' : ''}" href="${href}">${label}</a>` : undefined;
}

/** Where a URL leads, in a sentence. */
function leadTo(url: string): string {
  if (!safeUrl(url)) return 'The next address cannot be opened from here.';
  return `You are being taken to ${URL.parse(url)?.host ?? 'the next page'}.`;
}

export const accessDeniedScreen: Screen<AccessDeniedChallenge> = {
  component: 'ak-stage-access-denied',
  heading: () => 'Access denied',
  lead: (challenge) => challenge.error_message || 'You may not go on here.',
  body: (challenge) => html`${drawPerson(challenge.pending_user, challenge.pending_user_avatar)}
<p>If you think this is a mistake, ask the people who run this service.</p>
<div class="actions">${linkButton(challenge.flow_info?.cancel_url, 'Start again')}</div>`,
};

export const flowErrorScreen: Screen<FlowErrorChallenge> = {
  component: 'ak-stage-flow-error',
  heading: () => 'Something went wrong',
  lead: () => 'This is not your fault. Please try again in a moment.',
  body: (
    challenge,
  ) => html`<p>If it happens again, tell the people who run this service this number: <code>${challenge.request_id}</code></p>
${challenge.error && html`<details><summary>For administrators</summary><pre tabindex="0">${challenge.error}${challenge.traceback && `\n\n${challenge.traceback}`}</pre></details>`}
<div class="actions">${linkButton(challenge.flow_info?.cancel_url, 'Start again')}</div>`,
};

export const sessionEndScreen: Screen<SessionEndChallenge> = {
  component: 'ak-stage-session-end',
  heading: (challenge) =>
    challenge.flow_info?.title ||
    (challenge.application_name ? `You have left ${challenge.application_name}` : 'You are signed out'),
  body: (challenge) => {
    const application = challenge.application_name || 'the application';
    const signOut = linkButton(challenge.invalidation_flow_url, `Sign out of ${challenge.brand_name}`);
    return html`${drawPerson(challenge.pending_user, challenge.pending_user_avatar)}
<p>${
      signOut
        ? `You are still signed in to ${challenge.brand_name}. Sign out there too if other people use this device.`
        : 'You can close this page.'
    }</p>
<div class="actions stacked">${linkButton(challenge.application_launch_url, `Go back to ${application}`, true)}${signOut}${linkButton(
      challenge.overview_url,
      'See all my applications',
    )}</div>`;
  },
};

export const redirectScreen: Screen<RedirectChallenge> = {
  component: 'xak-flow-redirect',
  heading: () => 'One moment…',
  lead: (challenge) => leadTo(challenge.to),
  body: (challenge) => {
    const to = safeUrl(challenge.to);
    return html`${to && html`<div class="actions"><a class="button main" href="${to}" data-redirect>Continue</a></div>`}`;
  },
};

export const autosubmitScreen: Screen<AutosubmitChallenge> = {
  component: 'ak-stage-autosubmit',
  heading: (challenge) => challenge.title || challenge.flow_info?.title || 'One moment…',
  lead: (challenge) => leadTo(challenge.url),
  body: (challenge) => {
    const url = safeUrl(challenge.url);
    if (!url) return html``;
    return html`<form method="post" action="${url}" data-autosubmit>
${Object.entries(challenge.attrs).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
<div class="actions"><button class="button main">Continue</button></div>
</form>`;
  },
};

export const confirmScreen: Screen<ConfirmChallenge> = {
  component: 'ostiary-flow-confirm',
  heading: (challenge) =>
    challenge.flow_designation === 'invalidation' ? 'Sign out?' : challenge.flow_info?.title || 'Do you want to go on?',
  lead: (challenge) => {
    const where = challenge.application_name;
    if (challenge.flow_designation === 'invalidation') return `You will be signed out${where ? ` of ${where}` : ''}.`;
    return `Choose Continue to go on${where ? ` to ${where}` : ''}.`;
  },
  body: (challenge) => html`${drawPerson(challenge.pending_user ?? '', challenge.pending_user_avatar)}`,
  actions: (challenge) => [{ label: challenge.flow_designation === 'invalidation' ? 'Sign out' : 'Continue' }],
  after: (challenge) =>
    html`${challenge.flow_designation === 'invalidation' && html`<ul class="links"><li><a href="/">Stay signed in</a></li></ul>`}`,
};

export const deviceCodeScreen: Screen<DeviceCodeChallenge> = {
  component: 'ak-provider-oauth2-device-code',
  heading: () => 'Connect a device',
  lead: () => 'Enter the code that your device shows.',
  // RFC 8628, section 5.4: the person must know that somebody else may have sent them here.
  body: (challenge, page) =>
    html`${textField(
      challenge,
      {
        name: 'code',
        label: 'Code',
        required: true,
        hint: 'Only go on if the device is in front of you. Never enter a code that somebody sent you.',
      },
      {
        class: 'code',
        value: page.typed['code'] ?? challenge.code ?? '',
        autocomplete: 'off',
        autocapitalize: 'characters',
        spellcheck: 'false',
        autofocus: true,
      },
    )}`,
  actions: () => [{ label: 'Continue' }],
  fields: () => [{ name: 'code', label: 'Code' }],
};

export const deviceCodeFinishScreen: Screen<DeviceCodeFinishChallenge> = {
  component: 'ak-provider-oauth2-device-code-finish',
  heading: () => 'Your device is connected',
  lead: () => 'Go on there. You can close this page.',
  body: () => html``,
};

/** Every screen of this file, by the component it draws. */
export const endingScreens = {
  'ak-stage-access-denied': accessDeniedScreen,
  'ak-stage-flow-error': flowErrorScreen,
  'ak-stage-session-end': sessionEndScreen,
  'xak-flow-redirect': redirectScreen,
  'ak-stage-autosubmit': autosubmitScreen,
  'ostiary-flow-confirm': confirmScreen,
  'ak-provider-oauth2-device-code': deviceCodeScreen,
  'ak-provider-oauth2-device-code-finish': deviceCodeFinishScreen,
} as const;
