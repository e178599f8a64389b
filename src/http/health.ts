/** `/-/health/live/` and `/-/health/ready/`, for whoever watches the process. */
import type { FastifyInstance } from 'fastify';

const longestCheck = 5_000;

/**
 * Mounts both. Live answers 200 while the process serves; ready answers 200 when `check` resolves within five
 * seconds, else 503. Requests that arrive together share one check.
 */
export function mountHealth(server: FastifyInstance, check: () => Promise<unknown>): void {
  let running: Promise<boolean> | undefined;
  const isReady = (): Promise<boolean> => {
    running ??= withinTime(check, server).finally(() => {
      running = undefined;
    });
    return running;
  };
  server.get('/-/health/live/', (_request, reply) => reply.type('text/plain').send('ok\n'));
  server.get('/-/health/ready/', async (_request, reply) => {
    const ready = await isReady();
    return reply
      .code(ready ? 200 : 503)
      .type('text/plain')
      .send(ready ? 'ok\n' : 'not ready\n');
  });
}

async function withinTime(check: () => Promise<unknown>, server: FastifyInstance): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('the check took too long')), longestCheck);
    });
    await Promise.race([check(), late]);
    return true;
  } catch (error) {
    server.log.warn({ err: error }, 'not ready');
    return false;
  } finally {
    clearTimeout(timer);
  }
}
