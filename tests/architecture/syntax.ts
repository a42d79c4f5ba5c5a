/** Reads the facts the architecture rules need out of one TypeScript source: imports, and uses of global names. */
import { parseSync, visitorKeys } from 'oxc-parser';

export type ImportFact = {
  /** Null for a dynamic import whose target is computed. */
  readonly specifier: string | null;
  readonly names: readonly { readonly imported: string; readonly local: string }[];
  /** The whole statement vanishes at run time. */
  readonly typeOnly: boolean;
  /** `export * from`. */
  readonly star: boolean;
  /** `import()`: loaded when it is reached, and not before. */
  readonly dynamic: boolean;
  readonly line: number;
};

/**
 * One use of a name as a value: `process.env` is `{ name: 'process', member: 'env' }`; a bare `process`, a computed member
 * and `const { env } = process` have no member that can be known and give null.
 */
export type UseFact = {
  readonly name: string;
  readonly member: string | null;
  readonly how: 'member' | 'new' | 'call' | 'plain';
  readonly argumentCount: number;
  readonly line: number;
};

export type SourceFacts = {
  readonly errors: readonly string[];
  readonly imports: readonly ImportFact[];
  readonly uses: readonly UseFact[];
  /** Property names that are read off something: `x.reveal`, `x['reveal']`, `const { reveal } = x`. */
  readonly properties: readonly { readonly name: string; readonly line: number }[];
  readonly startsWithBlockComment: boolean;
};

type Node = { readonly type: string; readonly start: number; readonly [key: string]: unknown };

const TYPE_KEYS = new Set([
  'typeAnnotation',
  'typeArguments',
  'typeParameters',
  'returnType',
  'superTypeArguments',
  'implements',
]);
const TYPE_DECLARATIONS = new Set(['TSTypeAliasDeclaration', 'TSInterfaceDeclaration']);
const LABELLING = new Set([
  'ImportSpecifier',
  'ImportDefaultSpecifier',
  'ImportNamespaceSpecifier',
  'ExportSpecifier',
  'MetaProperty',
]);
const KEYED = new Set(['Property', 'MethodDefinition', 'PropertyDefinition', 'AccessorProperty']);

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

function nodeAt(node: Node, key: string): Node | null {
  const value = node[key];
  return isNode(value) ? value : null;
}

