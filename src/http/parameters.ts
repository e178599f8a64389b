/**
 * Query strings and forms (application/x-www-form-urlencoded) without losing anything: a name that comes twice
 * keeps both values, so that a protocol can refuse it (RFC 6749 section 3.1).
 */
import type { FastifyRequest } from 'fastify';
import { Fault } from '../core/fault.ts';

/** Every value of every name, in the order in which they came. */
export type Parameters = ReadonlyMap<string, readonly string[]>;

const mostParameters = 256;
const longestName = 256;

/**
 * Reads the text of a query or a form. A plus sign is a space.
 *
 * @throws Fault (400) for over 256 parameters, bad percent-encoding, text that is not UTF-8, or NUL characters.
 */
export function parseParameters(text: string): Parameters {
  const parameters = new Map<string, string[]>();
  let count = 0;
  let start = 0;
  while (start <= text.length) {
    const found = text.indexOf('&', start);
    const end = found === -1 ? text.length : found;
    if (end > start) {
      count += 1;
      if (count > mostParameters) throw new Fault('too_many_parameters', 'There are too many parameters.');
      addParameter(parameters, text.slice(start, end));
    }
    start = end + 1;
  }
  return parameters;
}

function addParameter(parameters: Map<string, string[]>, pair: string): void {
  const equals = pair.indexOf('=');
  const name = decode(equals === -1 ? pair : pair.slice(0, equals));
  const value = equals === -1 ? '' : decode(pair.slice(equals + 1));
  if (name.length > longestName) throw new Fault('bad_parameter', 'The name of a parameter is too long.');
  const values = parameters.get(name);
  if (values === undefined) parameters.set(name, [value]);
  else values.push(value);
}

function decode(text: string): string {
  let decoded = text.includes('+') ? text.replaceAll('+', ' ') : text;
  try {
    if (decoded.includes('%')) decoded = decodeURIComponent(decoded);
  } catch (cause) {
    throw new Fault('bad_parameter', 'A parameter is not valid percent-encoded UTF-8.', { cause });
  }
  if (decoded.includes('\0')) throw new Fault('bad_parameter', 'A parameter holds a NUL character.');
  return decoded;
}

/** The parameters of the query. @throws Fault (400) as `parseParameters` */
export function queryParameters(request: FastifyRequest): Parameters {
  return parseParameters(typeof request.query === 'string' ? request.query : '');
}

/** The parameters of a form that was posted; none where the body is of another type. */
export function formParameters(request: FastifyRequest): Parameters {
  return request.body instanceof Map ? (request.body as Parameters) : new Map();
}

/** The value of a parameter that may come at most once. @throws Fault (400, `duplicate_parameter`) */
export function onlyValue(parameters: Parameters, name: string): string | undefined {
  const values = parameters.get(name);
  if (values !== undefined && values.length > 1) {
    throw new Fault('duplicate_parameter', `The parameter ${name} is given more than once.`);
  }
  return values?.[0];
}

/** The first name that came more than once, or undefined. Names in `allowed` may. */
export function duplicateName(parameters: Parameters, allowed: readonly string[] = []): string | undefined {
  for (const [name, values] of parameters) if (values.length > 1 && !allowed.includes(name)) return name;
  return undefined;
}
