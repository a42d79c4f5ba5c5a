import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/kernel/index.ts';
import { capabilitySummary, type PluginServer } from '../../../src/plugins/index.ts';
import { SERVERS } from './codex-servers.ts';
import { GENERAL_ROWS, type Outcome, SHAPES, type Shape } from './codex-shapes.ts';
import { entryOf, type Files, type Read, useBundles } from './read-bundle.ts';

const bundles = useBundles();
const COMPAT = readFileSync(new URL('../../../docs/codex-compat.md', import.meta.url), 'utf8');

function launchOf({ entry: { transport }, settings, undeclared, variables }: PluginServer): string {
  const waits = [...settings, ...undeclared, ...variables.map((name) => `env:${name}`)];
  const own = (record: Readonly<Record<string, string>>, sign: string): string =>
    Object.entries(record)
      .map(([key, value]) => `${key}${sign}${value}`)
      .toSorted()
      .join(', ');
  const part = (open: string, text: string, close: string): string => (text === '' ? '' : ` ${open}${text}${close}`);
  const waiting = part('waits for ', waits.join(', '), '');
  if (transport?.kind === 'stdio') {
    const names = transport.envVars.map(({ name, source }) => (source === 'remote' ? `${name} remote` : name));
    const { command, args, env } = transport;
    return `${[command, ...args].join(' ')}${part('{', own(env, '='), '}')}${part('[', names.join(', '), ']')}${waiting}`;
  }
  const token = transport?.bearerTokenEnvVar ?? '';
  return `${transport?.url}${part('{', own(transport?.headers ?? {}, ': '), '}')}${part('[', token, ']')}${waiting}`;
}

/** What can be started, or the code of the first error where nothing can be installed. */
function outcomeOf({ plugin, issues }: Read): Outcome {
  const refused = issues.find(({ code }) => code === 'PLUGIN_NAME_MISMATCH')?.code;
  if (plugin === null || refused !== undefined)
    return refused ?? issues.find(({ severity }) => severity === 'error')?.code ?? '';
  const usable = plugin.servers.filter(({ entry }) => entry.problems.length === 0);
  return Object.fromEntries(usable.map((server) => [server.entry.name, launchOf(server)]));
}

const parse = ({ name, files, entry }: Shape): Read => bundles.parse(files, { name, entry: entry ?? entryOf(name) });

describe('each recorded shape comes out as in Codex, or as the page on differences says', () => {
  test.each(SHAPES)('$name', (shape) => {
    expect(outcomeOf(parse(shape))).toEqual(shape.ours ?? shape.codex);
  });

  test.each(SHAPES.filter(({ ours }) => ours !== undefined))(
    '$name: the difference has its row',
    ({ codex, ours, rows = [] }) => {
      const bothRefuse = typeof codex === 'string' && typeof ours === 'string';
      expect(rows.length > 0).toBe(!bothRefuse);
      expect(rows.filter((row) => !COMPAT.includes(`| ${row} |`))).toEqual([]);
    },
  );

  test('what holds for every plugin has its rows too', () => {
    expect(GENERAL_ROWS.filter((row) => !COMPAT.includes(`| ${row} |`))).toEqual([]);
  });
});

test('whatever is not used is an issue, with the file it is in', () => {
  const silent = SHAPES.filter((shape) => {
    const { plugin, issues } = parse(shape);
    const dropped = plugin?.servers.filter(({ entry }) => entry.problems.length > 0) ?? [];
    const named = dropped.every(({ entry }) =>
      issues.some((issue) => issue.server === entry.name && issue.line !== undefined),
    );
    const empty = plugin === null || plugin.servers.length === 0;
    return (
      !named ||
      (empty && !['p-noname', 'p-mismatch'].includes(shape.name) && issues.every(({ file }) => file === undefined))
    );
  });
  expect(silent.map(({ name }) => name)).toEqual([]);
});

