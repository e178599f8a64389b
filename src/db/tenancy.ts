/**
 * Adds the tenant to every query: rows are written with it, and every table that is read, changed or joined is
 * narrowed to it. No store mentions the tenant, and none can forget it. What could slip past is refused: raw
 * statements, raw tables, merges, changes of the schema, and joins that keep the rows of the right side alone.
 */
import {
  AndNode,
  BinaryOperationNode,
  ColumnNode,
  type ColumnUpdateNode,
  type CompiledQuery,
  type DeleteQueryNode,
  type InsertQueryNode,
  type JoinNode,
  type KyselyPlugin,
  type MergeQueryNode,
  type OnConflictNode,
  OnNode,
  type OperationNode,
  OperationNodeTransformer,
  OperatorNode,
  ParensNode,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  PrimitiveValueListNode,
  type QueryResult,
  ReferenceNode,
  type RootOperationNode,
  type SelectQueryNode,
  TableNode,
  type UnknownRow,
  type UpdateQueryNode,
  ValueListNode,
  ValueNode,
  ValuesNode,
  WhereNode,
  type WithNode,
} from 'kysely';

const COLUMN = 'tenant_id';
const ALLOWED_ROOTS: ReadonlySet<string> = new Set([
  'SelectQueryNode',
  'InsertQueryNode',
  'UpdateQueryNode',
  'DeleteQueryNode',
]);
/** They keep rows of the right side that match nothing, and those are of every tenant. */
const REFUSED_JOINS: ReadonlySet<string> = new Set(['RightJoin', 'FullJoin']);

class Transformer extends OperationNodeTransformer {
  readonly #tenant: string;
  /** For each query around the current node the names that `with` has made: those are narrowed inside. */
  readonly #scopes: Set<string>[] = [];
  constructor(tenant: string) {
    super();
    this.#tenant = tenant;
  }

