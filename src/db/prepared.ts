/**
 * Queries whose text is made once. To build, narrow and compile a query costs several times what running it does, so
 * those on hot paths are written as `prepare((queries, given: { pk: number }) => …)`; the text is kept by the
 * tenancy plugin, which has bound it to its tenant as it does every other query.
 */
import type { Compilable, CompiledQuery, QueryExecutor } from 'kysely';
import type { Queries } from './database.ts';
import { TenancyPlugin } from './tenancy.ts';
import { UnitPlugin } from './units.ts';

/** Stands for a value while the text is made. To look at it would make the text depend on one value: that throws. */
class Placeholder {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
  [Symbol.toPrimitive](): never {
    throw new Error(`a prepared query passes ${this.name} on and does not look at it`);
  }
}

/** Runs the query with these values: numbers, texts or nulls. */
export type Prepared<Values, Row> = (queries: Queries, values: Values) => Promise<Row[]>;

/**
 * Makes a prepared query. `build` is called once for each database with placeholders in `given`, so it may only pass
 * them on as values of the query: no decisions, no lists of unknown length.
 */
export function prepare<Values extends Record<string, string | number | null>, Row>(
  build: (queries: Queries, given: Values) => Compilable<Row>,
): Prepared<Values, Row> {
  const given = new Proxy({} as Values, { get: (_, name) => new Placeholder(String(name)) });
  return async (queries, values) => {
    const executor = queries.getExecutor();
    const texts = textsOf(executor);
    let compiled = texts.get(build) as CompiledQuery<Row> | undefined;
    if (compiled === undefined) {
      compiled = build(queries, given).compile();
      texts.set(build, compiled);
    }
    const parameters = compiled.parameters.map((each) => (each instanceof Placeholder ? valueOf(values, each) : each));
    const { rows } = await executor.executeQuery<Row>({ ...compiled, parameters });
    return rows;
  };
}

/** Where the texts of a tenant are. What else looks at queries as they are built has its say here. */
function textsOf(executor: QueryExecutor): Map<unknown, CompiledQuery> {
  let texts: Map<unknown, CompiledQuery> | undefined;
  for (const plugin of executor.plugins) {
    if (plugin instanceof TenancyPlugin) texts = plugin.texts;
    else if (plugin instanceof UnitPlugin) plugin.check();
    else throw new Error('a prepared query would slip past a plugin');
  }
  if (texts === undefined) throw new Error('a prepared query is bound to no tenant');
  return texts;
}

function valueOf(values: Record<string, string | number | null>, { name }: Placeholder): string | number | null {
  const value = values[name];
  if (value === undefined) throw new Error(`a prepared query lacks ${name}`);
  return value;
}
