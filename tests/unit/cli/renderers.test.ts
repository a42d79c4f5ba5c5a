import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { renderExplained } from '../../../src/cli/render-config.ts';
import { type DoctorReport, renderDoctor, renderProgress } from '../../../src/cli/render-doctor.ts';
import { renderServer, renderServerTable } from '../../../src/cli/render-servers.ts';
import { fit, renderTable } from '../../../src/cli/render-table.ts';
import { listedTool, renderResult, renderTool, renderToolList } from '../../../src/cli/render-tools.ts';
import { listedServer, type ServerFacts, shownServer } from '../../../src/cli/server-json.ts';
import { explain, parseLayer } from '../../../src/config/index.ts';
import type { JsonObject, ServerState } from '../../../src/kernel/index.ts';
import type { ServerReport } from '../../../src/status/index.ts';
import { FILE, factsOf } from './read-entries.ts';

const ESC = '\u001b';

describe('tables', () => {
  test('columns line up, also below wide characters, and no line ends in blanks', () => {
    expect(
      renderTable(
        ['A', 'B'],
        [
          ['x', 'one'],
          ['日本', 'two'],
          ['', ''],
        ],
      ),
    ).toBe('A     B\nx     one\n日本  two\n');
  });

  test('a cell is one safe line', () => {
    expect(renderTable(['A'], [[`x\n  y${ESC}[31mz`]])).toBe('A\nx y\\x1b[31mz');
  });

  test.each([
    { columns: 4, want: 'abcd' },
    { columns: 3, want: 'ab…' },
  ])('within $columns columns', ({ columns, want }) => expect(fit('abcd', columns)).toBe(want));
});

const SERVERS = `
[mcp_servers.files]
command = "npx"
args = ["-y", "files"]
env = { A_TOKEN = "canary" }
env_vars = ["HOME"]

[mcp_servers.docs]
url = "https://docs.test/mcp"
enabled = false

[mcp_servers.broken]
args = []
`;

function withState(facts: ServerFacts, state: ServerState): ServerFacts {
  return { ...facts, state };
}

describe('mcp list', () => {
  const list = (servers: readonly ServerFacts[]): string =>
    renderServerTable(servers.map((facts) => listedServer(facts, { showValues: false })));

  test('no servers: how to add one', () => {
    expect(list([])).toBe(
      "No MCP servers configured yet. Try 'plugboard mcp add my-tool -- my-command', or 'plugboard plugin add PLUGIN'.",
    );
  });

  test('a line for each, with the state where one is known', () => {
    const [files, docs, broken] = factsOf(SERVERS) as [ServerFacts, ServerFacts, ServerFacts];
    const connected = withState(files, { kind: 'connected', since: 0, toolCount: 3 });
    const invalid = withState(broken, { kind: 'invalid', issues: broken.entry.problems });
    expect(list([connected, files, docs, invalid])).toBe(
      [
        'Name    Type   State              Command or URL',
        'files   stdio  CONNECTED 3 tools  npx -y files',
        'files   stdio  not running        npx -y files',
        'docs    http   disabled           https://docs.test/mcp',
        'broken  -      INVALID            -',
      ].join('\n'),
    );
  });
});

test('mcp list says which plugin a server comes from, where there are any', () => {
  const [files, docs] = factsOf(SERVERS) as [ServerFacts, ServerFacts];
  const listed = [{ ...files, plugin: 'a@acme' }, docs].map((facts) => listedServer(facts, { showValues: false }));
  expect(renderServerTable(listed)).toBe(
    [
      'Name   Plugin  Type   State        Command or URL',
      'files  a@acme  stdio  not running  npx -y files',
      'docs   -       http   disabled     https://docs.test/mcp',
    ].join('\n'),
  );
});

test('mcp get has the lines of Codex, then ours, and no value of env', () => {
  const [files] = factsOf(SERVERS) as [ServerFacts];
  expect(renderServer(shownServer(files, { showValues: false, issues: [] }))).toBe(
    [
      'files',
      '  enabled: true',
      '  transport: stdio',
      '  command: npx',
      '  args: -y files',
      '  env: A_TOKEN=*****',
      '  env_vars: HOME',
      '  cwd: -',
      `  origin: ${FILE}:2 (user)`,
      '  state: not running',
      '  remove: plugboard mcp remove files',
    ].join('\n'),
  );
});

