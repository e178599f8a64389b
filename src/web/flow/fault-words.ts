/** What people are told about faults that have a page of their own. Plain words; nothing of the request is in them. */
import type { ErrorPageInput } from './page.ts';

/** The words of one fault; the status that goes with them. */
export interface FaultWords extends Pick<ErrorPageInput, 'title' | 'message' | 'remedy' | 'link'> {
  readonly status: number;
}

const back = 'Go back to the application and try again. If it happens again, tell the people who run it.';
const start = { href: '/', label: 'Go to the start page' };

/** The faults, by a name for what happened. Titles of OAuth faults are those that guides mention. */
export const faultWords = {
  /** No client has this id (RFC 6749, section 4.1.2.1: never redirected). */
  clientId: {
    status: 400,
    title: 'Client ID Error',
    message: 'The application that sent you here is not known.',
    remedy: back,
  },
  /** The address to return to is missing or not registered (RFC 6749, section 4.1.2.1: never redirected). */
  redirectUri: {
    status: 400,
    title: 'Redirect URI Error',
    message: 'The application wants you to return to an address that is not registered for it, so we stopped here.',
    remedy: back,
  },
  invalidRequest: {
    status: 400,
    title: 'This request cannot be understood',
    message: 'Something is missing or wrong in the address that led you here.',
    remedy: back,
  },
  /** A form of ours that another site sent, or a browser that hides where it came from. */
  crossSite: {
    status: 403,
    title: 'This came from another site',
    message: 'For your safety, forms are only accepted from our own pages.',
    remedy: 'Start again here, and do not use links or forms of other sites to sign in.',
    link: start,
  },
  notFound: {
    status: 404,
    title: 'Page not found',
    message: 'There is nothing at this address.',
    remedy: 'Check the address, or start from the beginning.',
    link: start,
  },
  tooMany: {
    status: 429,
    title: 'Too many attempts',
    message: 'There were too many attempts in a short time.',
    remedy: 'Wait a few minutes, then try again.',
  },
  /** The Host of the request is neither the base URL's, nor a brand's, nor loopback. */
  wrongHost: {
    status: 421,
    title: 'Wrong address',
    message: 'This server does not answer to the name in your address bar.',
    remedy:
      'Use the address that you were given. If you run this server: set its base URL, or add a brand for this domain.',
  },
  unexpected: {
    status: 500,
    title: 'Something went wrong',
    message: 'This is not your fault. Please try again in a moment.',
    remedy: 'If it happens again, tell the people who run this service the number of the request below.',
    link: start,
  },
} as const satisfies Record<string, FaultWords>;
