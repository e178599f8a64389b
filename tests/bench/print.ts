/** The report, and how it is shown: one line a figure, the databases side by side. */
import type { Memory } from './children.ts';
import type { PageSize } from './person.ts';
import type { Figure } from './turns.ts';

export type EngineReport = {
  firstPageMilliseconds: { onEmptyDatabase: number; onExistingDatabase: number };
  memory: { idle: Memory | undefined; loaded: Memory | undefined };
  /** SQL statements in five seconds without a request. */
  idleStatements: number;
  signInPage: PageSize;
  figures: Record<string, Figure>;
};

export type Report = {
  command: string;
  date: string;
  node: string;
  processors: string;
  rounds: number;
  engines: Record<string, EngineReport>;
};

type Line = [what: string, tell: (engine: EngineReport) => string];

const memory = (known: Memory | undefined): string =>
  known ? `${known.residentMegabytes} / ${known.anonymousMegabytes} MB` : 'unknown';

const LINES: readonly Line[] = [
  ['first page, empty database', ({ firstPageMilliseconds: each }) => `${each.onEmptyDatabase} ms`],
  ['first page, existing database', ({ firstPageMilliseconds: each }) => `${each.onExistingDatabase} ms`],
  ['memory idle, resident / anonymous', (each) => memory(each.memory.idle)],
  ['memory after load, resident / anonymous', (each) => memory(each.memory.loaded)],
  ['SQL statements in 5 idle seconds', (each) => String(each.idleStatements)],
  ['sign-in page, requests', ({ signInPage: page }) => String(page.requests)],
  ['sign-in page, bytes (gzip)', ({ signInPage: page }) => `${page.bytes} (${page.gzipBytes})`],
];

const figureLines = (name: string): Line[] => [
  [`${name}, per second`, ({ figures: { [name]: each } }) => String(each?.perSecond)],
  [
    `  ÷ ${NAMES[name] ?? 'bare'}`,
    ({ figures: { [name]: each } }) => `${each?.ratio}   (of ${each?.comparedPerSecond})`,
  ],
  [
    '  server processor time, and as a ratio',
    ({ figures: { [name]: each } }) => `${each?.processorMicroseconds} µs, ${each?.processorRatio}`,
  ],
];

const NAMES: Readonly<Record<string, string>> = {
  clientCredentials: 'bare RS256 signatures',
  signInWithLiveSession: 'half the bare RS256 signatures',
  signInWithPassword: 'bare argon2id hashes',
  discovery: 'bare node:http answers',
  jwks: 'bare node:http answers',
  userinfo: 'bare node:http answers',
  introspection: 'bare node:http answers',
  signInPage: 'bare node:http answers',
};

/** Text for people. */
export function print({ engines, node, processors, date, rounds }: Report): string {
  const all = Object.values(engines);
  const names = [...new Set(all.flatMap((each) => Object.keys(each.figures)))];
  const rows = [...LINES, ...names.flatMap(figureLines)].map(([what, tell]) => [what, ...all.map(tell)]);
  const table = [['', ...Object.keys(engines)], ...rows].map(([what = '', ...told]) =>
    [what.padEnd(44), ...told.map((each) => each.padEnd(26))].join('').trimEnd(),
  );
  return [`Node ${node}, ${processors}, ${date}, medians of ${rounds} rounds`, '', ...table, ''].join('\n');
}
