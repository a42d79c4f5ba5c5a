/** Finds the promises that a test file proves: the literal ids of `proves(…)` calls in tests that run. */
import { parseSync, visitorKeys } from 'oxc-parser';

type Node = { readonly type: string; readonly [key: string]: unknown };

/** Ways to write a test, or a group of them, that does not run, or not always. */
const NOT_RUN = new Set(['skip', 'skipIf', 'runIf', 'todo', 'fails']);
const RUNNERS = new Set(['test', 'it', 'describe', 'suite']);

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

/** `test.skip.each(rows)` → ['test', 'skip', 'each']; empty for anything that is not such a chain. */
function chain(callee: unknown): readonly string[] {
  if (!isNode(callee)) return [];
  if (callee.type === 'Identifier') return [String(callee['name'])];
  if (callee.type === 'MemberExpression') {
    const property = callee['property'];
    return [...chain(callee['object']), isNode(property) ? String(property['name']) : ''];
  }
  return callee.type === 'CallExpression' || callee.type === 'TaggedTemplateExpression'
    ? chain(callee['callee'] ?? callee['tag'])
    : [];
}

function isNotRun(node: Node): boolean {
  if (node.type !== 'CallExpression') return false;
  const [first = '', ...rest] = chain(node['callee']);
  return RUNNERS.has(first) && rest.some((part) => NOT_RUN.has(part));
}

function idsOf(node: Node): readonly string[] {
  if (node.type !== 'CallExpression' || chain(node['callee']).join('.') !== 'proves') return [];
  const ids = Array.isArray(node['arguments']) ? node['arguments'].filter(isNode) : [];
  return ids.map((id) => (typeof id['value'] === 'string' ? id['value'] : '(not a literal)'));
}

function* proofs(node: Node): Generator<string> {
  if (isNotRun(node)) return;
  yield* idsOf(node);
  for (const key of visitorKeys[node.type] ?? []) {
    const value = node[key];
    for (const child of (Array.isArray(value) ? value : [value]).filter(isNode)) yield* proofs(child);
  }
}

/** The ids that `source` proves. A `proves` that only labels a skipped test, or one with a computed id, proves nothing. */
export function provenIn(source: string): string[] {
  const { program } = parseSync('test.ts', source, { lang: 'ts', sourceType: 'module' });
  return [...proofs(program as unknown as Node)];
}
