/**
 * Shapes of plugins, and what the released Codex 0.169 made of each: which servers it listed with what, or why it refused
 * to install. Where ours differs, the rows of docs/codex-compat.md that say so.
 */
import type { JsonObject } from '../../../src/kernel/index.ts';
import type { EntryFacts } from '../../../src/plugins/index.ts';
import { node, SERVERS } from './codex-servers.ts';
import { entryOf, type Files } from './read-bundle.ts';

/** By name: `command arguments {ENV=value} [env_vars]`, or `address {Header: value}`. Text: why it is refused. */
export type Outcome = Readonly<Record<string, string>> | string;

export type Shape = {
  readonly name: string;
  readonly files: Files;
  readonly entry?: EntryFacts;
  readonly codex: Outcome;
  /** Left out where it is the same. */
  readonly ours?: Outcome;
  /** First cells of rows in docs/codex-compat.md. */
  readonly rows?: readonly string[];
};

const SCHEMA = 'https://agent-plugins.org/schemas';

function codex(name: string, more: JsonObject, files: Files = {}): Pick<Shape, 'name' | 'files'> {
  const manifest = { name, version: '1.0.0', description: `${name} plugin`, ...more };
  return { name, files: { '.codex-plugin/plugin.json': manifest, ...files } };
}

function agent(name: string, mcp: JsonObject, more: JsonObject = {}): Pick<Shape, 'name' | 'files'> {
  const manifest = { $schema: `${SCHEMA}/1.0.0/plugin.schema.json`, name, version: '1.0.0', ...more };
  return {
    name,
    files: { 'plugin.json': manifest, 'mcp.json': { $schema: `${SCHEMA}/1.0.0/mcp.schema.json`, ...mcp } },
  };
}

/** A stdio server of Agent Plugins with something of every kind that looks like a reference. */
const ARGS = ['${PLUGIN_ROOT}/x', '${PLUGIN_DATA}', '${HOME}', '${user_config.t}'];
const agentServer = (more: JsonObject = {}): JsonObject => ({ type: 'stdio', command: 'node', args: ARGS, ...more });
/** Canonical: what is no reference there, and would be one of ours, is escaped. */
const FILLED = 'node ROOT/x /data/p ${HOME} $${user_config.t}';

const outside = { '../outside.json': { mcpServers: { outside: node('outside') } } };

const INVALID = 'problems of a server, a path or a file';

