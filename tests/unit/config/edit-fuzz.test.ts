import fc from 'fast-check';
import { parse } from 'smol-toml';
import { expect, test } from 'vitest';
import { addServer, removeServer, setKey, unsetKey } from '../../../src/config/edit.ts';
import { pruned, same } from '../../../src/config/edit-tree.ts';
import { renderKey } from '../../../src/config/located.ts';
import { type Statement, scanPositions } from '../../../src/config/positions.ts';
import { AppError } from '../../../src/kernel/index.ts';

/*
 * Documents as people write them: sections, dotted keys, inline tables, lists over several lines, strings with `#` and
 * `[x]` in them, comments in every place that TOML has for one.
 */

const RUNS = 1000;
const EDITS_PER_RUN = 3;

const name = fc.constantFrom('a', 'b', 'docs', 'x y', 'v1.2', '__proto__');
const key = fc.constantFrom('command', 'args', 'env', 'url', 'enabled', 'roots', 'A-B', 'é');
const scalarText = fc.constantFrom(
  '1',
  '1.0',
  '0x1F',
  '1e3',
  'true',
  '"x"',
  '"a # b"',
  "'[mcp_servers.q]'",
  '"q\\"\\u00e9"',
  '1979-05-27 07:32:00',
  '07:32:00',
  '9007199254740993',
  'inf',
  '"""\n# no comment\n[no.table]\n"""',
  "'''a''''",
);
let serial = 0;
const comment = fc
  .constantFrom('# note', '#', '# [mcp_servers.z]', '#  "quote', '# k = 1')
  .map((text) => () => `${text} ${serial++}`);
const valueText = fc.oneof(
  { weight: 4, arbitrary: scalarText },
  fc.array(scalarText, { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
  fc
    .tuple(fc.array(fc.tuple(scalarText, comment), { minLength: 1, maxLength: 3 }), comment)
    .map(([items, last]) => `[\n${items.map(([item, note]) => `  ${item}, ${note()}\n`).join('')}  ${last()}\n]`),
  fc.uniqueArray(key, { maxLength: 3 }).map((keys) => `{ ${keys.map((k) => `${renderKey([k])} = 1`).join(', ')} }`),
);
const line = fc.record({
  key,
  deeper: fc.option(key, { freq: 4 }),
  value: valueText,
  above: fc.option(comment),
  behind: fc.option(comment),
  indent: fc.constantFrom('', '', '  ', '\t'),
  blank: fc.boolean(),
});
const section = fc.record({
  path: fc.oneof(
    { weight: 5, arbitrary: name.map((n) => ['mcp_servers', n]) },
    { weight: 2, arbitrary: name.map((n) => ['mcp_servers', n, 'env']) },
    fc.constantFrom(['serve'], ['mcp_servers'], ['projects', '/home/ada']),
  ),
  list: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  lines: fc.array(line, { maxLength: 5 }),
  above: fc.option(comment),
  behind: fc.option(comment),
});
const document = fc.record({
  opening: fc.option(comment),
  top: fc.array(line, { maxLength: 3 }),
  sections: fc.array(section, { maxLength: 5 }),
  crlf: fc.boolean(),
  ended: fc.boolean(),
  bom: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});

type Line = typeof line extends fc.Arbitrary<infer T> ? T : never;
type Document = typeof document extends fc.Arbitrary<infer T> ? T : never;

function lineText({ key: k, deeper, value, above, behind, indent, blank }: Line): string {
  const head = above === null ? '' : `${indent}${above()}\n`;
  const path = deeper === null ? [k] : [k, deeper];
  return `${head}${indent}${renderKey(path)} = ${value}${behind === null ? '' : ` ${behind()}`}\n${blank ? '\n' : ''}`;
}

/** Parts that would make the text no TOML (a key twice, a table opened again) are left out one by one. */
function documentText({ opening, top, sections, crlf, ended, bom }: Document): string {
  let text = opening === null ? '' : `${opening()}\n\n`;
  const add = (part: string): void => {
    if (isToml(text + part)) text += part;
  };
  for (const one of top) add(lineText(one));
  for (const { path, list, lines, above, behind } of sections) {
    const header = list ? `[[${renderKey(path)}]]` : `[${renderKey(path)}]`;
    const before = text;
    add(`${above === null ? '' : `${above()}\n`}${header}${behind === null ? '' : ` ${behind()}`}\n`);
    if (text !== before) for (const one of lines) add(lineText(one));
  }
  if (!ended) text = text.trimEnd();
  return (bom ? '\ufeff' : '') + (crlf ? text.replaceAll('\n', '\r\n') : text);
}

function isToml(text: string): boolean {
  try {
    parse(text, { integersAsBigInt: true });
    return true;
  } catch {
    return false;
  }
}

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

test(`${RUNS * EDITS_PER_RUN} edits of all kinds do what they are to do, and nothing else`, { timeout: 60_000 }, () => {
  let done = 0;
  let refused = 0;
  const run = (doc: Document, edits: readonly Edit[]): void => {
    let text = documentText(doc);
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
  fc.assert(fc.property(document, edits, run), { numRuns: RUNS, seed: 20_261_120 });
  expect(done + refused).toBe(RUNS * EDITS_PER_RUN);
  expect(refused).toBeLessThan(RUNS * 0.5);
});
