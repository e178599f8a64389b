/** The shape of a property mapping: an expression that says what an application learns of a person. */
import type { Declaration, Fields, Json } from '../core/declaration.ts';
import type { Membership, User } from '../core/users.ts';

/** What a mapping looks at. */
export type MappingInput = {
  user: User;
  memberships: readonly Membership[];
  /** Names of the application's entitlements that the person has. */
  context: Record<string, Json>;
};

export type Mapping<F extends Fields = Fields> = {
  kind: string;
  path: string;
  declaration: Declaration<F>;
  /** Those that every installation has, by their managed identifier, in our own code instead of an expression. */
  managed: Readonly<Record<string, (input: MappingInput) => Record<string, Json>>>;
};

/** Keeps the exact types of the settings while the registry sees all mappings alike. */
export const defineMapping = <F extends Fields>(mapping: Mapping<F>): Mapping => mapping as unknown as Mapping;