const declared: readonly Shape[] = [
  {
    ...codex('p-string', { mcpServers: './.mcp.codex.json' }, { '.mcp.codex.json': { mcpServers: SERVERS.poka } }),
    codex: {
      poka: 'node /srv.mjs p-string {POKA_BROKER_URL=wss://x, WORKPLUS_READ_ONLY=false} [WORKPLUS_ACCESS_TOKEN]',
    },
  },
  { ...codex('p-default', {}, { '.mcp.json': { flatsrv: node('flat') } }), codex: { flatsrv: 'node /srv.mjs flat' } },
  {
    ...codex('p-snake', {}, { '.mcp.json': { mcp_servers: { snakesrv: node('snake') } } }),
    codex: {},
    ours: { snakesrv: 'node /srv.mjs snake' },
    rows: ['`mcp_servers` in a JSON file'],
  },
  { ...codex('p-inline', { mcpServers: { inlinesrv: node('inline') } }), codex: { inlinesrv: 'node /srv.mjs inline' } },
  {
    ...codex('p-inline-wrapped', { mcpServers: { mcpServers: { inlinewrapped: node('iw') } } }),
    codex: { inlinewrapped: 'node /srv.mjs iw' },
  },
  { ...codex('p-escape', { mcpServers: '../outside.json' }, outside), codex: {} },
  { ...codex('p-escape2', { mcpServers: './sub/../../outside.json' }, outside), codex: {} },
  {
    ...codex('p-noslash', { mcpServers: 'mcp.json' }, { 'mcp.json': { mcpServers: { noslash: node('x') } } }),
    codex: {},
  },
  { ...codex('p-abs', { mcpServers: '/etc/outside.json' }), codex: {} },
  { ...codex('p-missing', { mcpServers: './nope.json' }), codex: {} },
  { ...codex('p-badjson', { mcpServers: './bad.json' }, { 'bad.json': '{ not json' }), codex: {} },
  { ...codex('p-array', { mcpServers: ['./a.json'] }, { 'a.json': { mcpServers: { arr: node('x') } } }), codex: {} },
  { ...codex('p-number', { mcpServers: 5 }), codex: {} },
  {
    ...codex('p-mixed', { mcpServers: SERVERS.mixed }),
    codex: { extra: 'node /srv.mjs extra', good: 'node /srv.mjs good' },
  },
  {
    ...codex('p-type', { mcpServers: SERVERS.types }),
    codex: {
      h1: 'http://127.0.0.1:9/mcp',
      h2: 'http://127.0.0.1:9/sse',
      h3: 'http://127.0.0.1:9/x',
      h4: 'http://127.0.0.1:9/x {A: b} [TOK]',
      h5: 'node /srv.mjs h5',
      h6: 'http://127.0.0.1:9/y',
      h7: 'http://127.0.0.1:9/z',
    },
    ours: {
      h1: 'http://127.0.0.1:9/mcp {A: b}',
      h2: 'http://127.0.0.1:9/sse',
      h3: 'http://127.0.0.1:9/x',
      h4: 'http://127.0.0.1:9/x {A: b} [TOK]',
      h5: 'node /srv.mjs h5',
      h6: 'http://127.0.0.1:9/y',
      h7: 'http://127.0.0.1:9/z',
    },
    rows: ['`headers`, `headersHelper`'],
  },
  {
    ...codex('p-names', { mcpServers: SERVERS.names }),
    codex: {
      '': 'node /srv.mjs e',
      UPPER: 'node /srv.mjs u',
      'a.b/c': 'node /srv.mjs y',
      a__b: 'node /srv.mjs z',
      codex_apps: 'node /srv.mjs q',
      'weird name!': 'node /srv.mjs x',
    },
    ours: {
      UPPER: 'node /srv.mjs u',
      'a.b/c': 'node /srv.mjs y',
      a__b: 'node /srv.mjs z',
      codex_apps: 'node /srv.mjs q',
    },
    rows: ['bad name of a server'],
  },
  {
    ...codex('p-both-wrap', {}, { '.mcp.json': { mcpServers: { w1: node('w1') }, other: node('other') } }),
    codex: { w1: 'node /srv.mjs w1' },
  },
  {
    ...codex(
      'p-dup',
      { mcpServers: './custom.json' },
      {
        'custom.json': { mcpServers: { dup: node('custom'), onlycustom: node('oc') } },
        '.mcp.json': { mcpServers: { dup: node('default'), onlydefault: node('od') } },
      },
    ),
    codex: { dup: 'node /srv.mjs custom', onlycustom: 'node /srv.mjs oc' },
  },
  {
    ...codex('p-codexvars', {
      mcpServers: SERVERS.variables,
      user_config: { token: { type: 'string', sensitive: true } },
    }),
    codex: {
      varsrv:
        'node /srv.mjs ${CLAUDE_PLUGIN_ROOT}/a ${user_config.token} ${PLUGIN_ROOT} ${PLUGIN_DATA} ${CODEX_PLUGIN_ROOT} {R=${CLAUDE_PLUGIN_ROOT}, T=${HOME}, U=${user_config.token}, V=${PLUGIN_ROOT}}',
    },
    ours: {
      varsrv:
        'node /srv.mjs ROOT/a ${user_config.token} ROOT /data/p ${CODEX_PLUGIN_ROOT} {R=ROOT, T=${HOME}, U=${user_config.token}, V=ROOT} waits for token',
    },
    rows: ['`${PLUGIN_ROOT}`, `${PLUGIN_DATA}`', '`${user_config.key}`'],
  },
];

