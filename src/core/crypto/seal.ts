/**
 * Sealing: what must be read again is encrypted, and bound to the place where it belongs.
 *
 * AES-256-GCM (NIST SP 800-38D) with keys derived from the secret key by HKDF (RFC 5869). Owns the form of sealed
 * values and sealed tokens. Does not own where they are kept.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Where a sealed value belongs. A value moved to another table, row or field does not open. */
export type SealedPlace = { readonly table: string; readonly row: string | number; readonly field: string };

/** What a sealed token is for, whom it belongs to, and until when (milliseconds since 1970) it holds. */
export type TokenBinding = { readonly purpose: string; readonly boundTo: string };

/** The value cannot be opened: a foreign key, another place, or altered. */
export class SealBroken extends Error {}

export type Sealer = {
  /** Names the key that seals, in 16 hexadecimal characters. Says nothing about the key. */
  readonly keyId: string;
  /** Seals text for one place: `v1.<key id>.<base64url>`. */
  seal(plain: string, place: SealedPlace): string;
  /** Opens what `seal` made. @throws SealBroken */
  open(sealed: string, place: SealedPlace): string;
  /** The id of the key that a value was sealed with, or undefined where it is not a sealed value. */
  keyIdOf(sealed: string): string | undefined;
  /** Seals a JSON value into URL-safe text that holds until `expiresAt` (milliseconds since 1970). */
  sealToken(value: unknown, binding: TokenBinding & { readonly expiresAt: number }): string;
  /** The value of a token, or undefined where it is malformed, foreign, bound elsewhere or expired at `now`. */
  openToken(token: string, binding: TokenBinding & { readonly now?: number }): unknown;
};

type Keys = { readonly id: string; readonly values: Buffer; readonly tokens: Buffer };

const ivBytes = 12;
const tagBytes = 16;
const expiryBytes = 6;
/** Longer text is not looked at. */
const longestToken = 64 * 1024;

/**
 * Makes a sealer. It seals with `secretKey`, and opens also what one of `olderKeys` sealed.
 *
 * @throws RangeError when a key has fewer than 32 characters.
 */
export function makeSealer(secretKey: string, olderKeys: readonly string[] = []): Sealer {
  const current = deriveKeys(secretKey);
  const byId = new Map([...olderKeys.map(deriveKeys), current].map((keys) => [keys.id, keys]));
  return {
    keyId: current.id,
    seal(plain, place) {
      const body = encrypt(current.values, Buffer.from(plain, 'utf8'), placeText(current.id, place));
      return `v1.${current.id}.${body.toString('base64url')}`;
    },
    open(sealed, place) {
      const [version, id = '', text = '', ...rest] = sealed.split('.');
      const keys = byId.get(id);
      if (version !== 'v1' || rest.length > 0) throw new SealBroken('not a sealed value');
      if (keys === undefined) throw new SealBroken(`sealed with the key ${id}, which is not at hand`);
      const plain = decrypt(keys.values, text, placeText(id, place));
      if (plain === undefined) throw new SealBroken(`does not open as ${place.table}.${place.field}`);
      return plain.toString('utf8');
    },
    keyIdOf(sealed) {
      return /^v1\.([0-9a-f]{16})\.[\w-]+$/.exec(sealed)?.[1];
    },
    sealToken(value, { purpose, boundTo, expiresAt }) {
      const json = JSON.stringify(value);
      if (json === undefined) throw new RangeError('only JSON can be sealed');
      const plain = Buffer.allocUnsafe(expiryBytes + Buffer.byteLength(json));
      plain.writeUIntBE(Math.trunc(expiresAt), 0, expiryBytes);
      plain.write(json, expiryBytes, 'utf8');
      return current.id + encrypt(current.tokens, plain, tokenText(current.id, purpose, boundTo)).toString('base64url');
    },
    openToken(token, { purpose, boundTo, now = Date.now() }) {
      if (token.length > longestToken) return undefined;
      const id = token.slice(0, 16);
      const keys = byId.get(id);
      const plain = keys && decrypt(keys.tokens, token.slice(16), tokenText(id, purpose, boundTo));
      if (plain === undefined || plain.readUIntBE(0, expiryBytes) <= now) return undefined;
      return JSON.parse(plain.toString('utf8', expiryBytes));
    },
  };
}

function deriveKeys(secretKey: string): Keys {
  if (secretKey.length < 32) throw new RangeError('a secret key has at least 32 characters');
  const derive = (use: string, bytes: number): Buffer =>
    Buffer.from(hkdfSync('sha256', secretKey, 'ostiary', `ostiary ${use} v1`, bytes));
  return { id: derive('key id', 8).toString('hex'), values: derive('values', 32), tokens: derive('tokens', 32) };
}

/** As JSON, so that no two places share one text. */
function placeText(id: string, place: SealedPlace): string {
  return JSON.stringify(['value', id, place.table, String(place.row), place.field]);
}

function tokenText(id: string, purpose: string, boundTo: string): string {
  return JSON.stringify(['token', id, purpose, boundTo]);
}

function encrypt(key: Buffer, plain: Buffer, associated: string): Buffer {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(associated, 'utf8'));
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Buffer, text: string, associated: string): Buffer | undefined {
  const body = Buffer.from(text, 'base64url');
  // One value has one spelling: what decodes loosely is refused.
  if (body.length < ivBytes + tagBytes || body.toString('base64url') !== text) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, body.subarray(0, ivBytes), { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(associated, 'utf8'));
  decipher.setAuthTag(body.subarray(body.length - tagBytes));
  try {
    return Buffer.concat([decipher.update(body.subarray(ivBytes, body.length - tagBytes)), decipher.final()]);
  } catch {
    return undefined;
  }
}
