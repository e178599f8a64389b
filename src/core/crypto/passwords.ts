/**
 * Passwords: hashed with argon2id (RFC 9106; the parameters are OWASP's), verified also in the forms that people
 * bring from elsewhere.
 *
 * Owns hashing, verification and their bounds. Does not own password rules, history, or counting of wrong guesses.
 */
import { hash as argon2Hash, verify as argon2Verify } from '@node-rs/argon2';
import { verifyForeignHash } from './foreign-hashes.ts';
import { makeQueue } from './queue.ts';

/** A longer password is refused before anything is computed. In bytes of UTF-8. */
export const longestPassword = 1024;

/** Whether the password is right, and whether its stored hash should be replaced by a new one. */
export type PasswordVerdict = { readonly valid: boolean; readonly needsRehash: boolean };

export type Passwords = {
  /** Hashes a new password into a PHC string. @throws RangeError over 1024 bytes. @throws Overloaded */
  hash(password: string): Promise<string>;
  /**
   * Compares a password with a stored hash. Without one (nobody of that name, or no usable password, which
   * starts with `!`) the answer is no, after the time that a comparison takes. @throws Overloaded
   */
  verify(password: string, stored: string | undefined): Promise<PasswordVerdict>;
};

const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const ownPrefix = '$argon2id$v=19$m=19456,t=2,p=1$';
/** Costs what a real one costs; no password belongs to it, since its digest is arbitrary. */
const nobodysHash = `${ownPrefix}b3N0aWFyeS1ub2JvZHktMQ$bm8gcGFzc3dvcmQgaGFzaGVzIHRvIHRoaXMgdGV4dC4`;
const wrong: PasswordVerdict = { valid: false, needsRehash: false };

/**
 * Hashing takes threads of the pool that signing uses too, so only two (of four) are ever taken: a burst of
 * sign-ins waits in a line, and no token waits behind it.
 */
export function makePasswords(bounds: { readonly running?: number; readonly waiting?: number } = {}): Passwords {
  const queue = makeQueue({ running: bounds.running ?? 2, waiting: bounds.waiting ?? 200 });
  return {
    async hash(password) {
      if (Buffer.byteLength(password) > longestPassword) throw new RangeError('a password has at most 1024 bytes');
      return queue.run(() => argon2Hash(password, parameters));
    },
    async verify(password, stored) {
      // Says nothing about the account: it is refused for everybody.
      if (Buffer.byteLength(password) > longestPassword) return wrong;
      const usable = stored !== undefined && stored !== '' && !stored.startsWith('!');
      return queue.run(async () => {
        if (!usable) {
          await argon2Verify(nobodysHash, password);
          return wrong;
        }
        // Django names the scheme before the PHC string.
        const text = stored.startsWith('argon2$') ? stored.slice('argon2'.length) : stored;
        const valid = text.startsWith('$argon2')
          ? await verifyArgon2(text, password)
          : await verifyForeignHash(text, password);
        return valid ? { valid: true, needsRehash: !stored.startsWith(ownPrefix) } : wrong;
      });
    },
  };
}

async function verifyArgon2(text: string, password: string): Promise<boolean> {
  const match = /^\$argon2(?:id|i|d)\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$[\w+/]{10,128}\$[\w+/]{10,128}$/.exec(
    text,
  );
  if (match === null) return false;
  const [memory, time, lanes] = match.slice(1).map(Number) as [number, number, number];
  // A stored hash that came from elsewhere must not decide how much memory or time a sign-in takes.
  if (memory > 262_144 || time > 16 || lanes > 16) return false;
  return argon2Verify(text, password);
}
