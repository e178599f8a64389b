/** Random tokens, the hash they are stored by, and comparison that takes the same time for every input. */
import { hash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

const alphanumeric = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** An opaque token of `bytes` random bytes as base64url; 32 bytes give 43 characters. */
export function randomToken(bytes = 32): string {
  return randomBytes(bytes).toString('base64url');
}

/** Random letters and digits, for what people copy by hand: client ids, client secrets, token keys. */
export function randomAlphanumeric(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length - text.length + 16)) {
      // 248 is the largest multiple of 62 in a byte: what is above would favour the first characters.
      if (byte < 248 && text.length < length) text += alphanumeric[byte % 62];
    }
  }
  return text;
}

/** `length` random decimal digits, leading zeros included. */
export function randomDigits(length: number): string {
  let text = '';
  while (text.length < length) text += String(randomInt(10));
  return text;
}

/** The form in which a token is stored and looked up: SHA-256 in hexadecimal. For random tokens, not for passwords. */
export function hashToken(token: string): string {
  return hash('sha256', token);
}

/** Whether two texts are equal. How long it takes does not tell where they differ. */
export function equalInConstantTime(left: string, right: string): boolean {
  return timingSafeEqual(hash('sha256', left, 'buffer'), hash('sha256', right, 'buffer'));
}