/** One set of servers in the ways that a plugin can declare them. */
function ways(servers: JsonObject, family: 'codex' | 'claude' | 'cursor'): Readonly<Record<string, Files>> {
  const manifest = (mcpServers: JsonObject | string | undefined): JsonObject => ({
    name: 'p',
    version: '1.0.0',
    user_config: { token: { sensitive: true } },
    ...(mcpServers === undefined ? {} : { mcpServers }),
  });
  const at = `.${family}-plugin/plugin.json`;
  const program = { 'bin/run.sh': '#!/bin/sh\n' };
  return {
    'inline, flat': { [at]: manifest(servers), ...program },
    'inline, wrapped': { [at]: manifest({ mcpServers: servers }), ...program },
    'a path to a flat file': { [at]: manifest('./servers/mcp.json'), 'servers/mcp.json': servers, ...program },
    'a path to a wrapped file': {
      [at]: manifest('./servers/mcp.json'),
      'servers/mcp.json': { mcpServers: servers },
      ...program,
    },
    'a flat .mcp.json': { [at]: manifest(undefined), '.mcp.json': servers, ...program },
    'a wrapped .mcp.json': { [at]: manifest(undefined), '.mcp.json': { mcpServers: servers }, ...program },
  };
}

/** Everything but where it is written. */
function withoutPlaces(value: unknown): unknown {
  const drop = ['file', 'line', 'column', 'mcpPath'];
  return JSON.parse(JSON.stringify(value, (key, item: unknown) => (drop.includes(key) ? undefined : item)));
}

describe('however servers are declared, they are the same, with the same issues and the same summary', () => {
  const sets = Object.entries(SERVERS).flatMap(([name, servers]) =>
    (['codex', 'claude', 'cursor'] as const).map((family) => ({ name, servers, family })),
  );
  test.each(sets)('$name in the format of $family', ({ servers, family }) => {
    const seen = Object.values(ways(servers, family)).map((files) => {
      const { sure, issues } = bundles.parse(files);
      return withoutPlaces({
        servers: sure().servers,
        issues: issues.toSorted(byText),
        summary: capabilitySummary(sure(), 'p@m'),
      });
    });
    expect(seen.slice(1)).toEqual(seen.slice(1).map(() => seen[0]));
  });
});

function byText(a: object, b: object): number {
  const [left, right] = [JSON.stringify(withoutPlaces(a)), JSON.stringify(withoutPlaces(b))];
  return left < right ? -1 : 1;
}

test('the declared sets come out as in Codex whichever way they are declared', () => {
  const shapes = {
    poka: 'p-string',
    names: 'p-names',
    mixed: 'p-mixed',
    types: 'p-type',
    lists: 'lists',
    envVars: 'envvars',
    folders: 'cwds',
  };
  for (const [set, name] of Object.entries(shapes)) {
    const shape = SHAPES.find((one) => one.name === name);
    const servers = SERVERS[set as keyof typeof SERVERS];
    for (const [way, files] of Object.entries(ways(servers, 'codex'))) {
      expect([set, way, outcomeOf(bundles.parse(files))]).toEqual([set, way, shape?.ours ?? shape?.codex]);
    }
  }
});

test('the working folder is the plugin, or a folder in it; Codex has the folder of the session, and any folder', () => {
  const { sure } = bundles.parse({
    '.codex-plugin/plugin.json': { name: 'p', mcpServers: SERVERS.folders },
    'bin/run.sh': '#!/bin/sh\n',
  });
  expect(
    sure().servers.map(({ entry }) => [
      entry.name,
      entry.transport?.kind === 'stdio' ? entry.transport.cwdAbsolute : null,
      entry.problems.map(({ code }) => code),
    ]),
  ).toEqual([
    ['c1', 'ROOT/sub', []],
    ['c2', null, ['PLUGIN_PATH_ESCAPES']],
    ['c3', '/scratch-tmp', ['PLUGIN_PATH_ESCAPES']],
    ['c4', 'ROOT/missing', []],
    ['c5', 'ROOT', []],
    ['c6', 'ROOT', []],
    ['c7', 'ROOT', []],
  ]);
});
