/**
 * An error that somebody is told of. `code` is stable and for programs, `message` is safe for anybody to read, and
 * `cause` is only logged. A wrong password is an answer and no Fault.
 */
export class Fault extends Error {
  readonly code: string;
  readonly status: number;
  /** Field name to messages, where the input was at fault. */
  readonly fields: Readonly<Record<string, readonly string[]>> | undefined;
  constructor(
    code: string,
    message: string,
    options: { status?: number; cause?: unknown; fields?: Record<string, readonly string[]> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Fault';
    this.code = code;
    this.status = options.status ?? 400;
    this.fields = options.fields;
  }
}

/** The object is not there, or not for this caller to see. */
export const notFound = (message = 'Not found.'): Fault => new Fault('not_found', message, { status: 404 });
/** The caller may not do this. */
export const forbidden = (message: string): Fault => new Fault('permission_denied', message, { status: 403 });
/** A form or script of another site. */
export const fromAnotherSite = (): Fault =>
  new Fault('cross_site', 'This request was sent from another site.', { status: 403 });
/** The input does not fit; names the fields. */
export const invalid = (fields: Record<string, readonly string[]>): Fault =>
  new Fault('invalid', 'The input is not valid.', { fields });
