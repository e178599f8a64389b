/** A relying party by a certified library (openid-client), and a person who signs in there with a browser. */
import * as oidc from 'openid-client';
import type { OAuth2Client } from '../environment/ostiary.ts';
import type { Visitor } from '../environment/visitor.ts';

/** What the relying party keeps until the browser comes back. */
export type Checks = { pkceCodeVerifier: string; expectedState: string; expectedNonce: string };

/** Reads the discovery document. Signatures of ID tokens are checked too, also where TLS would do instead. */
export const discover = (
  { issuer, clientId }: Pick<OAuth2Client, 'issuer' | 'clientId'>,
  authentication: oidc.ClientAuth,
  clockSkewSeconds = 0,
): Promise<oidc.Configuration> =>
  oidc.discovery(new URL(issuer), clientId, { [oidc.clockSkew]: clockSkewSeconds }, authentication, {
    execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
  });

/** Sends a browser in which somebody has signed in, and returns where it came back to. */
export async function comeBack(
  config: oidc.Configuration,
  browser: Visitor,
  redirectUri: string,
  scope = 'openid profile email offline_access',
): Promise<{ back: URL; checks: Checks }> {
  const checks: Checks = {
    pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
    expectedState: oidc.randomState(),
    expectedNonce: oidc.randomNonce(),
  };
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope,
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
  });
  const { location } = await browser.open(url.href);
  if (location === undefined) throw new Error(`the browser did not come back: ${browser.words()}`);
  return { back: new URL(location), checks };
}