const manifests: readonly Shape[] = [
  {
    name: 'p-claude',
    files: {
      '.claude-plugin/plugin.json': {
        name: 'p-claude',
        version: '1.0.0',
        mcpServers: {
          claudesrv: {
            command: '${CLAUDE_PLUGIN_ROOT}/bin/x',
            args: [
              '${CLAUDE_PLUGIN_ROOT}/a',
              '${CLAUDE_PLUGIN_DATA}',
              '${user_config.token}',
              '${HOME}',
              '${PLUGIN_ROOT}',
              '$HOME',
            ],
            env: {
              T: '${WORKPLUS_ACCESS_TOKEN}',
              U: '${user_config.token}',
              R: '${CLAUDE_PLUGIN_ROOT}',
              V: '${PLUGIN_ROOT}',
            },
          },
        },
        userConfig: { token: { type: 'string', title: 'T', sensitive: true } },
      },
      'bin/x': '#!/bin/sh\n',
    },
    codex: {
      claudesrv:
        '${CLAUDE_PLUGIN_ROOT}/bin/x ${CLAUDE_PLUGIN_ROOT}/a ${CLAUDE_PLUGIN_DATA} ${user_config.token} ${HOME} ${PLUGIN_ROOT} $HOME {R=${CLAUDE_PLUGIN_ROOT}, T=${WORKPLUS_ACCESS_TOKEN}, U=${user_config.token}, V=${PLUGIN_ROOT}}',
    },
    ours: {
      claudesrv:
        'ROOT/bin/x ROOT/a /data/p ${user_config.token} ${env:HOME} ROOT $HOME {R=ROOT, T=${env:WORKPLUS_ACCESS_TOKEN}, U=${user_config.token}, V=ROOT} waits for token, env:HOME, env:WORKPLUS_ACCESS_TOKEN',
    },
    rows: [
      '`${PLUGIN_ROOT}`, `${PLUGIN_DATA}`',
      '`${user_config.key}`',
      '`${env:NAME}`; `${NAME}` in a file of Claude',
    ],
  },
  {
    name: 'p-cursor',
    files: {
      '.cursor-plugin/plugin.json': { name: 'p-cursor', version: '1.0.0', mcpServers: './mcp.json' },
      'mcp.json': { mcpServers: { cursorsrv: node('cursor') } },
    },
    codex: { cursorsrv: 'node /srv.mjs cursor' },
  },
  {
    name: 'p-nomanifest',
    files: { '.mcp.json': { mcpServers: { nm: node('nm') } } },
    codex: { nm: 'node /srv.mjs nm' },
  },
  {
    name: 'p-badmanifest',
    files: { '.codex-plugin/plugin.json': '{ nope' },
    codex: 'failed to parse plugin.json: key must be a string at line 1 column 3',
    ours: 'PLUGIN_NOT_JSON',
  },
  { ...codex('p-noname', { name: '' }), name: 'p-noname', codex: {} },
  {
    ...codex('p-mismatch', { name: 'something-else' }),
    name: 'p-mismatch',
    codex: 'plugin.json name `something-else` does not match marketplace plugin name `p-mismatch`',
    ours: 'PLUGIN_NAME_MISMATCH',
  },
  { ...codex('p-default-installed', { mcpServers: { dis: node('dis') } }), codex: { dis: 'node /srv.mjs dis' } },
  {
    ...codex(
      'p-full',
      {
        skills: './skills',
        mcpServers: './.mcp.json',
        apps: './.app.json',
        hooks: './hooks.json',
        interface: { displayName: 'Full' },
      },
      {
        '.mcp.json': { mcpServers: { fullsrv: node('full') } },
        '.app.json': { apps: { x: { id: 'connector_1' } } },
        'hooks.json': { hooks: { PreToolUse: [{ matcher: 'Bash', hooks: [{ type: 'command', command: 'true' }] }] } },
        'skills/hello/SKILL.md': '---\nname: hello\n---\n',
      },
    ),
    codex: { fullsrv: 'node /srv.mjs full' },
  },
  { ...codex('lists', { mcpServers: SERVERS.lists }), codex: { lists: 'node /srv.mjs x' } },
  { ...codex('envvars', { mcpServers: SERVERS.envVars }), codex: { ev: 'node /srv.mjs x {A=1} [X, Y remote, Z]' } },
  {
    ...codex('cwds', { mcpServers: SERVERS.folders }, { 'bin/run.sh': '#!/bin/sh\n' }),
    codex: {
      c1: 'node /srv.mjs x',
      c2: 'node /srv.mjs x',
      c3: 'node /srv.mjs x',
      c4: 'node /srv.mjs x',
      c5: './bin/run.sh',
      c6: 'bin/run.sh',
      c7: './bin/run.sh',
    },
    ours: {
      c1: 'node /srv.mjs x',
      c4: 'node /srv.mjs x',
      c5: 'ROOT/bin/run.sh',
      c6: 'ROOT/bin/run.sh',
      c7: 'ROOT/bin/run.sh',
    },
    rows: ['`cwd` that leads out of the plugin', 'relative `command`'],
  },
  {
    ...codex('strictfalse', {}),
    entry: entryOf('strictfalse', { version: '9.9.9', mcpServers: { fromentry: node('entry') } }),
    codex: {},
  },
  {
    name: 'noman',
    files: { 'README.md': 'x' },
    entry: entryOf('noman', { version: '3.0.0', mcpServers: { nomansrv: node('noman') } }),
    codex: { nomansrv: 'node /srv.mjs noman' },
  },
];

