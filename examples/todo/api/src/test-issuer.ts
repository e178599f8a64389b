// For the tests: an issuer with real keys and a real key set on a real port.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import type { JWK } from 'jose';

/** Claims may have any shape: many tests send wrong ones. */
type Claims = Record<string, unknown>;

type SigningKey = { kid: string; algorithm: string; privateKey: CryptoKey; publicKey: CryptoKey };

/** An issuer whose tokens a test can shape. `audience` is what its good tokens name. */
export class TestIssuer {
  readonly audience = 'todo-client';
  url = '';
  /** How often the key set was asked for. */
  keyFetches = 0;
  /** When true, the key set answers 503. */
  away = false;
  #key: SigningKey | undefined;
  #published: JWK[] = [];
  readonly #server = createServer((request, response) => {
    if (request.url !== '/application/o/todo-app/jwks/') return void response.writeHead(404).end();
    this.keyFetches += 1;
    if (this.away) return void response.writeHead(503).end();
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: this.#published }));
  });

  static async start(): Promise<TestIssuer> {
    const issuer = new TestIssuer();
    await issuer.rotate('first', 'RS256');
    await new Promise<void>((resolve) => issuer.#server.listen(0, '127.0.0.1', resolve));
    const { port } = issuer.#server.address() as AddressInfo;
    issuer.url = `http://127.0.0.1:${port}/application/o/todo-app/`;
    return issuer;
  }

  /** From now on signs with a new key, and publishes only that one. */
  async rotate(kid: string, algorithm: string): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
    this.#key = { kid, algorithm, privateKey, publicKey };
    this.#published = [{ ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' }];
  }

  /** A good token for the person, unless the claims or the header say otherwise. A claim of undefined is left out. */
  async token(subject: string, claims: Claims = {}, header: { kid?: string } = {}): Promise<string> {
    const { algorithm, privateKey, kid } = this.#signingKey();
    return new SignJWT(this.#claims(subject, claims))
      .setProtectedHeader({ alg: algorithm, kid, typ: 'JWT', ...header })
      .sign(privateKey);
  }

  /** A token with `alg: none` and no signature (RFC 7519 section 6). */
  unsignedToken(subject: string): string {
    const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
    return `${encode({ alg: 'none', typ: 'JWT' })}.${encode(this.#claims(subject, {}))}.`;
  }

  /** A token whose HMAC key is the text of the public key, which everybody can know. */
  async tokenSignedWithPublicKey(subject: string): Promise<string> {
    const { publicKey, kid } = this.#signingKey();
    const secret = new TextEncoder().encode(await exportSPKI(publicKey));
    return new SignJWT(this.#claims(subject, {})).setProtectedHeader({ alg: 'HS256', kid }).sign(secret);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #claims(subject: string, claims: Claims): Claims {
    const now = Math.floor(Date.now() / 1000);
    return { iss: this.url, aud: this.audience, sub: subject, iat: now, exp: now + 300, ...claims };
  }

  #signingKey(): SigningKey {
    if (!this.#key) throw new Error('The issuer has no key yet.');
    return this.#key;
  }
}
