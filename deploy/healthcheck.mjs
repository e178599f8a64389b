/** Asks the server in this container whether it is ready. Ends with 0 when it is, else says why not and ends with 1. */
const listen = process.env.OSTIARY_LISTEN__HTTP ?? process.env.AUTHENTIK_LISTEN__HTTP ?? '[::]:9000';
const [first = ''] = listen.split(',');
const port = first.slice(first.lastIndexOf(':') + 1).trim();
const host = first.slice(0, first.lastIndexOf(':')).trim();
const reachable = ['', '[::]', '0.0.0.0', '*'].includes(host) ? '127.0.0.1' : host;

try {
  const answer = await fetch(`http://${reachable}:${port}/-/health/ready/`, { signal: AbortSignal.timeout(4000) });
  if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
} catch (fault) {
  const { message, cause } = fault instanceof Error ? fault : new Error(String(fault));
  console.error(`not ready: ${message}${cause instanceof Error ? `: ${cause.message}` : ''}`);
  process.exitCode = 1;
}
