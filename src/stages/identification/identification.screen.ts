/** How a person is asked who they are: name, perhaps password, and other ways in. */
import type { Framed } from '../../web/kit/challenge.wire.ts';
import { passwordField, textField } from '../../web/kit/field.ts';
import { attributes, type Html, html, safeImageUrl, safeUrl } from '../../web/kit/html.ts';
import type { Screen } from '../../web/kit/screen.ts';
import type { IdentificationChallenge, LoginSource } from './identification.wire.ts';

type Challenge = Framed<IdentificationChallenge>;

const fieldNames: Readonly<Record<string, string>> = {
  email: 'email',
  username: 'username',
  upn: 'user principal name',
};

/** The accepted names as words: "Email or username". */
function nameLabel(userFields: readonly string[]): string {
  const names = userFields.map((field) => fieldNames[field] ?? field);
  const label = names.length > 1 ? `${names.slice(0, -1).join(', ')} or ${names.at(-1)}` : (names[0] ?? '');
  return label.charAt(0).toUpperCase() + label.slice(1);
}

function asksForName(challenge: Challenge): boolean {
  return (challenge.user_fields ?? []).length > 0;
}

function drawName(challenge: Challenge, typed: string | undefined): Html {
  const fields = challenge.user_fields ?? [];
  const value = typed ?? challenge.pending_user_identifier ?? '';
  return textField(
    challenge,
    { name: 'uid_field', label: nameLabel(fields), required: true },
    {
      type: fields.length === 1 && fields[0] === 'email' ? 'email' : 'text',
      inputmode: fields.includes('email') ? 'email' : undefined,
      autocomplete: challenge.passkey_challenge ? 'username webauthn' : 'username',
      autocapitalize: 'none',
      spellcheck: 'false',
      value,
      autofocus: value === '' || !challenge.password_fields,
    },
  );
}

function drawPassword(challenge: Challenge, typed: string | undefined): Html {
  return passwordField(
    challenge,
    { name: 'password', label: 'Password', required: true },
    {
      autocomplete: 'current-password',
      revealable: challenge.allow_show_password ?? false,
      autofocus: Boolean(typed ?? challenge.pending_user_identifier),
    },
  );
}

// The script keeps the name in the browser and shows this box; without the script it would promise too much.
const rememberBox = html`<div class="check" data-remember hidden><input type="checkbox" id="remember-name"><label for="remember-name">Remember my name on this device</label></div>`;

function drawSource(source: LoginSource, labelled: boolean): Html | undefined {
  const href = source.challenge.component === 'xak-flow-redirect' ? safeUrl(source.challenge.to) : undefined;
  // Sources that work by their own script are drawn by that script.
  if (!href) return undefined;
  const icon = safeImageUrl(source.icon_url);
  const name = `Continue with ${source.name}`;
  const named = labelled || !icon || source.promoted;
  return html`<li${attributes({ class: source.promoted ? 'promoted' : undefined })}><a class="button source" href="${href}"${attributes(
    { 'aria-label': named ? undefined : name, title: named ? undefined : name },
  )}>${icon && html`<img src="${icon}" alt="" width="20" height="20">`}${named && html`<span>${name}</span>`}</a></li>`;
}

function drawOtherWays(challenge: Challenge): Html | undefined {
  const sources = challenge.sources ?? [];
  const ordered = [...sources].sort((one, other) => Number(other.promoted ?? false) - Number(one.promoted ?? false));
  // A few buttons have room for their words; only many icons stand without.
  const labelled = challenge.show_source_labels || ordered.length < 4;
  const items = ordered.map((source) => drawSource(source, labelled)).filter((item) => item !== undefined);
  const passwordless = safeUrl(challenge.passwordless_url);
  if (items.length === 0 && !passwordless) return undefined;
  return html`${asksForName(challenge) && html`<div class="or"><span>or</span></div>`}
${passwordless && html`<p class="stretch"><a class="button" href="${passwordless}">Sign in with a passkey</a></p>`}
${items.length > 0 && html`<ul class="sources${labelled ? '' : ' icons'}" aria-label="Other ways to sign in">${items}</ul>`}`;
}

function drawApplication(challenge: Challenge): Html | undefined {
  const name = challenge.application_pre;
  if (!name) return undefined;
  const launch = safeUrl(challenge.application_pre_launch);
  const drawn = launch ? html`<a href="${launch}">${name}</a>` : html`<strong>${name}</strong>`;
  return html`Sign in to continue to ${drawn}.`;
}

export const identificationScreen: Screen<IdentificationChallenge> = {
  component: 'ak-stage-identification',
  heading: (challenge) =>
    challenge.flow_info?.title || (challenge.flow_designation === 'recovery' ? 'Find your account' : 'Sign in'),
  lead: drawApplication,
  body: (challenge, page) =>
    html`${
      asksForName(challenge) &&
      html`${drawName(challenge, page.typed['uid_field'])}
${challenge.password_fields && drawPassword(challenge, page.typed['uid_field'])}
${challenge.enable_remember_me && rememberBox}`
    }`,
  actions: (challenge) => (asksForName(challenge) ? [{ label: challenge.primary_action || 'Continue' }] : []),
  after: (challenge) => {
    const recovery = safeUrl(challenge.recovery_url);
    const enroll = safeUrl(challenge.enroll_url);
    return html`${drawOtherWays(challenge)}
${
  (recovery || enroll) &&
  html`<ul class="links">
${enroll && html`<li>New here? <a href="${enroll}">Create an account</a></li>`}
${recovery && html`<li><a href="${recovery}">Forgot your ${challenge.password_fields ? 'password' : 'username or password'}?</a></li>`}
</ul>`
}`;
  },
  fields: (challenge) => [
    ...(asksForName(challenge) ? [{ name: 'uid_field', label: nameLabel(challenge.user_fields ?? []) }] : []),
    ...(challenge.password_fields ? [{ name: 'password', label: 'Password' }] : []),
  ],
};
