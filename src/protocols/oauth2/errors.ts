/** Errors as OAuth tells them: a code, words for the developer, and the request id under which the log knows more. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { faultOf } from '../../http/errors.ts';

/** The codes of RFC 6749, 6750, 7009, 8628 and OpenID Connect Core section 3.1.2.6 that are used here. */
export type OAuthErrorCode =
  | 'access_denied'
  | 'account_selection_required'
  | 'authorization_pending'
  | 'consent_required'
  | 'expired_token'
  | 'insufficient_scope'
  | 'interaction_required'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_request'
  | 'invalid_scope'
  | 'invalid_token'
  | 'login_required'
  | 'request_not_supported'
  | 'request_uri_not_supported'
  | 'server_error'
  | 'slow_down'
  | 'temporarily_unavailable'
  | 'unauthorized_client'
  | 'unmet_authentication_requirements'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'unsupported_token_type';

/** A refusal in OAuth's own form. The description is for the developer of the client and safe for anybody. */
export class OAuthError extends Error {
  readonly code: OAuthErrorCode;
  readonly status: number;
  /** Seconds to wait, where waiting helps. */
  readonly retryAfter: number | undefined;
  constructor(
    code: OAuthErrorCode,
    description: string,
    options: { status?: number; cause?: unknown; retryAfter?: number } = {},
  ) {
    super(description, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'OAuthError';
    this.code = code;
    this.status = options.status ?? 400;
    this.retryAfter = options.retryAfter;
  }
}

/** Any error as OAuth tells it. What nobody foresaw tells nothing. */
function oauthErrorOf(error: unknown): OAuthError {
  if (error instanceof OAuthError) return error;
  const fault = faultOf(error);
  const code: OAuthErrorCode =
    fault.status < 500 ? 'invalid_request' : fault.status === 503 ? 'temporarily_unavailable' : 'server_error';
  return new OAuthError(code, fault.message, { status: fault.status, cause: fault.cause ?? fault });
}

/** Answers a program with an error (RFC 6749 section 5.2). */
export function sendOAuthError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = oauthErrorOf(error);
  const details = { err: refusal.cause, code: refusal.code };
  if (refusal.status >= 500) request.log.error(details, refusal.message);
  else request.log.info({ code: refusal.code }, refusal.message);
  noStore(reply);
  if (refusal.retryAfter !== undefined) reply.header('retry-after', String(refusal.retryAfter));
  let { status } = refusal;
  // RFC 6749 section 5.2: only a client that used the header is challenged; others are told 400, as authentik does.
  if (refusal.code === 'invalid_client' && status === 400 && request.headers.authorization !== undefined) {
    status = 401;
    reply.header('www-authenticate', 'Basic realm="OAuth2", charset="UTF-8"');
  }
  return reply.code(status).send({ error: refusal.code, error_description: refusal.message, request_id: request.id });
}

/** Marks an answer that holds tokens or speaks of them (RFC 6749 section 5.1). */
export function noStore(reply: FastifyReply): void {
  reply.header('cache-control', 'no-store').header('pragma', 'no-cache');
}
