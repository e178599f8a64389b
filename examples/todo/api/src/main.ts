import { ConfigError, readTodoApiConfig } from './config.ts';
import { startTodoApi } from './server.ts';
import type { RunningTodoApi } from './server.ts';

/** A request that is stuck must not keep the process for ever. */
const LONGEST_STOP_MILLISECONDS = 10_000;

async function stop(api: RunningTodoApi): Promise<void> {
  setTimeout(() => process.exit(1), LONGEST_STOP_MILLISECONDS).unref();
  await api.close();
  process.exit(0);
}

try {
  const api = await startTodoApi(readTodoApiConfig(process.env));
  console.log(`The todo API listens on ${api.url}`);
  process.once('SIGTERM', () => void stop(api));
  process.once('SIGINT', () => void stop(api));
} catch (cause) {
  console.error(cause instanceof ConfigError ? cause.message : cause);
  process.exitCode = cause instanceof ConfigError ? 2 : 1;
}
