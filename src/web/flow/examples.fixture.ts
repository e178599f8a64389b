/** One realistic challenge for every screen, for tests. Nothing of the program imports this. */
import { consentScreen } from '../../stages/consent/consent.screen.ts';
import { dummyScreen } from '../../stages/dummy/dummy.screen.ts';
import { identificationScreen } from '../../stages/identification/identification.screen.ts';
import { passwordScreen } from '../../stages/password/password.screen.ts';
import { promptScreen } from '../../stages/prompt/prompt.screen.ts';
import { type PromptField, promptTypes } from '../../stages/prompt/prompt.wire.ts';
import { userLoginScreen } from '../../stages/user-login/user-login.screen.ts';
import type { Framed } from '../kit/challenge.wire.ts';
import type { Screen } from '../kit/screen.ts';
import { endingScreens } from './endings.screen.ts';
import { type FlowPageInput, renderFlowPage } from './page.ts';

const frame = {
  flow_info: { title: 'Welcome!', cancel_url: '/flows/-/cancel/', layout: 'stacked' as const },
};
const person = { pending_user: 'ann', pending_user_avatar: 'https://pictures.example.org/ann.png' };
const wrong = (...fields: string[]) => ({
  response_errors: Object.fromEntries(fields.map((field) => [field, [{ string: 'That is wrong.', code: 'invalid' }]])),
});

/** What a page needs besides its screen. */
export const surroundings = {
  formAction: '/if/flow/default-authentication-flow/',
  hiddenFields: { run: 'sealed-run' },
  brand: { title: 'Example', logoUrl: '', faviconUrl: '', language: 'en', customCss: '' },
  assets: { stylesheet: '/static/flow.0.css', script: '/static/flow.0.js' },
  nonce: 'nonce',
  requestId: 'request-1',
};

/** A challenge with its screen, and the page that shows it. */
export interface Example {
  readonly challenge: object;
  /** The same page again, with other words in its challenge and around it. */
  draw(change?: (challenge: object) => object, more?: Partial<FlowPageInput<{ component: string }>>): string;
}

function example<C extends { readonly component: string }>(screen: Screen<C>, challenge: Framed<C>): Example {
  return {
    challenge,
    // A change keeps the shape, which TypeScript cannot see.
    draw: (change = (same) => same, more = {}) =>
      renderFlowPage({ ...surroundings, ...(more as object), screen, challenge: change(challenge) as Framed<C> }),
  };
}

const choices = [
  { value: 'aisle', label: 'Aisle' },
  { value: 'window', label: 'Window' },
];
const promptFields = promptTypes.map(
  (type, order): PromptField => ({
    field_key: `key-${order}`,
    label: `Label ${order}`,
    type,
    required: order % 2 === 0,
    placeholder: 'For example this',
    initial_value: 'At first',
    order,
    sub_text: 'A word of help',
    choices: type === 'dropdown' || type === 'radio-button-group' || type === 'ak-locale' ? choices : null,
  }),
);

/** Every screen, by a name that says what it shows. */
export const examples: Readonly<Record<string, Example>> = {
  identification: example(identificationScreen, {
    component: 'ak-stage-identification',
    user_fields: ['email', 'username'],
    password_fields: true,
    allow_show_password: true,
    application_pre: 'Todo',
    flow_designation: 'authentication',
    enroll_url: '/if/flow/enrollment/',
    recovery_url: '/if/flow/recovery/',
    passwordless_url: '/if/flow/passkey/',
    primary_action: 'Log in',
    sources: ['GitHub', 'Google', 'GitLab', 'Company'].map((name, index) => ({
      name,
      icon_url: `/icons/${name}.svg`,
      promoted: index === 3,
      challenge: { component: 'xak-flow-redirect', to: `/source/oauth/login/${name}/` },
    })),
    show_source_labels: false,
    enable_remember_me: true,
    ...frame,
    ...wrong('non_field_errors'),
  }),
  password: example(passwordScreen, {
    component: 'ak-stage-password',
    allow_show_password: true,
    recovery_url: '/if/flow/recovery/',
    ...person,
    ...frame,
    ...wrong('password'),
  }),
  consent: example(consentScreen, {
    component: 'ak-stage-consent',
    header_text: 'Todo would like to use your account.',
    permissions: [{ id: 'openid', name: 'Know who you are' }],
    additional_permissions: [{ id: 'offline_access', name: 'Stay connected' }],
    token: 'consent-token',
    ...person,
    ...frame,
  }),
  prompt: example(promptScreen, {
    component: 'ak-stage-prompt',
    fields: promptFields,
    ...frame,
    ...wrong(...promptFields.map((field) => field.field_key), 'non_field_errors'),
  }),
  'user-login': example(userLoginScreen, { component: 'ak-stage-user-login', ...person, ...frame }),
  dummy: example(dummyScreen, { component: 'ak-stage-dummy', name: 'waiting', ...frame }),
  'access-denied': example(endingScreens['ak-stage-access-denied'], {
    component: 'ak-stage-access-denied',
    error_message: 'Only staff may enter.',
    ...person,
    ...frame,
  }),
  'flow-error': example(endingScreens['ak-stage-flow-error'], {
    component: 'ak-stage-flow-error',
    request_id: 'request-1',
    error: 'It broke',
    traceback: 'at here',
    ...frame,
  }),
  'session-end': example(endingScreens['ak-stage-session-end'], {
    component: 'ak-stage-session-end',
    application_name: 'Todo',
    application_launch_url: 'https://todo.example.org/',
    invalidation_flow_url: '/if/flow/default-invalidation-flow/',
    overview_url: '/if/user/',
    brand_name: 'Example',
    ...person,
    ...frame,
  }),
  redirect: example(endingScreens['xak-flow-redirect'], {
    component: 'xak-flow-redirect',
    to: 'https://todo.example.org/callback?code=1',
    ...frame,
  }),
  autosubmit: example(endingScreens['ak-stage-autosubmit'], {
    component: 'ak-stage-autosubmit',
    url: 'https://todo.example.org/callback',
    attrs: { code: 'the-code', submit: 'a field that hides the method of the form' },
    title: 'Redirecting to Todo',
    ...frame,
  }),
  confirm: example(endingScreens['ostiary-flow-confirm'], {
    component: 'ostiary-flow-confirm',
    flow_designation: 'invalidation',
    application_name: 'Todo',
    ...person,
    ...frame,
  }),
  'device-code': example(endingScreens['ak-provider-oauth2-device-code'], {
    component: 'ak-provider-oauth2-device-code',
    code: 'BCDF-GHJK',
    ...frame,
    ...wrong('code'),
  }),
  'device-code-finish': example(endingScreens['ak-provider-oauth2-device-code-finish'], {
    component: 'ak-provider-oauth2-device-code-finish',
    ...frame,
  }),
};
