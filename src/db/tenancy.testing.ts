/** Queries for the tests of tenancy: every way in which a table can be read, inside every other. */
import fc from 'fast-check';
import { type SelectQueryBuilder, sql } from 'kysely';
import type { Queries } from './database.ts';
import type { Tables } from './tables.ts';

/** What every generated query selects. */
type Counted = SelectQueryBuilder<Tables, 'attempts', { key: string; count: number }>;
/** A query that may be built from others. */
export type Shape = (queries: Queries) => Counted;

const counted = (builder: unknown): Counted => builder as Counted;

const plain: Shape = (queries) => queries.selectFrom('attempts').select(['key', 'count']);
const aliased: Shape = (queries) => counted(queries.selectFrom('attempts as a').select(['a.key', 'a.count']));
const either: Shape = (queries) =>
  plain(queries).where((where) => where.or([where('count', '>', 0), where('count', '<=', 0)]));
const rawEither: Shape = (queries) => plain(queries).where(sql<boolean>`count > 0 or count <= 0`);
const leftJoined: Shape = (queries) =>
  counted(
    queries
      .selectFrom('attempts as l')
      .leftJoin('attempts as r', (join) => join.on(sql<boolean>`r.key = l.key or r.count > 0`))
      .select(['l.key', 'r.count']),
  );
const crossJoined: Shape = (queries) =>
  counted(queries.selectFrom('attempts as l').crossJoin('attempts as r').select(['l.key', 'r.count']));
const listed: Shape = (queries) =>
  counted(queries.selectFrom(['attempts as l', 'attempts as r']).select(['l.key', 'r.count']));

const inside =
  (shape: Shape): Shape =>
  (queries) =>
    counted(queries.selectFrom(shape(queries).as('inner')).select(['inner.key', 'inner.count']));
const joined =
  (shape: Shape): Shape =>
  (queries) =>
    counted(
      queries
        .selectFrom('attempts as l')
        .innerJoin(shape(queries).as('r'), (join) =>
          join.on((on) => on.or([on('r.count', '>', 0), on('l.count', '>', 0)])),
        )
        .select(['l.key', 'r.count']),
    );
const among =
  (shape: Shape): Shape =>
  (queries) =>
    counted(
      queries
        .selectFrom('attempts')
        .select(['key'])
        .select((select) =>
          select
            .selectFrom('attempts as m')
            .select((max) => max.fn.max('m.count').as('n'))
            .as('count'),
        )
        .where('key', 'in', counted(queries.selectFrom(shape(queries).as('s')).select('s.key')) as never),
    );
const existing =
  (shape: Shape): Shape =>
  (queries) =>
    plain(queries).where((where) => where.exists(shape(queries).limit(1)));
const named =
  (shape: Shape): Shape =>
  (queries) =>
    counted(
      queries
        .with('named', () => shape(queries))
        .selectFrom('named')
        .where((where) => where.exists(where.selectFrom('named as again').select('again.key')))
        .select(['named.key', 'named.count']),
    );
const joinedToName =
  (shape: Shape): Shape =>
  (queries) =>
    counted(
      queries
        .with('named', () => shape(queries))
        .selectFrom('attempts as l')
        .innerJoin('named as n', (join) => join.onTrue())
        .select(['l.key', 'n.count']),
    );
const recursive =
  (shape: Shape): Shape =>
  (queries) =>
    counted(
      queries
        .withRecursive('chain', (query) =>
          query
            .selectFrom(shape(queries).as('start'))
            .select(['start.key as key', 'start.count as count'])
            .union(
              query
                .selectFrom('attempts as a')
                .innerJoin('chain', 'chain.key', 'a.key')
                .select(['a.key as key', 'a.count as count']),
            ),
        )
        .selectFrom('chain')
        .select(['chain.key', 'chain.count']),
    );
const united =
  (left: Shape, right: Shape): Shape =>
  (queries) =>
    counted(
      queries
        .selectFrom(inside(left)(queries).unionAll(inside(right)(queries)).as('both'))
        .select(['both.key', 'both.count']),
    );

/** Queries of every shape that the builder has, up to three levels deep. */
export const { shape: shapes } = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'shape' },
    fc.constantFrom(plain, aliased, either, rawEither, leftJoined, crossJoined, listed),
    ...[inside, joined, among, existing, named, joinedToName, recursive].map((wrap) => tie('shape').map(wrap)),
    fc.tuple(tie('shape'), tie('shape')).map(([left, right]) => united(left, right)),
  ),
}));
