/** What a code, a token or a device code remembers of how it came to be. Kept as JSON. */
import type { CodeChallenge } from './pkce.ts';

/** Claims that were asked for by name, besides those of the scopes (OpenID Connect Core section 5.5). */
export type RequestedClaims = { idToken: string[]; userinfo: string[] };

export type Grant = {
  scopes: string[];
  /** When the person last proved who they are, in milliseconds since 1970. */
  authenticatedAt: number;
  /** RFC 8176 references of how. */
  methods: string[];
  nonce?: string;
  claims?: RequestedClaims;
  /** Of a code: the address that it was sent to, and what binds it to its asker. */
  redirectUri?: string;
  challenge?: CodeChallenge;
};
