/**
 * Forms with files (`multipart/form-data`, RFC 7578), for the few pages that ask for one. A file becomes a `data:` URI
 * (RFC 2397), so that it is a value like any other and programs can send the same as JSON.
 */
import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Fault } from '../core/fault.ts';
import type { Parameters } from './parameters.ts';

/** As many as a plain form may have. */
const MOST_PARTS = 256;
const LONGEST_NAME = 256;
/** The type of a file is said by a stranger; what is no plain type is not repeated. */
const MEDIA_TYPE = /^[\w.+-]{1,100}\/[\w.+-]{1,100}$/;

/** Reads such bodies on the routes of this scope: `formParameters` gives their values. The server's body limit holds. */
export function readFiles(scope: FastifyInstance): void {
  scope.addContentTypeParser(
    'multipart/form-data',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => parseMultipart(request.headers['content-type'] ?? '', body),
  );
}

/**
 * Every value of every name, in the order in which they came; a file that was not chosen is the empty text.
 *
 * @throws Fault (400) for what is no such form, over 256 parts, long names, text that is not UTF-8, or NUL characters.
 */
export async function parseMultipart(contentType: string, body: Buffer): Promise<Parameters> {
  requireFewParts(contentType, body);
  const isText = isUtf8(body);
  const parameters = new Map<string, string[]>();
  for (const [name, value] of await read(contentType, body)) {
    const text = typeof value === 'string' ? value : await dataUri(value);
    if (name.length > LONGEST_NAME) throw new Fault('bad_parameter', 'The name of a parameter is too long.');
    if (`${name}${text}`.includes('\0')) throw new Fault('bad_parameter', 'A parameter holds a NUL character.');
    // The parser puts this sign where bytes are no UTF-8. In a body that is text all through, somebody typed it.
    if (!isText && `${name}${text}`.includes('\ufffd')) {
      throw new Fault('bad_parameter', 'A parameter is not valid UTF-8.');
    }
    const values = parameters.get(name);
    if (values === undefined) parameters.set(name, [text]);
    else values.push(text);
  }
  return parameters;
}

async function read(contentType: string, body: Buffer): Promise<FormData> {
  try {
    return await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
  } catch (cause) {
    throw new Fault('bad_body', 'The body is not a form.', { cause });
  }
}

/** Counted before anything is made of them. */
function requireFewParts(contentType: string, body: Buffer): void {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) throw new Fault('bad_body', 'The body is not a form.');
  let count = 0;
  for (let at = body.indexOf(`--${boundary}`); at !== -1; at = body.indexOf(`--${boundary}`, at + 1)) {
    count += 1;
    // The last one ends the form.
    if (count > MOST_PARTS + 1) throw new Fault('too_many_parameters', 'There are too many parameters.');
  }
}

async function dataUri(file: File): Promise<string> {
  if (file.size === 0) return '';
  const type = MEDIA_TYPE.test(file.type) ? file.type : 'application/octet-stream';
  return `data:${type};base64,${Buffer.from(await file.arrayBuffer()).toString('base64')}`;
}
