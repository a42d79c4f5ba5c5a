import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import type { ClientCell, ClientRow } from '../../../src/authoring/index.ts';
import {
  countFindings,
  renderValidation,
  sarifOf,
  type ValidatedPlugin,
  type ValidateReport,
} from '../../../src/cli/render-validate.ts';
import type { Issue } from '../../../src/kernel/index.ts';

const LOADS: ClientCell = { verdict: 'loads', notes: [] };

function row(
  subject: ClientRow['subject'],
  name: string,
  cells: readonly [ClientCell, ClientCell, ClientCell],
): ClientRow {
  const [codex_0_136, codex_0_169, agent_plugins_1_0] = cells;
  return { subject, name, cells: { codex_0_136, codex_0_169, agent_plugins_1_0 } };
}

const FINDINGS: readonly Issue[] = [
  {
    code: 'PLUGIN_NOT_JSON',
    severity: 'error',
    message: 'not JSON: a colon is expected here',
    hint: 'correct this place',
    file: 'p/.mcp.json',
    line: 3,
    column: 5,
  },
  {
    code: 'PLUGIN_STRICT',
    severity: 'warning',
    message: 'interface.logo names a file that is not there',
    file: 'p/a b/plugin.json',
    line: 9,
    column: 1,
  },
  { code: 'PLUGIN_FILE_UNUSED', severity: 'note', message: 'mcp.json is not read', file: '/else where/mcp.json' },
];

function plugin(changes: Partial<ValidatedPlugin> = {}): ValidatedPlugin {
  return {
    path: 'p',
    name: 'hello',
    entry: null,
    version: '1.0.0',
    family: 'codex',
    findings: [],
    clients: [],
    ...changes,
  };
}

function report(plugins: readonly ValidatedPlugin[], changes: Partial<ValidateReport> = {}): ValidateReport {
  return {
    schemaVersion: 1,
    path: '/work/p',
    strict: false,
    marketplace: null,
    plugins,
    fixed: null,
    unfixed: null,
    summary: countFindings(plugins.flatMap(({ findings }) => findings)),
    ...changes,
  };
}

describe('for people', () => {
  test('one plugin: findings, what each client makes of it, one line that sums up', () => {
    const refuses: ClientCell = { verdict: 'refuses', notes: ['there is no `plugin.json`'] };
    const partly: ClientCell = { verdict: 'partly', notes: ['`headers` is dropped'] };
    const gone: ClientCell = { verdict: 'refuses', notes: [] };
    const clients = [
      row('plugin', 'hello', [LOADS, LOADS, refuses]),
      row('server', 'docs', [partly, partly, gone]),
      row('server', '', [LOADS, LOADS, gone]),
      row('part', 'skills', [LOADS, LOADS, gone]),
    ];
    expect(renderValidation(report([plugin({ findings: FINDINGS.slice(0, 2), clients })]))).toBe(
      `p/.mcp.json:3:5: error: not JSON: a colon is expected here (correct this place) [PLUGIN_NOT_JSON]
p/a b/plugin.json:9:1: warning: interface.logo names a file that is not there [PLUGIN_STRICT]

hello 1.0.0 (codex)  Codex 0.136  Codex 0.169  Agent Plugins 1.0
plugin               loads        loads        refuses
server docs          partly       partly       -
server ""            loads        loads        -
skills               loads        loads        -

  plugin: there is no \`plugin.json\` (Agent Plugins 1.0)
  server docs: \`headers\` is dropped (Codex 0.136, Codex 0.169)

Not valid: 1 error, 1 warning, 0 notes`,
    );
  });

  test('a marketplace: a row for each plugin, and what was not looked at', () => {
    const ignores: ClientCell = { verdict: 'ignores', notes: [] };
    const refuses: ClientCell = { verdict: 'refuses', notes: ['there is no `plugin.json`'] };
    const one = plugin({
      findings: FINDINGS.slice(2),
      clients: [
        row('plugin', 'hello', [LOADS, LOADS, refuses]),
        row('server', 's', [LOADS, ignores, { ...refuses, notes: [] }]),
      ],
    });
    const broken = plugin({ path: 'plugins/broken', name: null, entry: 'broken', version: null, family: null });
    const marketplace = { name: 'acme', findings: [], elsewhere: ['far', 'away'] };
    expect(renderValidation(report([one, broken], { marketplace }))).toBe(
      `/else where/mcp.json: note: mcp.json is not read [PLUGIN_FILE_UNUSED]

Plugin  Version  Family  Errors  Warnings  Notes  Codex 0.136  Codex 0.169  Agent Plugins 1.0
hello   1.0.0    codex   0       0         1      loads        partly       refuses
broken  -        -       0       0         0      loads        loads        loads

  hello, plugin: there is no \`plugin.json\` (Agent Plugins 1.0)

Not in this folder, and not looked at: far, away

Valid: 0 errors, 0 warnings, 1 note`,
    );
  });

  test('what was fixed comes first', () => {
    const fixed = [{ file: 'p/.mcp.json', line: 2, message: '`mcp_servers` is renamed to `mcpServers`' }];
    const [first] = renderValidation(report([plugin()], { fixed })).split('\n\n');
    expect(first).toBe('fixed p/.mcp.json:2: `mcp_servers` is renamed to `mcpServers`');
    expect(renderValidation(report([plugin()], { fixed: [] }))).toMatch(/^There is nothing to fix by itself\.\n\n/);
  });

  test('names from the files cannot write to the terminal', () => {
    const clients = [row('server', 'x\u001b[2J', [{ verdict: 'ignores', notes: ['no\u001b[31m'] }, LOADS, LOADS])];
    expect(renderValidation(report([plugin({ clients })]))).not.toContain('\u001b');
  });
});

