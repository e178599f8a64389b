/** Reads request bodies: JSON and forms, in UTF-8, strictly. */
import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { Fault } from '../core/fault.ts';
import { parseParameters } from './parameters.ts';

type Done = (error: Error | null, body?: unknown) => void;

/** Replaces the parsers of the server: `application/json` gives its value (nothing gives undefined), a form gives `Parameters`. */
export function readBodies(server: FastifyInstance): void {
  // Keys that would reach the prototype are refused.
  const parseJson = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const text = bodyText(request.headers['content-type'], body, done);
    if (text === undefined) return;
    // Clients of authentik's API name the type also where they send nothing.
    if (text === '') {
      done(null, undefined);
      return;
    }
    // PostgreSQL keeps no NUL in text. The escape counts only after an even number of backslashes.
    if (text.includes('\\u0000') && /(?<!\\)(?:\\\\)*\\u0000/.test(text)) {
      done(new Fault('bad_body', 'The body holds a NUL character.'));
    } else void parseJson(request, text, done);
  });
  server.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'buffer' }, (request, body, done) => {
    const text = bodyText(request.headers['content-type'], body, done);
    if (text === undefined) return;
    try {
      done(null, parseParameters(text));
    } catch (error) {
      done(error instanceof Error ? error : new Error('not a form', { cause: error }));
    }
  });
}

function bodyText(contentType: string | undefined, body: string | Buffer, done: Done): string | undefined {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(contentType ?? '')?.[1]?.toLowerCase() ?? 'utf-8';
  if (charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii') {
    done(new Fault('unsupported_charset', 'The body must be in UTF-8.', { status: 415 }));
    return undefined;
  }
  if (typeof body === 'string') return body;
  if (isUtf8(body)) return body.toString('utf8');
  done(new Fault('bad_body', 'The body is not valid UTF-8.'));
  return undefined;
}
