/** What a resource of the API says of itself; the endpoint (endpoint.ts) does everything else from it. */
import type { Declaration } from '../core/declaration.ts';
import type { StoredObject } from '../core/objects.ts';
import type { Queries } from '../db/database.ts';
import type { Filter } from './conditions.ts';
import type { Verb } from './permissions.ts';
import type { AdminContext, OpenContext } from './services.ts';

/** Values by field name, as they are on the wire. */
export type Values = Record<string, unknown>;

/** A change that is about to be made. `before` is undefined for a new object. */
export type Change = { values: Values; before: StoredObject | undefined; context: AdminContext };

/** How the path names an object. */
export type Lookup = 'id' | 'pk' | 'slug' | 'identifier';

/**
 * One more call on a resource. `needs` is what the caller must be allowed on the object (or on all objects): a verb,
 * or a permission in full; `caller` admits everybody who is known, `nobody` also those who are not.
 */
export type CollectionAction = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  name: string;
  /** What it does, for the document. */
  summary: string;
} & (
  | { needs: Verb | 'caller' | `${string}.${string}`; handle(context: AdminContext): Promise<unknown> }
  | { needs: 'nobody'; handle(context: OpenContext): Promise<unknown> }
);
export type ObjectAction = {
  method: 'GET' | 'POST' | 'PATCH';
  name: string;
  summary: string;
  needs: Verb | 'caller' | `${string}.${string}`;
  handle(context: AdminContext, object: StoredObject): Promise<unknown>;
};

export type Resource = {
  /** Below `/api/v3/`, without slashes at its ends. */
  path: string;
  lookup: Lookup;
  declaration: Declaration;
  /** Columns that a search looks through. */
  search: readonly string[];
  /** The column that a list is sorted by when nobody says otherwise. */
  order: string;
  /** Filters beside those that every field with a plain value has. */
  filters?: Readonly<Record<string, Filter>>;
  /** Names that a list may also be sorted by, and their columns. */
  orderings?: Readonly<Record<string, string>>;
  /**
   * Fields that can be very long, such as the members of a group. They are read only for answers, and there only where
   * `heavyWanted` says so.
   */
  heavy?: readonly string[];
  heavyWanted?(context: AdminContext): boolean;
  /** What may be done; everything when left out. */
  methods?: readonly ('create' | 'update' | 'delete')[];
  /** The column with the number of the person an object belongs to; owners may see, change and delete theirs. */
  ownerColumn?: string;
  /** Which of their objects owners may look at and change without a permission; all when left out. */
  owned?(object: StoredObject): boolean;
  /** Fields that may hold secrets though they are no secret fields; events only tell that they changed. */
  unlogged?: readonly string[];
  /** Only superusers may change anything: what is written here acts with all rights later. */
  superusersOnly?: boolean;
  /** The name of the property with the key; `pk` unless authentik calls it otherwise. */
  keyProperty?: string;
  /** Adds properties to the answers: one record for each object, read in bulk. */
  present?(objects: readonly StoredObject[], context: AdminContext): Promise<Values[]>;
  /** Completes or refuses values before the unit of work begins, so it may take time. Throws `invalid`. */
  prepare?(change: Change): Promise<Values>;
  /** Who may create beside those with the permission; may change the values, as for one's own tokens. */
  createOwn?(change: Change): Values | undefined;
  /** Writes a new object where the plain way is not enough. */
  insert?(transaction: Queries, values: Values, context: AdminContext): Promise<StoredObject>;
  /** Refuses a change after it was made, by throwing: then nothing has happened. */
  check?(transaction: Queries, after: StoredObject, change: Change): Promise<void>;
  /** The same for a removal, before it is made. */
  checkRemoval?(transaction: Queries, object: StoredObject, context: AdminContext): Promise<void>;
  onCollection?: readonly CollectionAction[];
  onObject?: readonly ObjectAction[];
};