function nodesAt(node: Node, key: string): readonly Node[] {
  const value = node[key];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** Identifier name or string literal value. */
function textOf(node: Node | null): string | null {
  if (node?.type === 'Identifier') return String(node['name']);
  return node?.type === 'Literal' && typeof node['value'] === 'string' ? node['value'] : null;
}

function memberName(node: Node): string | null {
  const property = nodeAt(node, 'property');
  if (node['computed'] !== true) return textOf(property);
  if (property?.type === 'Literal') return textOf(property);
  const parts = property?.type === 'TemplateLiteral' ? nodesAt(property, 'quasis') : [];
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? (only['value'] as { readonly cooked: string }).cooked : null;
}

type Step = { readonly node: Node; readonly parent: Node | undefined; readonly inType: boolean };

/** Every node of the tree, parents first. `inType` is true below type annotations and declarations. */
function* walk(step: Step): Generator<Step> {
  yield step;
  const { node, inType } = step;
  for (const key of visitorKeys[node.type] ?? []) {
    const below = inType || TYPE_KEYS.has(key) || TYPE_DECLARATIONS.has(node.type);
    const value = node[key];
    const children = (Array.isArray(value) ? value : [value]).filter(isNode);
    for (const child of children) yield* walk({ node: child, parent: node, inType: below });
  }
}

/** True where an identifier only labels something: `x.name`, `{ name: 1 }`, an import or export specifier, `x instanceof Name`. */
function isLabel(node: Node, parent: Node | undefined): boolean {
  if (parent === undefined) return false;
  if (parent.type === 'BinaryExpression') return parent['operator'] === 'instanceof' && parent['right'] === node;
  if (parent.type === 'MemberExpression') return parent['property'] === node && parent['computed'] !== true;
  if (KEYED.has(parent.type)) {
    return parent['key'] === node && parent['value'] !== node && parent['computed'] !== true;
  }
  return LABELLING.has(parent.type);
}

function useOf(node: Node, parent: Node | undefined, line: number): UseFact {
  const name = String(node['name']);
  const base = { name, member: null, argumentCount: 0, line };
  if (parent?.type === 'MemberExpression' && parent['object'] === node) {
    return { ...base, member: memberName(parent), how: 'member' };
  }
  if (parent?.type === 'NewExpression' && parent['callee'] === node) {
    return { ...base, how: 'new', argumentCount: nodesAt(parent, 'arguments').length };
  }
  if (parent?.type === 'CallExpression' && parent['callee'] === node) return { ...base, how: 'call' };
  return { ...base, how: 'plain' };
}

function importOf(node: Node, line: number): ImportFact | null {
  const specifier = textOf(nodeAt(node, 'source'));
  const whole = { specifier, names: [{ imported: '*', local: '*' }], dynamic: false, line };
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration': {
      if (nodeAt(node, 'source') === null) return null;
      const names = nodesAt(node, 'specifiers').map(importedName);
      const typeOnly = node['importKind'] === 'type' || node['exportKind'] === 'type';
      return { specifier, names, typeOnly, star: false, dynamic: false, line };
    }
    case 'ExportAllDeclaration':
      return { ...whole, typeOnly: node['exportKind'] === 'type', star: true };
    case 'ImportExpression':
      return { ...whole, typeOnly: false, star: false, dynamic: true };
    case 'TSImportType':
      return { ...whole, typeOnly: true, star: false };
    default:
      return null;
  }
}

function importedName(specifier: Node): { imported: string; local: string } {
  const local = textOf(nodeAt(specifier, 'local')) ?? '';
  switch (specifier.type) {
    case 'ImportSpecifier':
      return { imported: textOf(nodeAt(specifier, 'imported')) ?? '', local };
    case 'ImportDefaultSpecifier':
      return { imported: 'default', local };
    case 'ExportSpecifier':
      return { imported: local, local };
    default:
      return { imported: '*', local };
  }
}

/** The name of a property that `node` reads off something, if it does. */
function propertyOf(node: Node, parent: Node | undefined): string | null {
  if (node.type === 'MemberExpression') return memberName(node);
  return node.type === 'Property' && parent?.type === 'ObjectPattern' ? textOf(nodeAt(node, 'key')) : null;
}

/** The parser's own node types say more than is needed here. */
function programOf(parsed: { readonly program: object }): Node {
  return parsed.program as Node;
}

/** Reads one source. `path` decides nothing but the language. */
export function readFacts(path: string, text: string): SourceFacts {
  const parsed = parseSync(path, text, { lang: 'ts', sourceType: 'module', preserveParens: false });
  const lineOf = (offset: number): number => text.slice(0, offset).split('\n').length;
  const imports: ImportFact[] = [];
  const uses: UseFact[] = [];
  const properties: { name: string; line: number }[] = [];
  for (const { node, parent, inType } of walk({ node: programOf(parsed), parent: undefined, inType: false })) {
    const line = lineOf(node.start);
    const imported = importOf(node, line);
    if (imported !== null) imports.push(imported);
    if (inType) continue;
    if (node.type === 'Identifier' && !isLabel(node, parent)) uses.push(useOf(node, parent, line));
    const property = propertyOf(node, parent);
    if (property !== null) properties.push({ name: property, line });
  }
  const [first] = parsed.comments;
  return {
    errors: parsed.errors.map((error) => error.message),
    imports,
    uses,
    properties,
    startsWithBlockComment: first?.type === 'Block' && text.slice(0, first.start).trim() === '',
  };
}
