// Who is signed in on this page. This file owns the way there and back; oidc-client-ts speaks the protocol.
import type { User, UserManager } from 'oidc-client-ts';
import { explainSignInFault, SESSION_ENDED, SIGNED_OUT, SIGNED_OUT_HERE_ONLY } from './session-words.ts';
import { CALLBACK_PATH } from './user-manager.ts';

/** What the page shows depends on this alone. */
export type SessionState =
  | { readonly status: 'starting' }
  | { readonly status: 'leaving'; readonly toward: 'sign-in' | 'sign-out' }
  | { readonly status: 'signed-out'; readonly notice: string | undefined }
  | { readonly status: 'signed-in'; readonly subject: string; readonly name: string };

/** Set while the person is away at the provider to sign out, so that the page can confirm it afterwards. */
const SIGNING_OUT = 'todo.signing-out';

/** A person's session on this page. It tells subscribers of every change. */
export class Session {
  readonly #manager: UserManager;
  readonly #subscribers = new Set<() => void>();
  #state: SessionState = { status: 'starting' };
  #accessToken: string | undefined;
  #started: Promise<void> | undefined;
  #renewal: Promise<boolean> | undefined;

  constructor(manager: UserManager) {
    this.#manager = manager;
    manager.events.addUserLoaded((user) => this.#enter(user));
    // The library renews a minute ahead. This comes when it could not, or when the machine slept.
    manager.events.addAccessTokenExpired(() => void this.renewOrEnd());
  }

  get state(): SessionState {
    return this.#state;
  }

  /** The token for the API while somebody is signed in. */
  get accessToken(): string | undefined {
    return this.#accessToken;
  }

  /** Calls back after each change, until the returned function is called. */
  subscribe(subscriber: () => void): () => void {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  /**
   * Finds out who is here: somebody coming back from the provider, or from before a reload. A code works once, and React's
   * strict mode runs effects twice, so all calls share the first one's work.
   */
  start(): Promise<void> {
    this.#started ??= window.location.pathname === CALLBACK_PATH ? this.#finishSignIn() : this.#resume();
    return this.#started;
  }

  /** Goes to the provider to sign in. */
  async signIn(): Promise<void> {
    this.#change({ status: 'leaving', toward: 'sign-in' });
    try {
      await this.#manager.signinRedirect();
    } catch (fault) {
      this.#leave(explainSignInFault(fault));
    }
  }

  /** Ends the session here and at the provider, which sends the person back to the root of this page. */
  async signOut(): Promise<void> {
    this.#change({ status: 'leaving', toward: 'sign-out' });
    window.sessionStorage.setItem(SIGNING_OUT, 'yes');
    try {
      await this.#manager.signoutRedirect();
    } catch {
      window.sessionStorage.removeItem(SIGNING_OUT);
      this.#leave(SIGNED_OUT_HERE_ONLY);
    }
  }

  /** Asks the provider for a new token without showing anything. Without one, the session ends with words about it. */
  renewOrEnd(): Promise<boolean> {
    this.#renewal ??= this.#renewOnce().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  /** Forgets the person on this page only. */
  async end(notice: string): Promise<void> {
    if (this.#state.status === 'leaving') return;
    await this.#manager.removeUser();
    this.#leave(notice);
  }

  async #renewOnce(): Promise<boolean> {
    try {
      return (await this.#manager.signinSilent()) !== null;
    } catch (fault) {
      await this.end(explainSignInFault(fault, SESSION_ENDED));
      return false;
    }
  }

  async #finishSignIn(): Promise<void> {
    try {
      await this.#manager.signinCallback();
    } catch (fault) {
      // The way back in the browser's history leads here again with a used code, while the session is still good.
      const user = await this.#manager.getUser();
      if (user && !user.expired) this.#enter(user);
      else this.#leave(explainSignInFault(fault));
    }
    window.history.replaceState(null, '', '/');
  }

  async #resume(): Promise<void> {
    const signedOut = window.sessionStorage.getItem(SIGNING_OUT) !== null;
    window.sessionStorage.removeItem(SIGNING_OUT);
    // A renewal that was on its way while the person signed out may have left a token behind.
    if (signedOut) await this.#manager.removeUser();
    const user = await this.#manager.getUser();
    if (user && !user.expired) return this.#enter(user);
    if (user) return void (await this.renewOrEnd());
    this.#leave(signedOut ? SIGNED_OUT : undefined);
  }

  #enter(user: User): void {
    const { sub, name, preferred_username: username, email } = user.profile;
    this.#accessToken = user.access_token;
    if (this.#state.status === 'leaving') return;
    this.#change({ status: 'signed-in', subject: sub, name: name || username || email || 'You' });
  }

  #leave(notice: string | undefined): void {
    this.#accessToken = undefined;
    this.#change({ status: 'signed-out', notice });
  }

  #change(state: SessionState): void {
    this.#state = state;
    for (const subscriber of this.#subscribers) subscriber();
  }
}
