import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../src/kernel/index.ts';
import type { ParsedPlugin } from '../../../src/plugins/index.ts';
import { brokenPromise, parseCase } from './random-bundles.ts';
import { entryOf } from './read-bundle.ts';

const parse = (texts: Readonly<Record<string, string>>): ParsedPlugin => parseCase({ texts, entry: null });
const MANIFEST = '.codex-plugin/plugin.json';
const codes = ({ issues }: ParsedPlugin): readonly string[] => [...new Set(issues.map(({ code }) => code))].toSorted();

/** About 1 MiB: as many members as fit. */
function many(member: (index: number) => string): string {
  const parts: string[] = [];
  for (let length = 0; length < 1_000_000; length += (parts.at(-1)?.length ?? 0) + 1) parts.push(member(parts.length));
  return parts.join(',');
}

describe('a file of 1 MiB costs time in proportion, and the rest of the plugin stays', () => {
  test.each<{ name: string; manifest: string; codes: readonly string[] }>([
    { name: 'of keys', manifest: many((index) => `"key${index}": 1`), codes: ['PLUGIN_UNKNOWN_KEY'] },
    { name: 'of one key', manifest: many(() => '"name": "p"'), codes: ['PLUGIN_DUPLICATE_KEY'] },
    { name: 'of one long key', manifest: `"${'x'.repeat(1_000_000)}": 1`, codes: ['PLUGIN_UNKNOWN_KEY'] },
    {
      name: 'of servers',
      manifest: `"mcpServers": {${many((index) => `"s${index}": {"comand": "c"}`)}}`,
      codes: ['CONFIG_NO_TRANSPORT', 'CONFIG_UNKNOWN_KEY', 'PLUGIN_TOO_LARGE'],
    },
    {
      name: 'of keys of a server',
      manifest: `"mcpServers": {"s": {"command": "c", ${many((index) => `"enabled_tool${index}": 1`)}}}`,
      codes: ['CONFIG_NEAR_MISS', 'PLUGIN_TOO_LARGE'],
    },
    {
      name: 'of arguments with references',
      manifest: `"mcpServers": {"s": {"command": "c", "args": [${many(() => '"${secret:x}"')}]}}`,
      codes: ['PLUGIN_REFERENCE'],
    },
    {
      name: 'of half references',
      manifest: `"mcpServers": {"s": {"command": "c", "args": ["${'${'.repeat(500_000)}"]}}`,
      codes: [],
    },
    {
      name: 'of braces',
      manifest: `"mcpServers": {"s": {"command": "c", "args": ["${'}'.repeat(1_000_000)}"]}}`,
      codes: [],
    },
    {
      name: 'of dollars',
      manifest: `"mcpServers": {"s": {"command": "c", "args": ["${'$'.repeat(1_000_000)}{"]}}`,
      codes: [],
    },
    {
      name: 'of variables',
      manifest: `"mcpServers": {"s": {"command": "c", "env": {${many((index) => `"A ${index}": "x"`)}}}}`,
      codes: ['CONFIG_WRONG_TYPE'],
    },
    {
      name: 'of headers',
      manifest: `"mcpServers": {"s": {"url": "https://h/", "headers": {${many((index) => `"a ${index}": "b"`)}}}}`,
      codes: ['CONFIG_WRONG_TYPE'],
    },
    {
      name: 'of settings',
      manifest: `"user_config": {${many((index) => `"s${index}": {"pattern": "(a+)+", "default": "aaaaaaaaaaaaaaaaaaaaaaaaaaaa!"}`)}}`,
      codes: ['PLUGIN_SETTING_INVALID'],
    },
    {
      name: 'of choices',
      manifest: `"user_config": {"s": {"enum": [${many((index) => `"choice ${index % 2}"`)}]}}`,
      codes: ['PLUGIN_SETTING_INVALID'],
    },
    {
      name: 'of hooks',
      manifest: `"hooks": {${many((index) => `"an event that is called ${index}": [{"hooks": [1]}]`)}}`,
      codes: ['PLUGIN_WRONG_TYPE'],
    },
    {
      name: 'of paths',
      manifest: `"skills": [${many((index) => `"./s${index}"`)}]`,
      codes: ['PLUGIN_PATH_MISSING', 'PLUGIN_TOO_LARGE'],
    },
    { name: 'of a path', manifest: `"mcpServers": "./${'../'.repeat(300_000)}x"`, codes: ['PLUGIN_PATH_ESCAPES'] },
  ])('$name', ({ manifest, codes: want }) => {
    const parsed = parse({ [MANIFEST]: `{"name": "p", ${manifest}}` });
    expect([parsed.plugin?.name, codes(parsed), parsed.issues.length <= 1503]).toEqual(['p', want, true]);
    expect(brokenPromise(parsed)).toBeNull();
  });

  test('problems beyond a number are counted, errors apart from warnings', () => {
    const servers = many((index) => `"s${index}": 1`);
    const parsed = parse({
      [MANIFEST]: `{"name": "p", ${many((index) => `"k${index}": 1`)
        .slice(0, 500_000)
        .replace(/,[^,]*$/, '')}, "mcpServers": {${servers.slice(0, 400_000).replace(/,[^,]*$/, '')}}}`,
    });
    const counted = parsed.issues.filter(({ message }) =>
      message.endsWith('more problems of this kind are not listed'),
    );
    expect([
      counted.map(({ severity }) => severity),
      parsed.issues.filter(({ severity }) => severity === 'error').length,
    ]).toEqual([['warning'], 129]);
  });
});

