/**
 * Short turns of ours and of what it is compared with, one after the other, again and again. Machines are shared and
 * change their speed; what is measured side by side changes together, and the median of the ratios counts.
 */
import type { Bare } from './beside.ts';
import { expect, load } from './connection.ts';
import { PEOPLE } from './person.ts';
import type { Server } from './server.ts';
import type { Measured } from './works.ts';

const TURN_MILLISECONDS = 1200;
/** Enough to keep the threads of both busy. */
const CONNECTIONS = PEOPLE;
/** As many password hashes as the server lets run at once. */
const HASHES_AT_ONCE = 2;

type Turn = { perSecond: number; processorMicroseconds: number | undefined };

export type Figure = {
  perSecond: number;
  comparedWith: string;
  comparedPerSecond: number;
  /** `perSecond` ÷ `comparedPerSecond`, times what one of ours contains of the other. */
  ratio: number;
  /** Of the server, for one. The load itself is not in it. */
  processorMicroseconds: number | undefined;
  comparedProcessorMicroseconds: number | undefined;
  /** The other's processor time ÷ ours: the ratio that is left when the load comes from another machine. */
  processorRatio: number | undefined;
};

/** Measures all works, `rounds` times each. */
export async function takeTurns(
  server: Server,
  bare: Bare,
  works: Record<string, Measured>,
  rounds: number,
): Promise<Record<string, Figure>> {
  const turns: Record<string, { own: Turn; other: Turn }[]> = {};
  for (const [name, measured] of Object.entries(works)) {
    // Once for nothing: compilers and caches get warm.
    await load(server.port, CONNECTIONS, TURN_MILLISECONDS / 2, measured.work);
    turns[name] = [];
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, measured] of Object.entries(works)) {
      // Whoever is first changes, so that neither always has the warmer machine.
      const first = round % 2 === 0 ? await ownTurn(server, measured) : undefined;
      const other = await otherTurn(bare, measured);
      turns[name]?.push({ own: first ?? (await ownTurn(server, measured)), other });
    }
  }
  return Object.fromEntries(
    Object.entries(works).map(([name, measured]) => [name, figure(measured, turns[name] ?? [])]),
  );
}

async function timed(
  processorSeconds: () => number | undefined,
  run: () => Promise<{ done: number; seconds: number }>,
): Promise<Turn> {
  const before = processorSeconds();
  const { done, seconds } = await run();
  const after = processorSeconds();
  const known = before !== undefined && after !== undefined;
  return {
    perSecond: done / seconds,
    processorMicroseconds: known ? ((after - before) * 1e6) / done : undefined,
  };
}

const ownTurn = (server: Server, { work }: Measured): Promise<Turn> =>
  timed(server.processorSeconds, () => load(server.port, CONNECTIONS, TURN_MILLISECONDS, work));

const otherTurn = (bare: Bare, { beside }: Measured): Promise<Turn> =>
  timed(bare.processorSeconds, () =>
    beside === 'answers'
      ? load(bare.port, CONNECTIONS, TURN_MILLISECONDS, async (each) => void expect(await each.get('/'), 200))
      : bare.perform({
          job: beside,
          atOnce: beside === 'hashes' ? HASHES_AT_ONCE : CONNECTIONS,
          milliseconds: TURN_MILLISECONDS,
        }),
  );

function figure({ beside, contains = 1 }: Measured, turns: { own: Turn; other: Turn }[]): Figure {
  const of = (value: (turn: { own: Turn; other: Turn }) => number | undefined, digits = 0): number | undefined =>
    median(
      turns.flatMap((turn) => value(turn) ?? []),
      digits,
    );
  return {
    perSecond: of(({ own }) => own.perSecond) ?? 0,
    comparedWith: contains === 1 ? beside : `${beside} ÷ ${contains}`,
    comparedPerSecond: of(({ other }) => other.perSecond) ?? 0,
    ratio: of(({ own, other }) => (own.perSecond * contains) / other.perSecond, 3) ?? 0,
    processorMicroseconds: of(({ own }) => own.processorMicroseconds),
    comparedProcessorMicroseconds: of(({ other }) => other.processorMicroseconds),
    processorRatio: of(
      ({ own, other }) =>
        own.processorMicroseconds && other.processorMicroseconds
          ? (other.processorMicroseconds * contains) / own.processorMicroseconds
          : undefined,
      3,
    ),
  };
}

/** Undefined of nothing. */
export function median(all: readonly number[], digits = 0): number | undefined {
  const middle = all.toSorted((one, other) => one - other)[Math.floor(all.length / 2)];
  return middle === undefined ? undefined : Number(middle.toFixed(digits));
}
