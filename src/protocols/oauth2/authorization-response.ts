/** Answers to the client through the browser: by query, fragment, or a form that posts itself. */
import type { FlowEnd } from '../../flow/door.ts';
import type { Target } from './authorization-request.ts';
import type { OAuthError } from './errors.ts';

/** Takes the answer to the client. `iss` tells it who answers (RFC 9207); state comes back as it was sent. */
export function answerClient(target: Target, issuer: string, answer: Readonly<Record<string, string>>): FlowEnd {
  const { redirectUri, mode, state } = target;
  const attrs = { ...answer, ...(state !== undefined && { state }), iss: issuer };
  if (mode === 'form_post') {
    return { type: 'challenge', challenge: { component: 'ak-stage-autosubmit', url: redirectUri, attrs } };
  }
  const text = new URLSearchParams(attrs).toString();
  const joint = mode === 'fragment' ? '#' : redirectUri.includes('?') ? '&' : '?';
  return { type: 'redirect', to: `${redirectUri}${joint}${text}` };
}

/** Tells the client of an error (RFC 6749 section 4.1.2.1). */
export function refuseClient(target: Target, issuer: string, error: OAuthError): FlowEnd {
  return answerClient(target, issuer, { error: error.code, error_description: error.message });
}