const TOOL = {
  name: 'files__read',
  server: 'files',
  rawName: 'read',
  definition: {
    name: 'read',
    title: 'Read a file',
    description: `Reads.\nMore of it.${ESC}[2J`,
    inputSchema: { type: 'object' },
    annotations: { readOnlyHint: true, openWorldHint: false, title: 'other' },
  } satisfies JsonObject,
};

const GONE: ServerReport = {
  name: 'gone',
  transport: 'stdio',
  plugin: null,
  state: {
    kind: 'connection_error',
    reason: { kind: 'command_not_found', command: 'x' },
    attempt: 1,
    nextRetryAt: null,
  },
  reason: 'command not found: x',
  nextStep: 'install x',
  tools: 0,
  required: false,
  serverInfo: null,
  stderr: `first${ESC}[2J\nlast\n`,
};
const UP: ServerReport = {
  ...GONE,
  name: 'up',
  state: { kind: 'connected', since: 0, toolCount: 2 },
  reason: '2 tools',
  nextStep: null,
  tools: 2,
  stderr: '',
};

describe('tools', () => {
  test('a listed tool', () => {
    expect(listedTool(TOOL)).toEqual({
      name: 'files__read',
      server: 'files',
      rawName: 'read',
      title: 'Read a file',
      description: TOOL.definition.description,
      hints: { readOnlyHint: true, openWorldHint: false },
    });
  });

  test('the list has the first line of each description, and says which servers are missing', () => {
    expect(renderToolList({ schemaVersion: 1, tools: [listedTool(TOOL)], missing: [GONE] })).toBe(
      [
        'Name         Server  Hints      Description',
        'files__read  files   read-only  Reads.',
        '',
        'gone  (stdio)  CONNECTION_ERROR — command not found: x — install x',
      ].join('\n'),
    );
  });

  test('a shown tool has its schemas, and nothing that a terminal would obey', () => {
    const text = renderTool({ schemaVersion: 1, ...TOOL });
    expect(text).toContain('  tool: read\n  title: Read a file\n  hints: read-only');
    expect(text).toContain('inputSchema:\n{\n  "type": "object"\n}');
    expect(text).not.toContain(ESC);
  });

  test.each([
    {
      name: 'texts, as they are',
      result: {
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      want: 'a\nb',
    },
    { name: 'nothing', result: { content: [] }, want: '' },
    {
      name: 'an image',
      result: { content: [{ type: 'image', mimeType: 'image/png', data: 'AAAA' }] },
      want: '[image image/png, 3 bytes]',
    },
    {
      name: 'audio',
      result: { content: [{ type: 'audio', mimeType: 'audio/wav', data: 'AAA=' }] },
      want: '[audio audio/wav, 2 bytes]',
    },
    { name: 'a link', result: { content: [{ type: 'resource_link', uri: 'file:///a' }] }, want: '[link file:///a]' },
    {
      name: 'a resource with text',
      result: { content: [{ type: 'resource', resource: { uri: 'u', text: 't' } }] },
      want: 't',
    },
    {
      name: 'a resource with bytes',
      result: { content: [{ type: 'resource', resource: { uri: 'u', blob: 'AAAA' } }] },
      want: '[resource u, 3 bytes]',
    },
    {
      name: 'a type of the future',
      result: { content: [{ type: 'hologram' }] },
      want: '[content of the type "hologram"]',
    },
    {
      name: 'structured content where there is no other',
      result: { content: [], structuredContent: { a: 1 } },
      want: '{\n  "a": 1\n}',
    },
  ])('a result: $name', ({ result, want }) => expect(renderResult(result, false)).toBe(want));

  test('a result on a terminal holds nothing that the terminal would obey', () => {
    const result = { content: [{ type: 'text', text: `${ESC}]0;x\u0007` }] };
    expect(renderResult(result, true)).toBe('\\x1b]0;x\\x07');
    expect(renderResult(result, false)).toBe(`${ESC}]0;x\u0007`);
  });
});

describe('doctor', () => {
  const report: DoctorReport = {
    schemaVersion: 1,
    servers: [GONE, UP],
    checks: {
      config: {
        status: 'warning',
        issues: [
          {
            code: 'CONFIG_UNKNOWN_KEY',
            severity: 'warning',
            message: 'x is not known',
            file: FILE,
            line: 3,
            column: 1,
            hint: 'did you mean `y`?',
          },
        ],
      },
      home: { status: 'ok', path: '/home/u/.plugboard', issues: [] },
      host: { status: 'ok', running: false, asked: false, version: null, pid: null, configFile: null, endpoints: [] },
      node: { status: 'ok', version: '24.0.0' },
    },
  };
  const rest = [
    '',
    'last lines of gone on standard error:',
    '  first\\x1b[2J',
    '  last',
    '',
    'config  1 warning',
    `  ${FILE}:3:1: warning: x is not known (did you mean \`y\`?) [CONFIG_UNKNOWN_KEY]`,
    'home    /home/u/.plugboard',
    'host    not running; the servers were started for this check',
    'node    24.0.0',
  ];
  const lines = [
    'gone  (stdio)  CONNECTION_ERROR — command not found: x — install x',
    'up    (stdio)  CONNECTED  2 tools',
  ];

  test('plain lines', () => expect(renderDoctor(report, true).split('\n')).toEqual([...lines, ...rest]));

  test('after the lines that were shown while it ran', () => {
    expect(renderDoctor(report, false).split('\n')).toEqual(rest);
  });

  test('with a running host', () => {
    const host = {
      status: 'ok',
      running: true,
      asked: true,
      version: '1.0.0',
      pid: 7,
      configFile: null,
      endpoints: ['http://127.0.0.1:7450/mcp'],
    } as const;
    const line = (facts: DoctorReport['checks']['host']): string | undefined =>
      renderDoctor({ ...report, checks: { ...report.checks, host: facts } }, true)
        .split('\n')
        .find((text) => text.startsWith('host'));
    const running = 'host    running, version 1.0.0, process 7';
    expect(line(host)).toBe(`${running}, http://127.0.0.1:7450/mcp`);
    expect(line({ ...host, configFile: '/s.toml', endpoints: [] })).toBe(`${running}, with --config /s.toml`);
    expect(line({ ...host, asked: false, configFile: '/s.toml', endpoints: [] })).toBe(
      `${running}, with --config /s.toml; its configuration is another one than this command reads, so the servers were started for this check`,
    );
  });

  test('while it runs, a line for each server, none wider than the terminal', () => {
    const starting: ServerReport = { ...UP, state: { kind: 'starting', since: 0, attempt: 1 }, reason: '' };
    const shown = renderProgress([GONE, starting], { frame: 0, columns: 40 }).map((line) =>
      stripVTControlCharacters(line),
    );
    expect(shown).toEqual(['✖ gone  (stdio)  CONNECTION_ERROR — co…', '⠋ up    (stdio)  STARTING']);
    expect(shown.every((line) => line.length <= 40)).toBe(true);
  });
});

test('config explain names the layer that counts, and every place', () => {
  const loaded = {
    layers: [
      parseLayer('[serve]\nport = 1\n', '/etc/plugboard/config.toml', 'system'),
      parseLayer('[serve]\nport = 2\n', FILE),
    ],
  };
  expect(renderExplained(explain(loaded, 'serve.port'))).toBe(
    [
      'serve.port = 2',
      '  Port to listen on; 0 takes any free one. Counts for the next `plugboard serve`.',
      '',
      '   Layer     Where                               Value',
      `*  user      ${FILE}:2:1  2`,
      '   system    /etc/plugboard/config.toml:2:1      1',
      '   built_in  default                             7450',
      '',
      'The layer marked * counts.',
    ].join('\n'),
  );
});
