/** Work that runs at most a few at a time, with a bounded line before it. */

/** The line is full. Whoever gets this answers 503 with `Retry-After`, and nothing was decided. */
export class Overloaded extends Error {
  readonly retryAfterSeconds: number;
  constructor(retryAfterSeconds: number) {
    super('too many are waiting');
    this.name = 'Overloaded';
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export type Queue = {
  /** Runs the work when its turn comes, first come first served. @throws Overloaded when the line is full. */
  run<Result>(work: () => Promise<Result>): Promise<Result>;
};

/** At most `running` at once and `waiting` in the line. */
export function makeQueue({ running, waiting }: { readonly running: number; readonly waiting: number }): Queue {
  const line: (() => void)[] = [];
  let active = 0;
  return {
    async run(work) {
      if (active >= running) {
        if (line.length >= waiting) throw new Overloaded(2);
        // Whoever finishes hands its place over, so `active` stays as it is.
        await new Promise<void>((resolve) => line.push(resolve));
      } else active += 1;
      try {
        return await work();
      } finally {
        const next = line.shift();
        if (next === undefined) active -= 1;
        else next();
      }
    },
  };
}
