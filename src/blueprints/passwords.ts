/**
 * Passwords in blueprints. Hashing takes long and must not happen inside a transaction, but who gets a password is
 * known only there. So a first run of the unit collects what it lacks and is rolled back; the next one finds it made.
 */
import type { Passwords } from '../core/crypto/passwords.ts';

type Wanted = { plain: string; stored: string | null };
/** The hash to store, or that the stored one is right already. */
export type PreparedPassword = { unchanged: true } | { unchanged: false; hash: string };

/** Thrown at the end of a unit that lacked hashes, so that it is rolled back. */
export class PasswordsWanted extends Error {}

const keyOf = ({ plain, stored }: Wanted): string => JSON.stringify([stored, plain]);

export class PreparedPasswords {
  readonly #hasher: Passwords;
  readonly #prepared = new Map<string, PreparedPassword>();
  #wanted: Wanted[] = [];

  constructor(hasher: Passwords) {
    this.#hasher = hasher;
  }

  /** What to do for this password; undefined means that the unit cannot be finished this time. */
  take(plain: string, stored: string | null): PreparedPassword | undefined {
    const prepared = this.#prepared.get(keyOf({ plain, stored }));
    if (!prepared) this.#wanted.push({ plain, stored });
    return prepared;
  }

  /** A unit begins again. */
  begin(): void {
    this.#wanted = [];
  }

  /** Ends a unit. Throws PasswordsWanted when something was missing. */
  finish(): void {
    if (this.#wanted.length > 0) throw new PasswordsWanted('passwords are to be hashed first');
  }

  /** Makes what the last unit lacked. */
  async prepare(): Promise<void> {
    for (const wanted of this.#wanted) {
      const same = wanted.stored !== null && (await this.#hasher.verify(wanted.plain, wanted.stored)).valid;
      this.#prepared.set(
        keyOf(wanted),
        same ? { unchanged: true } : { unchanged: false, hash: await this.#hasher.hash(wanted.plain) },
      );
    }
  }
}