describe('nothing of a file becomes part of JavaScript', () => {
  const evil =
    '{"__proto__": {"polluted": true, "command": "x"}, "constructor": {"prototype": {"polluted": true}}, "toString": 1}';
  test.each([
    ['the manifest', { [MANIFEST]: `{"name": "p", "__proto__": {"polluted": true}, "interface": ${evil}}` }],
    ['servers', { [MANIFEST]: `{"name": "p", "mcpServers": ${evil}}` }],
    [
      'a server',
      {
        [MANIFEST]: `{"name": "p", "mcpServers": {"s": {"command": "c", "env": ${evil}, "tools": ${evil}, "oauth": ${evil}}}}`,
      },
    ],
    ['settings', { [MANIFEST]: `{"name": "p", "user_config": ${evil}}` }],
    ['hooks', { [MANIFEST]: `{"name": "p", "hooks": ${evil}}` }],
    ['apps', { [MANIFEST]: '{"name": "p"}', '.app.json': `{"apps": ${evil}}` }],
  ])('%s', (_name, texts) => {
    const parsed = parse(texts);
    expect([
      parsed.plugin?.name,
      brokenPromise(parsed),
      Object.hasOwn(Object.prototype, 'polluted'),
      'polluted' in {},
    ]).toEqual(['p', null, false, false]);
  });

  test('a server may be called like something of JavaScript, and is one like others', () => {
    const { plugin } = parse({
      [MANIFEST]: '{"name": "p", "mcpServers": {"__proto__": {"command": "c"}, "constructor": {"command": "d"}}}',
    });
    expect(plugin?.servers.map(({ entry }) => [entry.name, entry.problems.length])).toEqual([
      ['__proto__', 0],
      ['constructor', 0],
    ]);
  });
});

describe('what the marketplace says may be anything', () => {
  const deep = JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`) as JsonValue;
  test.each<{ name: string; mcpServers: JsonValue; want: readonly string[] }>([
    { name: 'deeper than anything is', mcpServers: deep, want: ['PLUGIN_MANIFEST_INVALID', 'PLUGIN_TOO_LARGE'] },
    { name: 'null', mcpServers: null, want: ['PLUGIN_MANIFEST_INVALID', 'PLUGIN_WRONG_TYPE'] },
    {
      name: 'a path that leads out',
      mcpServers: '../x.json',
      want: ['PLUGIN_MANIFEST_INVALID', 'PLUGIN_PATH_ESCAPES'],
    },
    {
      name: 'servers with null in them',
      mcpServers: { a: { command: 'c', args: [null] } },
      want: ['CONFIG_WRONG_TYPE'],
    },
  ])('$name', ({ mcpServers, want }) => {
    const parsed = parseCase({ texts: {}, entry: entryOf('p', { mcpServers }) });
    expect([codes(parsed), brokenPromise(parsed)]).toEqual([want, null]);
  });
});
