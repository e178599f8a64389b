/**
 * What takes time and must not happen inside a transaction, though only there is known what is needed: hashing the
 * passwords of people, and reading expressions. So a first run of the unit collects what it lacks and is rolled back;
 * the next one finds it made.
 */
import type { Passwords } from '../core/crypto/passwords.ts';
import type { Declaration, ExpressionText } from '../core/declaration.ts';
import {
  type CheckedExpression,
  type CheckExpression,
  expressionsToStore,
  refuseUnreadable,
} from '../core/expression-texts.ts';
import type { Values } from '../core/rows.ts';

type Wanted = { plain: string; stored: string | null };
/** The hash to store, or that the stored one is right already. */
export type PreparedPassword = { unchanged: true } | { unchanged: false; hash: string };

/** Thrown at the end of a unit that lacked something, so that it is rolled back. */
export class PreparationsWanted extends Error {}

const keyOf = ({ plain, stored }: Wanted): string => JSON.stringify([stored, plain]);
const textOf = ({ language, source }: ExpressionText): string => JSON.stringify([language, source]);

export class Preparations {
  readonly #hasher: Passwords;
  readonly #checkExpression: CheckExpression | undefined;
  readonly #prepared = new Map<string, PreparedPassword>();
  readonly #checked = new Map<string, CheckedExpression>();
  #wanted: Wanted[] = [];
  #unchecked: ExpressionText[] = [];

  constructor(hasher: Passwords, checkExpression: CheckExpression | undefined) {
    this.#hasher = hasher;
    this.#checkExpression = checkExpression;
  }

  /** What to do for this password; undefined means that the unit cannot be finished this time. */
  password(plain: string, stored: string | null): PreparedPassword | undefined {
    const prepared = this.#prepared.get(keyOf({ plain, stored }));
    if (!prepared) this.#wanted.push({ plain, stored });
    return prepared;
  }

  /** Throws `invalid` for an expression that cannot be read; one that was not looked at yet passes this time. */
  requireExpressions(declaration: Declaration, given: Values, before?: Values): void {
    if (!this.#checkExpression) return;
    for (const [field, text] of expressionsToStore(declaration, given, before)) {
      const checked = this.#checked.get(textOf(text));
      if (checked) refuseUnreadable(field, checked);
      else this.#unchecked.push(text);
    }
  }

  /** A unit begins again. */
  begin(): void {
    this.#wanted = [];
    this.#unchecked = [];
  }

  /** Ends a unit. Throws PreparationsWanted when something was missing. */
  finish(): void {
    if (this.#wanted.length > 0) throw new PreparationsWanted('passwords are to be hashed first');
    this.finishChecks();
  }

  /** The same for a unit that changes nothing, and so needs no hashes. */
  finishChecks(): void {
    if (this.#unchecked.length > 0) throw new PreparationsWanted('expressions are to be read first');
  }

  /** Makes what the last unit lacked. */
  async prepare(): Promise<void> {
    await this.check();
    for (const wanted of this.#wanted) {
      const same = wanted.stored !== null && (await this.#hasher.verify(wanted.plain, wanted.stored)).valid;
      this.#prepared.set(
        keyOf(wanted),
        same ? { unchanged: true } : { unchanged: false, hash: await this.#hasher.hash(wanted.plain) },
      );
    }
  }

  /** Reads the expressions that the last unit stored without knowing. */
  async check(): Promise<void> {
    for (const text of this.#unchecked) {
      const checked = await this.#checkExpression?.(text.language, text.source);
      this.#checked.set(textOf(text), checked ?? { ok: true });
    }
  }
}
