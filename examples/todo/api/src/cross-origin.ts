import type { FastifyInstance } from 'fastify';

/** Answers browsers that ask whether a page of another origin may call (Fetch standard, section 3.3). Only listed origins may. */
export function addCrossOriginAnswers(server: FastifyInstance, allowedOrigins: readonly string[]): void {
  server.addHook('onRequest', async (request, reply) => {
    // What is answered depends on who asks and is a person's own, so no cache may keep it.
    reply.header('vary', 'Origin').header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
    const origin = request.headers.origin;
    if (origin === undefined || !allowedOrigins.includes(origin)) return;
    reply
      .header('access-control-allow-origin', origin)
      // The page reads from this header whether its token expired.
      .header('access-control-expose-headers', 'WWW-Authenticate');
  });
  server.options('/*', async (_request, reply) =>
    reply
      .code(204)
      .header('access-control-allow-methods', 'GET, POST, PUT, DELETE')
      .header('access-control-allow-headers', 'Authorization, Content-Type')
      .header('access-control-max-age', '600')
      .send(),
  );
}