/** What SARIF 2.1.0 demands of what is used here (chapters 3.13, 3.14, 3.18, 3.19, 3.27, 3.28, 3.29, 3.4, 3.30, 3.49). */
const TEXT = {
  type: 'object',
  required: ['text'],
  properties: { text: { type: 'string', minLength: 1 } },
  additionalProperties: false,
};
const PLACE = {
  type: 'object',
  required: ['artifactLocation'],
  additionalProperties: false,
  properties: {
    artifactLocation: {
      type: 'object',
      required: ['uri'],
      additionalProperties: false,
      properties: {
        uri: { type: 'string', pattern: '^(?:file:///|[^/:]+(?:/|$))[^ ]*$' },
        uriBaseId: { type: 'string' },
      },
    },
    region: {
      type: 'object',
      required: ['startLine'],
      additionalProperties: false,
      properties: { startLine: { type: 'integer', minimum: 1 }, startColumn: { type: 'integer', minimum: 1 } },
    },
  },
};
const SARIF = {
  type: 'object',
  required: ['version', 'runs'],
  additionalProperties: false,
  properties: {
    $schema: { type: 'string' },
    version: { const: '2.1.0' },
    runs: {
      type: 'array',
      items: {
        type: 'object',
        required: ['tool', 'results'],
        additionalProperties: false,
        properties: {
          columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
          originalUriBaseIds: {
            type: 'object',
            additionalProperties: {
              type: 'object',
              required: ['uri'],
              properties: { uri: { type: 'string', pattern: '^file:///.*/$' } },
            },
          },
          tool: {
            type: 'object',
            required: ['driver'],
            properties: {
              driver: {
                type: 'object',
                required: ['name'],
                additionalProperties: false,
                properties: {
                  name: { type: 'string' },
                  version: { type: 'string' },
                  rules: {
                    type: 'array',
                    uniqueItems: true,
                    items: {
                      type: 'object',
                      required: ['id'],
                      additionalProperties: false,
                      properties: { id: { type: 'string' }, shortDescription: TEXT, help: TEXT },
                    },
                  },
                },
              },
            },
          },
          results: {
            type: 'array',
            items: {
              type: 'object',
              required: ['message'],
              additionalProperties: false,
              properties: {
                ruleId: { type: 'string' },
                ruleIndex: { type: 'integer', minimum: 0 },
                level: { enum: ['none', 'note', 'warning', 'error'] },
                message: TEXT,
                locations: {
                  type: 'array',
                  items: { type: 'object', properties: { physicalLocation: PLACE }, additionalProperties: false },
                },
              },
            },
          },
        },
      },
    },
  },
};

describe('SARIF', () => {
  const about = { version: '1.2.3', base: 'file:///work/' };
  const fits = new Ajv2020({ strict: true }).compile(SARIF);

  test('has the structure of the standard', () => {
    for (const plugins of [[], [plugin({ findings: FINDINGS })]]) {
      fits(sarifOf(report(plugins), about));
      expect(fits.errors ?? []).toEqual([]);
    }
  });

  test('names rule, level, words and place of each finding', () => {
    const { runs } = sarifOf(report([plugin({ findings: FINDINGS })]), about) as {
      runs: readonly [{ tool: unknown; results: unknown }];
    };
    const [{ tool, results }] = runs;
    expect(tool).toMatchObject({
      driver: {
        name: 'Plugboard',
        version: '1.2.3',
        rules: [{ id: 'PLUGIN_FILE_UNUSED' }, { id: 'PLUGIN_NOT_JSON' }, { id: 'PLUGIN_STRICT' }],
      },
    });
    const place = (uri: string, more: object = {}): object => ({
      artifactLocation: { uri, uriBaseId: 'SRCROOT' },
      ...more,
    });
    expect(results).toEqual([
      {
        ruleId: 'PLUGIN_NOT_JSON',
        ruleIndex: 1,
        level: 'error',
        message: { text: 'not JSON: a colon is expected here (correct this place)' },
        locations: [{ physicalLocation: place('p/.mcp.json', { region: { startLine: 3, startColumn: 5 } }) }],
      },
      {
        ruleId: 'PLUGIN_STRICT',
        ruleIndex: 2,
        level: 'warning',
        message: { text: 'interface.logo names a file that is not there' },
        locations: [{ physicalLocation: place('p/a%20b/plugin.json', { region: { startLine: 9, startColumn: 1 } }) }],
      },
      {
        ruleId: 'PLUGIN_FILE_UNUSED',
        ruleIndex: 0,
        level: 'note',
        message: { text: 'mcp.json is not read' },
        locations: [{ physicalLocation: { artifactLocation: { uri: 'file:///else%20where/mcp.json' } } }],
      },
    ]);
  });
});
