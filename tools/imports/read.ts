/** Reads source files with a real parser: what each imports, its lines, its module-level state and its SQL. */
import { globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { type Directive, type ImportDeclaration, type Node, parseSync, type Statement, visitorKeys } from 'oxc-parser';

/** One import, re-export or inline type import. `path` is set when the target lies in src/. */
export type Import = { line: number; target: string | undefined; path: string | undefined; type: boolean };

/** Something found at a line. */
export type Finding = { line: number; what: string };

/** What the rules need to know of one file; `path` is relative to src/ with forward slashes. */
export type SourceFile = {
  path: string;
  test: boolean;
  lines: number;
  imports: Import[];
  state: Finding[];
  sql: Finding[];
  broken: string | undefined;
};

const QUERIES = ['selectFrom', 'insertInto', 'updateTable', 'deleteFrom', 'replaceInto', 'mergeInto', 'executeQuery'];
const DRIVERS = ['pg', 'node:sqlite'];
const COLLECTIONS = ['Map', 'Set', 'WeakMap', 'WeakSet', 'Array'];

/** Every .ts and .tsx file below the folder, by path. */
export function readSources(folder: string): Map<string, SourceFile> {
  const paths = globSync('**/*.{ts,tsx}', { cwd: folder }).map((path) => path.replaceAll('\\', '/'));
  return new Map(paths.sort().map((path) => [path, readSource(path, readFileSync(join(folder, path), 'utf8'))]));
}

function readSource(path: string, text: string): SourceFile {
  const { program, errors } = parseSync(path, text);
  const file: SourceFile = {
    path,
    test: /\.test\.tsx?$/.test(path),
    lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    imports: [],
    state: [],
    sql: [],
    broken: errors[0]?.message,
  };
  const lineAt = (offset: number): number => text.slice(0, offset).split('\n').length;
  for (const statement of program.body) file.state.push(...stateOf(statement, lineAt));
  walk(program, (node) => {
    const found = importOf(node);
    if (found) {
      const { target, type } = found;
      file.imports.push({ line: lineAt(node.start), target, path: resolve(path, target), type });
      file.sql.push(...sqlImports(node, target, type).map((what) => ({ line: lineAt(node.start), what })));
    }
    if (node.type === 'CallExpression' && node.callee.type === 'MemberExpression') {
      const { property } = node.callee;
      if (property.type === 'Identifier' && QUERIES.includes(property.name)) {
        file.sql.push({ line: lineAt(node.start), what: property.name });
      }
    }
  });
  return file;
}

function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  for (const key of visitorKeys[node.type] ?? []) {
    const child: unknown = Reflect.get(node, key);
    for (const one of Array.isArray(child) ? child : [child]) if (isNode(one)) walk(one, visit);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** `import { type A }` counts as a value: with verbatimModuleSyntax the module is still loaded. */
function importOf(node: Node): { target: string | undefined; type: boolean } | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
      return { target: node.source.value, type: node.importKind === 'type' };
    case 'ExportAllDeclaration':
      return { target: node.source.value, type: node.exportKind === 'type' };
    case 'ExportNamedDeclaration':
      return node.source ? { target: node.source.value, type: node.exportKind === 'type' } : undefined;
    case 'TSImportType':
      return { target: node.source.value, type: true };
    case 'ImportExpression': {
      const { source } = node;
      return {
        target: source.type === 'Literal' && typeof source.value === 'string' ? source.value : undefined,
        type: false,
      };
    }
    default:
      return undefined;
  }
}

function resolve(from: string, target: string | undefined): string | undefined {
  if (!target?.startsWith('.')) return undefined;
  const path = posix.join(posix.dirname(from), target);
  return path.startsWith('..') ? undefined : path;
}

function sqlImports(node: Node, target: string | undefined, type: boolean): string[] {
  if (type || target === undefined) return [];
  if (DRIVERS.includes(target)) return [target];
  if (target !== 'kysely' || node.type !== 'ImportDeclaration') return [];
  return importedNames(node).includes('sql') ? ["kysely's sql"] : [];
}

function importedNames(node: ImportDeclaration): string[] {
  return node.specifiers.flatMap((specifier) =>
    specifier.type === 'ImportSpecifier' && specifier.imported.type === 'Identifier' ? [specifier.imported.name] : [],
  );
}

function stateOf(statement: Statement | Directive, lineAt: (offset: number) => number): Finding[] {
  const inner =
    statement.type === 'ExportNamedDeclaration' && statement.declaration ? statement.declaration : statement;
  if (inner.type === 'VariableDeclaration' && !inner.declare) {
    if (inner.kind === 'let' || inner.kind === 'var') return [{ line: lineAt(inner.start), what: inner.kind }];
    return inner.declarations.flatMap(({ id, init }) => {
      const name = id.type === 'Identifier' ? id.name : 'a pattern';
      const sealed =
        id.type === 'Identifier' && id.typeAnnotation != null && isReadonly(id.typeAnnotation.typeAnnotation);
      return init && !sealed && isContainer(init)
        ? [{ line: lineAt(init.start), what: `the empty container ${name}` }]
        : [];
    });
  }
  if (inner.type !== 'ClassDeclaration') return [];
  return inner.body.body.flatMap((member) => {
    if (member.type !== 'PropertyDefinition' || !member.static) return [];
    const filled = member.value !== null && isContainer(member.value);
    return !member.readonly || filled ? [{ line: lineAt(member.start), what: 'a static field' }] : [];
  });
}

/** Declared so that the compiler refuses every change. */
function isReadonly(type: Node): boolean {
  if (type.type === 'TSTypeOperator') return type.operator === 'readonly';
  return (
    type.type === 'TSTypeReference' && type.typeName.type === 'Identifier' && type.typeName.name.startsWith('Readonly')
  );
}

/** An empty container at module level has one use: to be filled later. A WeakMap can have no other. */
function isContainer(node: Node): boolean {
  if (node.type === 'TSAsExpression' || node.type === 'TSSatisfiesExpression') return isContainer(node.expression);
  if (node.type === 'ArrayExpression') return node.elements.length === 0;
  if (node.type === 'ObjectExpression') return node.properties.length === 0;
  if (node.type !== 'NewExpression' || node.callee.type !== 'Identifier') return false;
  return COLLECTIONS.includes(node.callee.name) && node.arguments.length === 0;
}
