import type { Server } from 'node:http';
import type { Logger } from 'pino';
import { makeLog } from '../app/log.ts';
import { SETUP_PATH } from '../app/setup-page.ts';
import { makeOstiary, type Ostiary } from '../app.ts';
import { type Config, type ListenAddress, loadConfig } from '../config.ts';
import { newSetupToken, storedBaseUrl } from '../core/setup.ts';
import { listenOn, listenOnAddress } from '../http/listen.ts';
import { measureRequests, type Metrics } from '../http/metrics.ts';
import { type Command, readWords } from './command.ts';
import { originOf } from './origin.ts';
import { firstSignal } from './signals.ts';

/** How long a request in flight may take when the server is told to stop. */
const LONGEST_STOP_MILLISECONDS = 10_000;
/** An idle server runs none, so the number says whether something polls. */
const STATEMENTS = { name: 'ostiary_sql_statements_total', help: 'SQL statements so far.', type: 'counter' } as const;

export const serve: Command = {
  usage: 'serve',
  help: `Starts the server and runs until SIGTERM or SIGINT (Ctrl-C): then it finishes what is in flight and stops.
A second signal stops it at once. Settings come from the environment: see docs/config.md.`,
  async run(words) {
    readWords(words, {});
    const { config, notices } = loadConfig(process.env);
    const log = makeLog(config.logLevel);
    for (const notice of notices) log.warn(notice);
    const stopping = firstSignal();
    const metrics: Metrics[] = [];
    const ostiary = await makeOstiary(config, {
      log,
      onServer: (server, { database }) => {
        if (config.listenMetrics.length === 0) return;
        metrics.push(measureRequests(server, [{ ...STATEMENTS, read: database.statements }]));
      },
    });
    const servers = metrics.flatMap((each) =>
      config.listenMetrics.map((address) => ({ address, server: each.makeServer() })),
    );
    try {
      const listening = await listenOn(ostiary.server, config.listenHttp);
      for (const { address, server } of servers) await listenOnAddress(server, address);
      endOnUncaught(log);
      await announce(
        ostiary,
        config,
        log,
        listening,
        servers.map(({ server }) => server),
      );
      log.info({ signal: await stopping }, 'stopping');
    } catch (fault) {
      await stop(
        ostiary,
        servers.map(({ server }) => server),
        log,
      );
      throw fault;
    }
    await stop(
      ostiary,
      servers.map(({ server }) => server),
      log,
    );
    log.info('stopped');
    return 0;
  },
};

/** An error that nobody caught leaves the process in a state that nobody knows. The log is written at once. */
function endOnUncaught(log: Logger): void {
  process.on('uncaughtException', (fault) => {
    log.fatal({ err: fault }, 'an error that nobody caught ends the process');
    process.exit(1);
  });
}

/** Tells where to go. The set-up link goes to people, not into the log: whoever has it may set up. */
async function announce(
  { core }: Ostiary,
  config: Config,
  log: Logger,
  listening: readonly ListenAddress[],
  metrics: readonly Server[],
): Promise<void> {
  const url = config.baseUrl ?? (await storedBaseUrl(core)) ?? originOf(listening);
  const ready = `Ostiary is ready on ${url}`;
  if (process.stdout.isTTY) process.stdout.write(`${ready}\n`);
  else log.info({ url, listening, metrics: metrics.map((server) => server.address()) }, ready);
  const token = await newSetupToken(core);
  if (token === undefined) return;
  process.stderr.write(`Make the administrator here, once:\n  ${url}${SETUP_PATH}?token=${token}\n`);
}

/** Takes nothing new, lets what is in flight finish for ten seconds, and closes. */
async function stop(ostiary: Ostiary, metrics: readonly Server[], log: Logger): Promise<void> {
  const late = setTimeout(() => {
    log.warn('requests are still in flight after ten seconds; they are given up');
    process.exit(0);
  }, LONGEST_STOP_MILLISECONDS);
  for (const server of metrics) {
    if (server.listening) server.close();
    server.closeIdleConnections();
  }
  await ostiary.close();
  clearTimeout(late);
}
