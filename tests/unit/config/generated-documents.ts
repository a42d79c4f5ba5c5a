import fc from 'fast-check';
import { parse } from 'smol-toml';
import { renderKey } from '../../../src/config/located.ts';

/*
 * Documents as people write them: sections, dotted keys, inline tables, lists over several lines, strings with `#` and
 * `[x]` in them, comments in every place that TOML has for one.
 */

/** Names of servers. */
export const name = fc.constantFrom('a', 'b', 'docs', 'x y', 'v1.2', '__proto__');
/** Names of keys. */
export const key = fc.constantFrom('command', 'args', 'env', 'url', 'enabled', 'roots', 'A-B', 'é');
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

/** Texts that are TOML. */
export const documentTexts: fc.Arbitrary<string> = document.map(documentText);
