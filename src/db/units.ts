/** Two bounds of a unit of work: it holds no other unit inside, and its queries end with it. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type {
  KyselyPlugin,
  PluginTransformQueryArgs,
  PluginTransformResultArgs,
  QueryResult,
  UnknownRow,
} from 'kysely';

export type Nesting = {
  /** Throws inside a unit. On SQLite a second one would wait for the first for ever, on PostgreSQL for its own rows. */
  refuse(): void;
  /** Runs what is the inside of a unit. */
  run<T>(inside: () => Promise<T>): Promise<T>;
};

/** Tells, for one database, what runs inside a unit of work. */
export function makeNesting(): Nesting {
  const around = new AsyncLocalStorage<{ live: boolean }>();
  return {
    refuse() {
      if (around.getStore()?.live) throw new Error('a unit of work cannot hold another one');
    },
    async run(inside) {
      const unit = { live: true };
      try {
        return await around.run(unit, inside);
      } finally {
        // What the unit has left behind, such as a timer, is outside of it from now on.
        unit.live = false;
      }
    },
  };
}

/** A query that came after the end of its unit. It would have been done alone, or inside somebody else's unit. */
export class UnitEndedError extends Error {
  constructor() {
    super('the unit of work has ended');
  }
}

/** Refuses queries of a unit that has ended. */
export class UnitPlugin implements KyselyPlugin {
  #ended = false;
  end(): void {
    this.#ended = true;
  }
  /** @throws UnitEndedError */
  check(): void {
    if (this.#ended) throw new UnitEndedError();
  }
  transformQuery(args: PluginTransformQueryArgs): PluginTransformQueryArgs['node'] {
    this.check();
    return args.node;
  }
  async transformResult(args: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return args.result;
  }
}