  protected override transformSelectQuery(node: SelectQueryNode): SelectQueryNode {
    return this.#inScope(node, (rest) => {
      const made = super.transformSelectQuery(rest);
      const narrowed = this.#narrow(node.from?.froms ?? []);
      return narrowed ? { ...made, where: this.#and(made.where, narrowed) } : made;
    });
  }

  protected override transformUpdateQuery(node: UpdateQueryNode): UpdateQueryNode {
    return this.#inScope(node, (rest) => {
      const made = super.transformUpdateQuery(rest);
      const narrowed = this.#narrow(node.from?.froms ?? [], node.table ? [node.table] : []);
      return narrowed ? { ...made, where: this.#and(made.where, narrowed) } : made;
    });
  }

  protected override transformDeleteQuery(node: DeleteQueryNode): DeleteQueryNode {
    return this.#inScope(node, (rest) => {
      const made = super.transformDeleteQuery(rest);
      const narrowed = this.#narrow(node.using?.tables ?? [], node.from.froms);
      return narrowed ? { ...made, where: this.#and(made.where, narrowed) } : made;
    });
  }

  protected override transformInsertQuery(node: InsertQueryNode): InsertQueryNode {
    return this.#inScope(node, (rest) => {
      const made = super.transformInsertQuery(rest);
      if (!made.columns || !made.values || !ValuesNode.is(made.values)) {
        throw new Error('an insert names its columns and values, so that the tenant can be added');
      }
      const rows = made.values.values.map((row) =>
        PrimitiveValueListNode.is(row)
          ? PrimitiveValueListNode.create([...row.values, this.#tenant])
          : ValueListNode.create([...row.values, ValueNode.create(this.#tenant)]),
      );
      return { ...made, columns: [...made.columns, ColumnNode.create(COLUMN)], values: ValuesNode.create(rows) };
    });
  }

  protected override transformMergeQuery(_node: MergeQueryNode): MergeQueryNode {
    throw new Error('a merge cannot be bound to a tenant');
  }

  protected override transformOnConflict(node: OnConflictNode): OnConflictNode {
    let made = super.transformOnConflict(node);
    if (made.columns) made = { ...made, columns: [ColumnNode.create(COLUMN), ...made.columns] };
    // A key that does not begin with the tenant can meet the row of another one.
    const insert = this.nodeStack.findLast((each): each is InsertQueryNode => each.kind === 'InsertQueryNode');
    const own = this.#narrow([], insert?.into ? [insert.into] : []);
    return made.updates && own ? { ...made, updateWhere: this.#and(made.updateWhere, own) } : made;
  }

  protected override transformColumnUpdate(node: ColumnUpdateNode): ColumnUpdateNode {
    if (ColumnNode.is(node.column) && node.column.column.name === COLUMN) throw new Error('a row keeps its tenant');
    return super.transformColumnUpdate(node);
  }

  protected override transformJoin(node: JoinNode): JoinNode {
    if (REFUSED_JOINS.has(node.joinType)) throw new Error(`a ${node.joinType} cannot be bound to a tenant`);
    const made = super.transformJoin(node);
    const narrowed = this.#narrow([node.table]);
    if (!narrowed) return made;
    const on = made.on ? AndNode.create(ParensNode.create(made.on.on), narrowed) : narrowed;
    return { ...made, joinType: node.joinType === 'CrossJoin' ? 'InnerJoin' : node.joinType, on: OnNode.create(on) };
  }

  /** Transforms a query whose `with` names count in all of it, and only there. */
  #inScope<N extends { readonly with?: WithNode }>(node: N, transform: (rest: N) => N): N {
    const scope = new Set(this.#scopes.at(-1));
    this.#scopes.push(scope);
    try {
      const { with: named, ...rest } = node;
      const expressions = named?.expressions ?? [];
      const nameOf = (each: (typeof expressions)[number]): string => each.name.table.table.identifier.name;
      if (named?.recursive) for (const each of expressions) scope.add(nameOf(each));
      const transformed = expressions.map((each) => {
        // Without `recursive` an expression sees only those before it; its own name is still a table.
        const made = this.transformNode(each);
        scope.add(nameOf(each));
        return made;
      });
      const made = transform(rest as N);
      return named ? { ...made, with: { ...named, expressions: transformed } } : made;
    } finally {
      this.#scopes.pop();
    }
  }

  /** The condition for tables that are read, which may be names of `with`, and for those that are changed. */
  #narrow(read: readonly OperationNode[], changed: readonly OperationNode[] = []): OperationNode | undefined {
    const names = [
      ...changed.map((each) => this.#reference(each, false)),
      ...read.map((each) => this.#reference(each)),
    ];
    const conditions = names
      .filter((name) => name !== undefined)
      .map(
        (name): OperationNode =>
          BinaryOperationNode.create(
            ReferenceNode.create(ColumnNode.create(COLUMN), TableNode.create(name)),
            OperatorNode.create('='),
            ValueNode.create(this.#tenant),
          ),
      );
    return conditions.length === 0 ? undefined : conditions.reduce((left, right) => AndNode.create(left, right));
  }

  /** What a table is called in the query; undefined for what is narrowed inside. */
  #reference(node: OperationNode, mayBeNamed = true): string | undefined {
    const { node: inner, alias } = (node.kind === 'AliasNode' ? node : { node, alias: undefined }) as {
      node: OperationNode;
      alias: (OperationNode & { name?: string }) | undefined;
    };
    if (inner.kind === 'RawNode') throw new Error('a raw table cannot be bound to a tenant');
    if (!TableNode.is(inner)) return undefined;
    const { name } = inner.table.identifier;
    if (mayBeNamed && !inner.table.schema && this.#scopes.at(-1)?.has(name)) return undefined;
    return alias?.name ?? name;
  }

  #and(where: WhereNode | undefined, narrowed: OperationNode): WhereNode {
    if (!where) return WhereNode.create(narrowed);
    return WhereNode.create(AndNode.create(ParensNode.create(where.where), narrowed));
  }
}

/** The plugin that binds a query builder to one tenant. */
export class TenancyPlugin implements KyselyPlugin {
  /** The texts of prepared queries, narrowed to the tenant; see prepared.ts. */
  readonly texts = new Map<unknown, CompiledQuery>();
  readonly #tenant: string;
  #transformer: Transformer;
  constructor(tenant: string) {
    this.#tenant = tenant;
    this.#transformer = new Transformer(tenant);
  }
  transformQuery(args: PluginTransformQueryArgs): RootOperationNode {
    if (!ALLOWED_ROOTS.has(args.node.kind)) throw new Error(`a ${args.node.kind} cannot be bound to a tenant`);
    try {
      return this.#transformer.transformNode(args.node);
    } catch (fault) {
      // What was begun stays on its stack.
      this.#transformer = new Transformer(this.#tenant);
      throw fault;
    }
  }
  async transformResult(args: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return args.result;
  }
}
