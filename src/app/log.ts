/**
 * The log: one JSON object a line. Owns what may stand in it. Secrets are kept out three times over: by the names of
 * fields, by what is taken of an error, and by a look at the finished line.
 */
import { type DestinationStream, pino, type Logger, stdSerializers } from 'pino';
import type { LogLevel } from '../config.ts';

/** Fields that hold secrets wherever somebody logs them by mistake. */
const SECRET_FIELDS = [
  'password',
  'token',
  'key',
  'secret',
  'client_secret',
  'cookie',
  'authorization',
  'access_token',
  'refresh_token',
  'id_token',
];

/** Shapes of secrets in running text, such as the message of an error. What is kept comes first. */
const SECRET_TEXTS: readonly [RegExp, string][] = [
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/"\\]*):[^\s@"\\]+@/gi, '$1:…@'],
  [/\b(Bearer|Basic|DPoP)\s+[\w.~+/=-]{8,}/gi, '$1 …'],
  [/(\bauthentik_(?:session|csrf)=)[\w.~-]+/g, '$1…'],
  [/(\/recovery\/use-token\/)[\w-]+/g, '$1…'],
  [
    /([?&;](?:code|state|token|key|password|client_secret|code_verifier|device_code|user_code|\w+_token|id_token_hint|assertion)=)[^&\s"\\]+/gi,
    '$1…',
  ],
  // A JSON Web Token, wherever it stands.
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, '…'],
];

/** Takes secrets out of text. It may also take what only looks like one. */
export function withoutSecrets(text: string): string {
  return SECRET_TEXTS.reduce((rest, [pattern, kept]) => rest.replace(pattern, kept), text);
}

/** Makes the log of a process. Lines are written at once, so that none is lost when the process ends. */
export function makeLog(
  level: LogLevel,
  destination: DestinationStream = pino.destination({ fd: 1, sync: true }),
): Logger {
  const paths = SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]);
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths, censor: '…' },
      serializers: { err: errorFacts, req: requestFacts, res: stdSerializers.res },
      hooks: { streamWrite: withoutSecrets },
    },
    destination,
  );
}

type ErrorFacts = { type: string; message: string; code?: string; stack?: string; cause?: ErrorFacts };

/** Of an error its words only: drivers hang rows, parameters and requests on their errors. */
function errorFacts(error: unknown, depth = 0): ErrorFacts {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  const hasCode = typeof code === 'string' || typeof code === 'number';
  return {
    type: error.name,
    message: error.message,
    ...(hasCode && { code: String(code) }),
    ...(error.stack !== undefined && { stack: error.stack }),
    ...(cause !== undefined && depth < 3 && { cause: errorFacts(cause, depth + 1) }),
  };
}

/** Of a request its method and path; queries hold codes and states. */
function requestFacts(request: { method?: string; url?: string }): { method?: string; path?: string } {
  const path = request.url?.split('?', 1)[0];
  return { ...(request.method && { method: request.method }), ...(path !== undefined && { path }) };
}
