/** The parameters of a request to a program's endpoint: each at most once, none too long, empty ones left out. */
import type { FastifyRequest } from 'fastify';
import { duplicateName, formParameters, type Parameters } from '../../http/parameters.ts';
import { OAuthError } from './errors.ts';

/** More text than this is in no honest parameter; a federated token is the longest. */
const LONGEST_PARAMETER = 32 * 1024;

/** The value of a parameter; empty counts as left out (RFC 6749 section 3.2). Duplicates were refused before. */
export function parameter(form: Parameters, name: string): string | undefined {
  const value = form.get(name)?.[0];
  return value === '' ? undefined : value;
}

/** A form without duplicates (RFC 6749 section 3.2) and without values that nobody needs to look at. */
export function readForm(request: FastifyRequest): Parameters {
  const form = formParameters(request);
  if (duplicateName(form) !== undefined) throw new OAuthError('invalid_request', 'a parameter is given more than once');
  for (const [value = ''] of form.values()) {
    if (value.length > LONGEST_PARAMETER) throw new OAuthError('invalid_request', 'a parameter is too long');
  }
  return form;
}

/** The scopes of a request, each once. @throws OAuthError for what is not a list of scopes (RFC 6749 section 3.3). */
export function readScopes(text: string | undefined): string[] {
  if (text === undefined) return [];
  if (text.length > 4096 || !/^[\x20\x21\x23-\x5b\x5d-\x7e]*$/.test(text)) {
    throw new OAuthError('invalid_scope', 'scope is not a list of names');
  }
  return [...new Set(text.split(' ').filter((each) => each !== ''))];
}
