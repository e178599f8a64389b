// The todo API: every person's own todos, behind access tokens. It owns todos and nothing about people:
// who somebody is, and whether they may enter, is the business of the identity provider that the configuration names.
import fastify from 'fastify';
import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify';
import type { TodoApiConfig } from './config.ts';
import { addCrossOriginAnswers } from './cross-origin.ts';
import { openDatabase } from './database.ts';
import { TodoStore } from './todo-store.ts';
import { addTodoRoutes } from './todos.ts';
import { createTokenVerifier } from './tokens.ts';
import type { TokenVerifier } from './tokens.ts';

/** A todo with its longest description, every character escaped, is below this. */
const LARGEST_BODY_BYTES = 32 * 1024;

/** A running todo API. `close` finishes what is in flight, then closes the database. */
export type RunningTodoApi = { readonly url: string; close(): Promise<void> };

/** Starts the API. Fails when the port is taken or the database cannot be opened. */
export async function startTodoApi(config: TodoApiConfig): Promise<RunningTodoApi> {
  const server = fastify({
    logger: config.log && { level: 'warn' },
    bodyLimit: LARGEST_BODY_BYTES,
    requestTimeout: 10_000,
    routerOptions: { ignoreTrailingSlash: true },
  });
  const database = await openDatabase(config.databaseUrl, (cause) =>
    server.log.warn(cause, 'A database connection was lost.'),
  );
  server.addHook('onClose', () => database.destroy());

  addErrorAnswers(server);
  addCrossOriginAnswers(server, config.allowedOrigins);
  const store = new TodoStore(database);
  server.get('/health', async (request, reply) => {
    try {
      await store.ping();
      return { status: 'ok' };
    } catch (cause) {
      request.log.error(cause, 'The database does not answer.');
      return reply.code(503).send({ status: 'database_away' });
    }
  });
  server.register(async (behindTokens) => {
    addTodoRoutes(behindTokens, store, requireToken(behindTokens, createTokenVerifier(config)));
  });

  try {
    await server.listen({ host: config.host, port: config.port });
  } catch (cause) {
    await server.close();
    throw cause;
  }
  const address = server.addresses()[0];
  const port = typeof address === 'object' ? address.port : config.port;
  return { url: `http://localhost:${port}`, close: () => server.close() };
}

/** Lets nobody past without a good token, before the body is read. Answers how to learn whose request it is. */
function requireToken(server: FastifyInstance, verify: TokenVerifier): (request: FastifyRequest) => string {
  const subjects = new WeakMap<FastifyRequest, string>();
  server.addHook('onRequest', async (request, reply) => {
    const verdict = await verify(request.headers.authorization);
    switch (verdict.outcome) {
      case 'accepted':
        subjects.set(request, verdict.subject);
        return;
      case 'missing':
        // RFC 6750 section 3.1: no error code when the request carries no token at all.
        return reply
          .code(401)
          .header('www-authenticate', 'Bearer')
          .send({ error: 'token_missing', message: 'Sign in first.' });
      case 'refused':
        return reply
          .code(401)
          .header('www-authenticate', `Bearer error="invalid_token", error_description="${verdict.description}"`)
          .send({ error: 'invalid_token', message: verdict.description });
      case 'undecided':
        request.log.error(verdict.cause, 'The keys of the identity provider could not be fetched.');
        return reply.code(503).header('retry-after', '5').send({
          error: 'keys_unavailable',
          message: 'The identity provider does not answer. Try again in a moment.',
        });
    }
  });
  return (request) => {
    const subject = subjects.get(request);
    if (subject === undefined) throw new Error('A route without a checked token asked whose request it is.');
    return subject;
  };
}

/** One form for every error. What went wrong inside stays in the log. */
function addErrorAnswers(server: FastifyInstance): void {
  server.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ error: 'not_found', message: 'There is nothing here.' }),
  );
  server.setErrorHandler((fault: FastifyError, request, reply) => {
    const status = fault.statusCode ?? 500;
    if (status >= 400 && status < 500) return reply.code(status).send({ error: 'bad_request', message: fault.message });
    request.log.error(fault, 'A request failed.');
    return reply.code(500).send({ error: 'internal_error', message: 'Something went wrong on our side.' });
  });
}
