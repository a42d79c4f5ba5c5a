import fc from 'fast-check';
import { parse } from 'smol-toml';
import { expect, test } from 'vitest';
import { addServer, removeServer, setKey, unsetKey } from '../../../src/config/edit.ts';
import { pruned, same } from '../../../src/config/edit-tree.ts';
import { renderKey } from '../../../src/config/located.ts';
import { type Statement, scanPositions } from '../../../src/config/positions.ts';
import { AppError } from '../../../src/kernel/index.ts';
import { proves } from '../../e2e/support/proves.ts';
import { documentTexts, key, name } from './generated-documents.ts';

/** 3,000 edits. */
const RUNS = 1000;
const EDITS_PER_RUN = 3;

const newValue = fc.oneof(
  fc.constantFrom<string | number | boolean>(
    'plain',
    'two\nlines "q" \\',
    '',
    'é # no comment',
    true,
    false,
    0,
    8,
    0.5,
  ),
  fc.array(fc.constantFrom('x', 'y z', '#'), { maxLength: 3 }),
  fc.constant({ 'A B': '1', c: 2 }),
);
const keyPath = fc.oneof(
  fc.tuple(fc.constant('mcp_servers'), name, key),
  fc.tuple(fc.constant('mcp_servers'), name, fc.constant('env'), key),
  fc.tuple(fc.constantFrom('serve', 'other'), key),
  fc.tuple(key),
);
const edit = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), path: keyPath, value: newValue }),
  fc.record({ kind: fc.constant('unset' as const), path: keyPath }),
  fc.record({ kind: fc.constant('remove' as const), name }),
  fc.record({
    kind: fc.constant('add' as const),
    name,
    table: fc.constantFrom(
      { command: 'c', args: ['a'], env: { A: '1' } },
      { url: 'https://h/', roots: [{ uri: 'file:///a' }], max_connections: 3, tool_timeout_sec: 1.5 },
    ),
  }),
);
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

function pathOf(one: Edit): readonly string[] {
  return one.kind === 'add' || one.kind === 'remove' ? ['mcp_servers', one.name] : one.path;
}

function apply(text: string, one: Edit): string {
  switch (one.kind) {
    case 'set':
      return setKey(text, one.path, one.value);
    case 'unset':
      return unsetKey(text, one.path);
    case 'add':
      return addServer(text, one.name, one.table);
    case 'remove':
      return removeServer(text, one.name);
    default:
      return one satisfies never;
  }
}

/** What the edit is to do to the values, said in another way than the code under test does. Null: it cannot be done. */
function intended(tree: unknown, one: Edit): unknown {
  const copy = structuredCloneOf(tree);
  const keys = [...pathOf(one)];
  const last = keys.pop() ?? '';
  const sets = one.kind === 'set' || one.kind === 'add';
  let node = copy;
  for (const part of keys) {
    if (!node.has(part)) {
      if (!sets) return copy;
      node.set(part, new Map());
    }
    const next = node.get(part);
    if (!(next instanceof Map)) return sets ? null : copy;
    node = next;
  }
  if (sets)
    node.set(
      last,
      structuredCloneOf(
        parse(`v = ${toToml(one.kind === 'set' ? one.value : one.table)}`, { integersAsBigInt: true }),
      ).get('v'),
    );
  else node.delete(last);
  return copy;
}

function toToml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toToml).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([k, v]) => `${JSON.stringify(k)}=${toToml(v)}`)
    .join(',')}}`;
}

/** Tables as maps, which know no prototype. */
function structuredCloneOf(value: unknown): Map<string, unknown> {
  const clone = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(clone);
    if (typeof node !== 'object' || node === null || node instanceof Date) return node;
    return new Map(Object.entries(node).map(([k, v]) => [k, clone(v)]));
  };
  return clone(value) as Map<string, unknown>;
}

function fromMaps(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(fromMaps);
  return node instanceof Map ? Object.fromEntries([...node].map(([k, v]) => [k, fromMaps(v)])) : node;
}

/** Comments that have a line to themselves, and the keys, both in order. */
function outline(text: string): { readonly comments: readonly string[]; readonly keys: readonly string[] } {
  const plain = text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n');
  const statements: Statement[] = [];
  scanPositions(plain, (statement) => statements.push(statement));
  let between = '';
  let at = 0;
  for (const { start, end } of statements) {
    between += `${plain.slice(at, start)}\v`;
    at = end;
  }
  const comments = [...(between + plain.slice(at)).matchAll(/^[ \t]*(#[^\n\v]*)$/gm)].map(([, found]) => String(found));
  return { comments, keys: statements.map(({ kind, path: p }) => `${kind} ${renderKey(p)}`) };
}

/** The comment lines of a text that are still to be there: those inside a value, too. */
function commentLines(text: string): readonly string[] {
  const plain = text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n');
  const inside: string[] = [];
  scanPositions(plain, (statement) => inside.push(...statement.comments));
  return [...outline(text).comments, ...inside];
}

function isSubsequence(part: readonly string[], whole: readonly string[]): boolean {
  let at = 0;
  for (const item of whole) if (item === part[at]) at += 1;
  return at === part.length;
}

test(proves('config.edit-fuzz'), { timeout: 60_000 }, () => {
  let done = 0;
  let refused = 0;
  const run = (document: string, edits: readonly Edit[]): void => {
    let text = document;
    for (const one of edits) {
      const before = parse(text, { integersAsBigInt: true });
      const want = intended(before, one);
      if (want === null) {
        expect(() => apply(text, one)).toThrow(AppError);
        refused += 1;
        continue;
      }
      const after = apply(text, one);
      const path = pathOf(one);
      const got = parse(after, { integersAsBigInt: true });
      expect(same(pruned(got, path), pruned(fromMaps(want), path)), `${JSON.stringify(text)}\n→ ${after}`).toBe(true);
      const lines = new Set([...outline(after).comments, ...commentLines(after)]);
      expect(
        commentLines(text).filter((found) => !lines.has(found)),
        text,
      ).toEqual([]);
      expect(isSubsequence(outline(text).comments, outline(after).comments), text).toBe(true);
      const inBoth = (keys: readonly string[], others: readonly string[]): readonly string[] =>
        keys.filter((k) => others.includes(k) && !k.includes(renderKey(path)));
      const [old, now] = [outline(text).keys, outline(after).keys];
      expect(inBoth(now, old), text).toEqual(inBoth(old, now));
      expect(after.includes('\n') && text.includes('\r\n') ? /[^\r]\n/.test(after) : false).toBe(false);
      if (text.trim() !== '' && text !== '\ufeff')
        expect(after === '' || after.endsWith('\n')).toBe(text.endsWith('\n') || after === '');
      text = after;
      done += 1;
    }
  };
  const edits = fc.array(edit, { minLength: EDITS_PER_RUN, maxLength: EDITS_PER_RUN });
  fc.assert(fc.property(documentTexts, edits, run), { numRuns: RUNS, seed: 20_261_120 });
  expect(done + refused).toBe(RUNS * EDITS_PER_RUN);
  expect(refused).toBeLessThan(RUNS * 0.5);
});
