/**
 * Numbers for Prometheus, on a listener of their own: they are nobody's business but the operator's.
 *
 * Durations are labelled by route pattern, never by path, so that their number is bounded. They are kept in plain
 * arrays; the library that knows the process's own numbers is loaded when somebody asks first.
 */
import { createServer, type Server } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** One more number: read when somebody asks. A `counter` only ever rises. */
export type Gauge = {
  readonly name: string;
  readonly help: string;
  readonly read: () => number;
  readonly type?: 'gauge' | 'counter';
};

export type Metrics = {
  /** The whole exposition in Prometheus's text format. */
  text(): Promise<string>;
  /** A server that answers `/metrics` only; the caller lets it listen and closes it. */
  makeServer(): Server;
};

/** Seconds. */
const bounds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
type Series = { readonly labels: string; readonly counts: number[]; sum: number };

/** Starts counting the requests of a server. Call it before routes are mounted. */
export function measureRequests(server: FastifyInstance, gauges: readonly Gauge[] = []): Metrics {
  const seriesByLabels = new Map<string, Series>();
  server.addHook('onResponse', (request, reply, done) => {
    const route = request.latePattern ?? request.routeOptions.url ?? 'none';
    // Three bounded labels: the parser of node:http knows a fixed list of methods.
    const labels = `method="${request.method}",route="${escape(route)}",status="${reply.statusCode}"`;
    let series = seriesByLabels.get(labels);
    if (series === undefined) {
      series = { labels, counts: Array.from({ length: bounds.length + 1 }, () => 0), sum: 0 };
      seriesByLabels.set(labels, series);
    }
    const seconds = reply.elapsedTime / 1000;
    let index = 0;
    while (index < bounds.length && seconds > (bounds[index] ?? 0)) index += 1;
    series.counts[index] = (series.counts[index] ?? 0) + 1;
    series.sum += seconds;
    done();
  });
  let processMetrics: Promise<{ metrics(): Promise<string> }> | undefined;
  const text = async (): Promise<string> => {
    processMetrics ??= loadProcessMetrics();
    const registry = await processMetrics;
    return durationsText(seriesByLabels.values()) + gauges.map(gaugeText).join('') + (await registry.metrics());
  };
  return { text, makeServer: () => metricsServer(text) };
}

async function loadProcessMetrics(): Promise<{ metrics(): Promise<string> }> {
  const { collectDefaultMetrics, Registry } = await import('prom-client');
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

function metricsServer(text: () => Promise<string>): Server {
  return createServer({ headersTimeout: 5_000, requestTimeout: 10_000 }, (request, response) => {
    if (request.url !== '/metrics' || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(request.url === '/metrics' ? 405 : 404).end();
      return;
    }
    text().then(
      (body) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(body),
      () => response.writeHead(500).end(),
    );
  });
}

function durationsText(all: Iterable<Series>): string {
  const name = 'ostiary_http_request_duration_seconds';
  const lines = [`# HELP ${name} Time to answer a request, by route.`, `# TYPE ${name} histogram`];
  for (const { labels, counts, sum } of all) {
    let count = 0;
    for (const [index, bound] of [...bounds, '+Inf'].entries()) {
      count += counts[index] ?? 0;
      lines.push(`${name}_bucket{${labels},le="${bound}"} ${count}`);
    }
    lines.push(`${name}_sum{${labels}} ${sum}`, `${name}_count{${labels}} ${count}`);
  }
  return `${lines.join('\n')}\n`;
}

function gaugeText({ name, help, read, type = 'gauge' }: Gauge): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${read()}\n`;
}

function escape(text: string): string {
  return text.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));
}
