import { ErrorResponse, ErrorTimeout } from 'oidc-client-ts';

export const SESSION_ENDED = 'Your session has ended. Please sign in again.';
export const SIGNED_OUT = 'You are signed out. See you soon.';
export const SIGNED_OUT_HERE_ONLY =
  'You are signed out on this page, but the sign-in service could not be reached, so you may still be signed in there.';

/** Says in plain words why a sign-in or a renewal did not work. */
export function explainSignInFault(
  fault: unknown,
  otherwise = 'The sign-in could not be finished. Please try again.',
): string {
  if (!window.isSecureContext) {
    return 'The browser allows sign-in only over https:// or on localhost. Please open this page by such an address.';
  }
  if (fault instanceof ErrorResponse) {
    if (fault.error === 'access_denied') return 'You were not let in to this application, or you stopped the sign-in.';
    if (fault.error === 'server_error' || fault.error === 'temporarily_unavailable') {
      return 'The sign-in service has a problem. Please try again in a moment.';
    }
    return otherwise;
  }
  if (fault instanceof ErrorTimeout || fault instanceof TypeError) {
    return 'The sign-in service does not answer. Please check your connection and try again.';
  }
  return otherwise;
}
