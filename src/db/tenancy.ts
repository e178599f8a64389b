/**
 * Adds the tenant to every query: rows are written with it, and every table that is read, changed or joined is
 * narrowed to it. No store mentions the tenant, and none can forget it.
 */
import {
  AndNode,
  BinaryOperationNode,
  ColumnNode,
  type DeleteQueryNode,
  type InsertQueryNode,
  type JoinNode,
  type KyselyPlugin,
  OnConflictNode,
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
} from 'kysely';

const COLUMN = 'tenant_id';

class Transformer extends OperationNodeTransformer {
  readonly #tenant: string;
  constructor(tenant: string) {
    super();
    this.#tenant = tenant;
  }

  protected override transformSelectQuery(node: SelectQueryNode): SelectQueryNode {
    const own = this.#commonNames(node);
    const made = super.transformSelectQuery(node);
    const narrowed = this.#narrow(node.from?.froms ?? [], own);
    return narrowed ? { ...made, where: this.#and(made.where, narrowed) } : made;
  }

  protected override transformUpdateQuery(node: UpdateQueryNode): UpdateQueryNode {
    const made = super.transformUpdateQuery(node);
    const narrowed = this.#narrow([...(node.table ? [node.table] : []), ...(node.from?.froms ?? [])]);
    return narrowed ? { ...made, where: this.#and(made.where, narrowed) } : made;
  }

  protected override transformDeleteQuery(node: DeleteQueryNode): DeleteQueryNode {
    const made = super.transformDeleteQuery(node);
    const narrowed = this.#narrow([...node.from.froms, ...(node.using?.tables ?? [])]);
    return narrowed ? { ...made, where: this.#and(made.where, narrowed) } : made;
  }

  protected override transformInsertQuery(node: InsertQueryNode): InsertQueryNode {
    const made = super.transformInsertQuery(node);
    if (!made.columns || !made.values || !ValuesNode.is(made.values)) {
      throw new Error('an insert names its columns and values, so that the tenant can be added');
    }
    const rows = made.values.values.map((row) =>
      PrimitiveValueListNode.is(row)
        ? PrimitiveValueListNode.create([...row.values, this.#tenant])
        : ValueListNode.create([...row.values, ValueNode.create(this.#tenant)]),
    );
    return { ...made, columns: [...made.columns, ColumnNode.create(COLUMN)], values: ValuesNode.create(rows) };
  }

  protected override transformOnConflict(node: OnConflictNode): OnConflictNode {
    const made = super.transformOnConflict(node);
    return made.columns
      ? OnConflictNode.cloneWith(made, { columns: [ColumnNode.create(COLUMN), ...made.columns] })
      : made;
  }

  protected override transformJoin(node: JoinNode): JoinNode {
    const made = super.transformJoin(node);
    const narrowed = this.#narrow([node.table]);
    if (!narrowed) return made;
    return { ...made, on: made.on ? OnNode.cloneWithOperation(made.on, 'And', narrowed) : OnNode.create(narrowed) };
  }

  /** Names made by `with` are already narrowed inside. */
  #commonNames(node: SelectQueryNode): Set<string> {
    return new Set((node.with?.expressions ?? []).map((each) => each.name.table.table.identifier.name));
  }

  #narrow(tables: readonly OperationNode[], except: Set<string> = new Set()): OperationNode | undefined {
    const conditions = tables.flatMap((each) => {
      const reference = this.#reference(each);
      if (!reference || except.has(reference)) return [];
      return [
        BinaryOperationNode.create(
          ReferenceNode.create(ColumnNode.create(COLUMN), TableNode.create(reference)),
          OperatorNode.create('='),
          ValueNode.create(this.#tenant),
        ) as OperationNode,
      ];
    });
    return conditions.length === 0 ? undefined : conditions.reduce((left, right) => AndNode.create(left, right));
  }

  #reference(node: OperationNode): string | undefined {
    if (TableNode.is(node)) return node.table.identifier.name;
    if (node.kind !== 'AliasNode') return undefined;
    const { node: inner, alias } = node as unknown as { node: OperationNode; alias: OperationNode & { name?: string } };
    return TableNode.is(inner) ? alias.name : undefined;
  }

  #and(where: WhereNode | undefined, narrowed: OperationNode): WhereNode {
    if (!where) return WhereNode.create(narrowed);
    return WhereNode.create(AndNode.create(ParensNode.create(where.where), narrowed));
  }
}

/** The plugin that binds a query builder to one tenant. */
export class TenancyPlugin implements KyselyPlugin {
  readonly #transformer: Transformer;
  constructor(tenant: string) {
    this.#transformer = new Transformer(tenant);
  }
  transformQuery(args: PluginTransformQueryArgs): RootOperationNode {
    return this.#transformer.transformNode(args.node);
  }
  async transformResult(args: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return args.result;
  }
}
