import fc from 'fast-check';
import { parse } from 'smol-toml';
import { expect, test } from 'vitest';
import { type Located, plainValue } from '../../../src/config/located.ts';
import { parseLayer } from '../../../src/config/parse.ts';
import { SERVER_KEYS } from '../../../src/config/server-keys.ts';
import { documentTexts } from './generated-documents.ts';
import { configFrom } from './read-config.ts';

const SEED = 20_261_120;

/** Every scalar of a file, with the text that starts where it is said to be. */
function scalars(
  node: Located,
  lines: readonly string[],
): readonly { readonly value: unknown; readonly text: string }[] {
  if (node.kind === 'list') return node.items.flatMap((item) => scalars(item, lines));
  if (node.kind === 'table') return [...node.entries.values()].flatMap((item) => scalars(item, lines));
  const { line, column } = node.at;
  const rest = lines.slice((line ?? 0) - 1).join('\n');
  return [{ value: plainValue(node), text: rest.slice((column ?? 0) - 1) }];
}

/** True when a value starts this text: the shortest piece that is TOML and equal, since more may follow on the line. */
function startsWithValue(text: string, value: unknown): boolean {
  for (let length = 1; length <= Math.min(text.length, 80); length += 1) {
    try {
      const found = parseLayer(`v = ${text.slice(0, length)}`, '/f').table.entries.get('v');
      if (found !== undefined && found.kind === 'scalar' && Object.is(plainValue(found), value)) return true;
    } catch {
      // Not a whole value yet.
    }
  }
  return false;
}

test('every value of a random file stands where it is said to stand', () => {
  const check = (text: string): void => {
    const { table, issues } = parseLayer(text, '/f');
    expect(issues).toEqual([]);
    const lines = text.replace(/^\ufeff/, '').split('\n');
    for (const { value, text: rest } of scalars(table, lines)) {
      expect(startsWithValue(rest, value), `${JSON.stringify(value)} in ${JSON.stringify(text)}`).toBe(true);
    }
  };
  fc.assert(fc.property(documentTexts, check), { numRuns: 300, seed: SEED });
});

test('text of any kind is either TOML or one issue', () => {
  const pieces = fc.array(
    fc.oneof(
      fc.constantFrom(
        '[',
        ']',
        '{',
        '}',
        '=',
        '"',
        "'",
        '"""',
        '.',
        ',',
        '#',
        '\n',
        '\r\n',
        ' ',
        '\\u00',
        '\ufeff',
        '\0',
      ),
      fc.constantFrom('mcp_servers', '__proto__', 'command', 'x', '1', 'true', '1979-05-27'),
      fc.string(),
    ),
    { maxLength: 30 },
  );
  const check = (parts: readonly string[]): void => {
    const text = parts.join('');
    const { issues } = parseLayer(text, '/f');
    let fine = true;
    try {
      parse(text.replace(/^\ufeff/, ''), { integersAsBigInt: true });
    } catch {
      fine = false;
    }
    expect(
      issues.map(({ code }) => code),
      text,
    ).toEqual(fine ? [] : ['CONFIG_NOT_TOML']);
  };
  fc.assert(fc.property(pieces, check), { numRuns: 2000, seed: SEED });
});

test('servers with any keys and any values give a config, and each error names its server', () => {
  const value: fc.Arbitrary<string> = fc.constantFrom(
    '1',
    '-1',
    '1.5',
    'nan',
    'true',
    '"x"',
    '""',
    '[]',
    '["a", 1]',
    '[[1]]',
    '{}',
    '{ a = 1 }',
    '{ a = "b" }',
    '"https://h"',
    '"local"',
    '1979-05-27',
    '[{ name = "A" }]',
    '[{ uri = 1 }]',
    '"$X"',
    '"${env:X}/y"',
    '"https://${env:X:-a}/y"',
    '"${secret:"',
    '"${user_config.a}"',
    '{ a = "$${env:A ${secret:op://a}" }',
    '99999999999999999999',
  );
  const keys = [...SERVER_KEYS.map((row) => row.key), 'unknown', 'enabeld', '__proto__'];
  const server = fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 8, noNullPrototype: true });
  const check = (one: Readonly<Record<string, string>>): void => {
    const lines = Object.entries(one).map(([key, text]) => `${key} = ${text}`);
    const { servers, issues } = configFrom({
      user: `[mcp_servers.x]\n${lines.join('\n')}\n[mcp_servers.y]\ncommand = "y"\n`,
    });
    expect(servers.get('y')?.problems).toEqual([]);
    const errors = issues.filter(({ severity }) => severity === 'error');
    expect(servers.get('x')?.problems ?? []).toEqual(errors);
    for (const issue of issues)
      expect([issue.server, issue.file !== undefined, (issue.line ?? 0) > 0]).toEqual(['x', true, true]);
    if (errors.length === 0 && servers.has('x')) expect(servers.get('x')?.transport).not.toBeNull();
  };
  fc.assert(fc.property(server, check), { numRuns: 2000, seed: SEED });
});
