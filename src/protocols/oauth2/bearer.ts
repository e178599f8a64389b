/** The bearer token of a request for what it protects (RFC 6750). */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { duplicateName, formParameters, queryParameters } from '../../http/parameters.ts';
import { OAuthError } from './errors.ts';
import { parameter } from './form.ts';

const LONGEST_TOKEN = 32 * 1024;

/** The token; undefined when there is none. @throws OAuthError when there are two, or it cannot be read */
export function readBearer(request: FastifyRequest): string | undefined {
  const form = formParameters(request);
  const query = queryParameters(request);
  if (duplicateName(form) !== undefined || duplicateName(query) !== undefined) {
    throw new OAuthError('invalid_request', 'a parameter is given more than once');
  }
  const { authorization } = request.headers;
  const match = authorization === undefined ? undefined : /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(authorization);
  if (authorization !== undefined && !match)
    throw new OAuthError('invalid_request', 'the Authorization header holds no bearer token');
  const tokens = [match?.[1], parameter(form, 'access_token'), parameter(query, 'access_token')].filter(
    (each) => each !== undefined,
  );
  // RFC 6750 section 2: one method at a time.
  if (tokens.length > 1) throw new OAuthError('invalid_request', 'the token is given in two ways at once');
  const [token] = tokens;
  if (token !== undefined && token.length > LONGEST_TOKEN)
    throw new OAuthError('invalid_token', 'the token is not valid');
  return token;
}

/** Refuses in the words of RFC 6750 section 3.1; a request without token is told only what would be needed. */
export function challengeBearer(reply: FastifyReply, error: OAuthError | undefined): FastifyReply {
  reply.header('cache-control', 'no-store');
  if (!error) return reply.code(401).header('www-authenticate', 'Bearer realm="OAuth2"').send();
  const status = error.code === 'insufficient_scope' ? 403 : error.code === 'invalid_request' ? 400 : 401;
  const words = `Bearer realm="OAuth2", error="${error.code}", error_description="${error.message}"`;
  return reply.code(status).header('www-authenticate', words).send();
}
