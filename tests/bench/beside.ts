/** The process of bare.ts, seen from the measurements. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { BareOrder, BareResult } from './bare.ts';
import { processorSecondsOf, stop, watch } from './children.ts';

const LONGEST_ANSWER_MILLISECONDS = 60_000;

export type Bare = {
  /** Of the bare HTTP server. */
  port: number;
  perform(order: BareOrder): Promise<BareResult>;
  processorSeconds(): number | undefined;
  stop(): Promise<void>;
};

/** Starts it and waits until it listens. */
export async function startBare(): Promise<Bare> {
  const child = fork(join(import.meta.dirname, 'bare.ts'));
  watch(child);
  const next = <T>(): Promise<T> =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('no word from bare.ts')), LONGEST_ANSWER_MILLISECONDS);
      child.once('message', (message) => {
        clearTimeout(late);
        resolve(message as T);
      });
    });
  const { port } = await next<{ port: number }>();
  return {
    port,
    async perform(order) {
      child.send(order);
      return next<BareResult>();
    },
    processorSeconds: () => processorSecondsOf(child),
    stop: () => stop(child),
  };
}
