/**
 * The one place where an error becomes an answer.
 *
 * People get a page, programs get `{detail, code, request_id}`; both show the id under which the log holds the
 * cause. Protocols with their own form of errors answer themselves and use this only for what they did not expect.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Overloaded } from '../core/crypto/queue.ts';
import { Fault } from '../core/fault.ts';

/** What an error page shows. All of it is safe for anybody. */
export type ErrorPage = {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly requestId: string;
};

/**
 * Draws an error page as complete HTML; it may set headers such as its own content security policy. Where the
 * address of the request was at fault, `request.requestOrigin` is not set.
 */
export type RenderErrorPage = (
  page: ErrorPage,
  request: FastifyRequest,
  reply: FastifyReply,
) => string | Promise<string>;

const byStatus: Readonly<Record<number, readonly [code: string, message: string]>> = {
  400: ['bad_request', 'The request cannot be understood.'],
  404: ['not_found', 'Not found.'],
  405: ['method_not_allowed', 'This method is not allowed here.'],
  408: ['request_timeout', 'The request took too long.'],
  413: ['body_too_large', 'The body is too large.'],
  414: ['uri_too_long', 'The address is too long.'],
  415: ['unsupported_media_type', 'This type of body is not understood here.'],
  503: ['unavailable', 'The server is busy. Try again in a moment.'],
};

/** Any error as a Fault. What nobody foresaw is a 500 that tells nothing. */
export function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof Overloaded) {
    return new Fault('overloaded', 'The server is busy. Try again in a moment.', { status: 503, cause: error });
  }
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if ((status >= 400 && status < 500) || status === 503) {
    const [code, message] = byStatus[status] ?? ['bad_request', 'The request is not valid.'];
    return new Fault(code, message, { status, cause: error });
  }
  return new Fault('internal_error', 'Something went wrong.', { status: 500, cause: error });
}

/** Answers with an error: a page for people, JSON for programs. */
export async function sendError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  renderErrorPage: RenderErrorPage,
): Promise<FastifyReply> {
  const fault = faultOf(error);
  if (fault.status >= 500) request.log.error({ err: fault.cause ?? fault, code: fault.code }, fault.message);
  else request.log.info({ code: fault.code, status: fault.status, cause: causeText(fault) }, fault.message);
  if (error instanceof Overloaded) reply.header('retry-after', String(error.retryAfterSeconds));
  reply.code(fault.status).header('cache-control', 'no-store');
  if (!wantsPage(request)) return reply.type('application/json; charset=utf-8').send(errorBody(fault, request.id));
  const page = { status: fault.status, code: fault.code, message: fault.message, requestId: request.id };
  try {
    return reply.type('text/html; charset=utf-8').send(await renderErrorPage(page, request, reply));
  } catch (cause) {
    request.log.error({ err: cause }, 'the error page cannot be drawn');
    return reply.type('text/plain; charset=utf-8').send(`${fault.message}\nRequest: ${request.id}\n`);
  }
}

/** The body for programs. Faults of single fields stand by their names, as authentik has them. */
export function errorBody(fault: Fault, requestId: string): Readonly<Record<string, unknown>> {
  const { code, message, fields } = fault;
  return fields === undefined
    ? { detail: message, code, request_id: requestId }
    : { ...fields, code, request_id: requestId };
}

/** Whether somebody looks at the answer in a browser. */
export function wantsPage(request: FastifyRequest): boolean {
  const path = request.raw.url ?? '';
  return (request.headers.accept ?? '').includes('text/html') && !path.startsWith('/api/') && !path.startsWith('/-/');
}

function causeText(fault: Fault): string | undefined {
  return fault.cause instanceof Error ? fault.cause.message : undefined;
}
