import { UserManager, WebStorageStateStore } from 'oidc-client-ts';
import type { BrowserSettings } from '../config.ts';

/** The one address that the provider sends people back to, also from the hidden frame of a silent renewal. */
export const CALLBACK_PATH = '/callback';

/**
 * Sets oidc-client-ts up: authorization code with PKCE and no secret (RFC 9700 section 2.1.1), tokens kept for this tab
 * only, renewed a minute before they end.
 */
export function createUserManager(settings: BrowserSettings): UserManager {
  const callback = new URL(CALLBACK_PATH, window.location.origin).href;
  return new UserManager({
    authority: settings.issuer,
    client_id: settings.clientId,
    redirect_uri: callback,
    silent_redirect_uri: callback,
    post_logout_redirect_uri: new URL('/', window.location.origin).href,
    response_type: 'code',
    scope: settings.offlineAccess ? 'openid profile email offline_access' : 'openid profile email',
    automaticSilentRenew: true,
    validateSubOnSilentRenew: true,
    userStore: new WebStorageStateStore({ store: window.sessionStorage }),
  });
}