const agents: readonly Shape[] = [
  {
    ...agent('p-agent', {
      mcpServers: {
        agentsrv: {
          type: 'stdio',
          command: 'node',
          args: ['/srv.mjs', '${PLUGIN_ROOT}', '${PLUGIN_DATA}'],
          env: { X: '${PLUGIN_ROOT}' },
        },
      },
    }),
    codex: { agentsrv: 'node /srv.mjs ROOT /data/p {X=ROOT}' },
  },
  {
    ...agent('ag-ok', {
      mcpServers: {
        ok: agentServer(),
        http: { type: 'streamable-http', url: 'http://127.0.0.1:9/mcp', headers: { 'X-A': 'b' } },
        sse: { type: 'sse', url: 'http://127.0.0.1:9/sse' },
        httpbad: { type: 'streamable-http', url: 'http://example.com/mcp' },
        httpuser: { type: 'streamable-http', url: 'https://u:p@example.com/mcp' },
        notype: { command: 'node' },
        unk: agentServer({ bogus: 1 }),
        envres: agentServer({ env: { PLUGIN_ROOT: 'x' } }),
        cwdrel: agentServer({ cwd: './sub' }),
        cwdesc: agentServer({ cwd: './../..' }),
        cwdabs: agentServer({ cwd: '/scratch-tmp' }),
        cwdata: agentServer({ cwd: '${PLUGIN_DATA}/y' }),
        cmdrel: agentServer({ command: './bin/x' }),
        cmdesc: agentServer({ command: '../bin/x' }),
        cmdabs: agentServer({ command: '/bin/sh' }),
        envvars: agentServer({ env_vars: ['X'] }),
      },
    }),
    codex: {
      cmdrel: FILLED.replace('node', 'ROOT/bin/x'),
      cwdata: FILLED,
      cwdrel: FILLED,
      http: 'http://127.0.0.1:9/mcp {X-A: b}',
      ok: FILLED,
    },
    ours: {
      cmdrel: FILLED.replace('node', 'ROOT/bin/x'),
      cwdata: FILLED,
      cwdrel: FILLED,
      http: 'http://127.0.0.1:9/mcp {X-A: b}',
      ok: FILLED,
      sse: 'http://127.0.0.1:9/sse',
    },
    rows: ['servers of type `sse`'],
  },
  {
    name: 'ag-nomcpschema',
    files: {
      'plugin.json': { $schema: `${SCHEMA}/1.0.0/plugin.schema.json`, name: 'ag-nomcpschema' },
      'mcp.json': { mcpServers: { nms: agentServer() } },
    },
    codex: {},
  },
  { ...agent('ag-extra', { mcpServers: { ex: agentServer() }, foo: 1 }), codex: {} },
  {
    ...agent(
      'ag-110',
      { $schema: `${SCHEMA}/1.1.0/mcp.schema.json`, mcpServers: { v110: agentServer() } },
      { $schema: `${SCHEMA}/1.1.0/plugin.schema.json` },
    ),
    codex: 'missing or invalid plugin.json',
    ours: { v110: FILLED },
    rows: ['draft of Agent Plugins 1.1.0'],
  },
  {
    name: 'ag-noschema',
    files: {
      'plugin.json': { name: 'ag-noschema', version: '1.0.0' },
      'mcp.json': { $schema: `${SCHEMA}/1.0.0/mcp.schema.json`, mcpServers: { ns: agentServer() } },
    },
    codex: 'missing plugin.json',
    ours: 'PLUGIN_MANIFEST_INVALID',
  },
  {
    ...agent('ag-both', { mcpServers: { fromagent: agentServer() } }),
    files: {
      ...agent('ag-both', { mcpServers: { fromagent: agentServer() } }).files,
      '.codex-plugin/plugin.json': {
        name: 'ag-both',
        version: '2.0.0',
        mcpServers: { fromcodex: { command: 'node' } },
      },
    },
    codex: { fromagent: FILLED },
  },
  {
    name: 'ag-dot',
    files: {
      'plugin.json': { $schema: `${SCHEMA}/1.0.0/plugin.schema.json`, name: 'ag-dot', version: '1.0.0' },
      '.mcp.json': { mcpServers: { dotmcp: { command: 'node' } } },
    },
    codex: {},
  },
  {
    ...agent('ag-badname', { mcpServers: { bn: agentServer() } }, { name: 'Bad Name' }),
    name: 'ag-badname',
    codex: 'missing or invalid plugin.json',
    ours: 'PLUGIN_SCHEMA',
  },
  {
    ...agent(
      'ag-ext',
      { mcpServers: { ext: agentServer() } },
      { extensions: { 'com.openai.codex': { mcp: { x: 1 } } } },
    ),
    codex: { ext: FILLED },
  },
];

export const SHAPES: readonly Shape[] = [...declared, ...manifests, ...agents];

/** Rows that hold for every server or for whatever is left out, and so are marked at no shape. */
export const GENERAL_ROWS: readonly string[] = [
  INVALID,
  '`cwd` left out',
  '`PLUGIN_ROOT` and `PLUGIN_DATA` in the environment',
];
