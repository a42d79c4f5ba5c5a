import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ServerEntry } from '../../../src/config/index.ts';
import type { JsonValue } from '../../../src/kernel/index.ts';
import { agreedVariables, consentDefault, consentDigest, consentFacts } from '../../../src/marketplace/consent.ts';
import type { ConsentFacts, ConsentServer } from '../../../src/marketplace/types.ts';
import type { Plugin, PluginServer } from '../../../src/plugins/index.ts';
import { DATA, http, NO_FACTS, NO_SERVER, plugin, ROOT, server, stdio } from './sample-plugin.ts';

const DIGEST = 'ab'.repeat(32);
const LONG = 'x'.repeat(500);
const LONG_SHA256 = createHash('sha256').update(JSON.stringify(LONG)).digest('hex');

function facts(parts: Partial<Plugin>, folders = { root: ROOT, data: DATA }): ConsentFacts {
  const { pluginId, version, marketplaceSource, source, revision, installPolicy, authPolicy } = NO_FACTS;
  return consentFacts({
    ...{ pluginId, version, marketplaceSource, source, revision, installPolicy, authPolicy, folders },
    plugin: plugin(parts),
    scriptDigest: (path) => (path.startsWith('scripts/') ? DIGEST : null),
  });
}

function serverFacts(entry: Partial<ServerEntry>, more: Partial<PluginServer> = {}): ConsentServer | undefined {
  return facts({ servers: [server('docs', entry, more)] }).servers[0];
}

/** SHA-256 of `"geheim"`. */
const GEHEIM = '310e1dff8d6902866eaa7de46d7328ff2fee1ff9414e5fb89202c50ec96d37e2';

describe('what a user is shown of a server', () => {
  test.each<{ name: string; entry: Partial<ServerEntry>; more?: Partial<PluginServer>; want: Partial<ConsentServer> }>([
    { name: 'a program', entry: { transport: stdio('node', { args: ['main.js'] }) }, want: {} },
    {
      name: 'a program in the bundle',
      entry: {
        transport: stdio(`${ROOT}/bin/x`, { args: [`--db=${DATA}/x.db`, ROOT, `${ROOT}-old`, `${ROOT}.bak`] }),
      },
      want: {
        command: ['${PLUGIN_ROOT}/bin/x', '--db=${PLUGIN_DATA}/x.db', '${PLUGIN_ROOT}', `${ROOT}-old`, `${ROOT}.bak`],
      },
    },
    {
      name: 'a launcher',
      entry: { transport: stdio('npx', { args: ['-y', 'x@latest'] }) },
      want: { command: ['npx', '-y', 'x@latest'], unpinned: 'npx -y x@latest' },
    },
    {
      name: 'variables, by name',
      entry: {
        transport: stdio('node', {
          args: ['main.js'],
          env: { Z: 'geheim', A: 'geheim' },
          envVars: [
            { name: 'TOKEN', source: 'local', required: true },
            { name: 'HOST', source: 'remote', required: false },
          ],
        }),
      },
      more: { variables: ['LATER', 'HOST'] },
      want: { envNames: ['HOST', 'LATER', 'TOKEN'], setsEnv: ['A', 'Z'], valueDigests: [`A ${GEHEIM}`, `Z ${GEHEIM}`] },
    },
    {
      name: 'an address',
      entry: { transport: http('https://mcp.example.com/mcp?x=1') },
      want: { ...remote('https://mcp.example.com/mcp?x=1', 'mcp.example.com:443') },
    },
    {
      name: 'an address with a port',
      entry: { transport: http('https://mcp.example.com:8443/') },
      want: { ...remote('https://mcp.example.com:8443/', 'mcp.example.com:8443') },
    },
    {
      name: 'an address on this machine',
      entry: { transport: http('http://[::1]/mcp') },
      want: { ...remote('http://[::1]/mcp', '[::1]:80'), runs: 'local' },
    },
    {
      name: 'an address whose host is a setting',
      entry: { transport: http('https://${user_config.host}/mcp') },
      more: { settings: ['host'] },
      want: { ...remote('https://${user_config.host}/mcp', '${user_config.host}:443'), settings: ['host'] },
    },
    {
      name: 'an address that is a setting',
      entry: { transport: http('${user_config.url}/mcp') },
      want: { ...remote('${user_config.url}/mcp', '${user_config.url}') },
    },
    {
      name: 'headers, by name',
      entry: {
        transport: http('https://a.example/', {
          bearerTokenEnvVar: 'TOKEN',
          headers: { 'X-B': 'geheim' },
          envHeaders: { 'X-A': 'KEY' },
          headersHelper: `${ROOT}/headers.sh`,
        }),
      },
      want: {
        ...remote('https://a.example/', 'a.example:443'),
        envNames: ['KEY', 'TOKEN'],
        headers: ['Authorization', 'X-A', 'X-B'],
        valueDigests: [`X-B ${GEHEIM}`],
        headersHelper: '${PLUGIN_ROOT}/headers.sh',
      },
    },
    {
      name: 'a program for headers that is fetched',
      entry: { transport: http('https://a.example/', { headersHelper: 'npx headers' }) },
      want: {
        ...remote('https://a.example/', 'a.example:443'),
        headersHelper: 'npx headers',
        unpinned: "sh -c 'npx headers'",
      },
    },
    {
      name: 'a working folder elsewhere',
      entry: { transport: stdio('node', { args: ['main.js'], cwd: `${DATA}/run` }) },
      want: { cwd: '${PLUGIN_DATA}/run' },
    },
    {
      name: 'files that are read for it, open folders, no sharing, no start',
      entry: {
        transport: http('https://a.example/', { caFile: `${ROOT}/ca.pem`, clientKeyFile: `${DATA}/key.pem` }),
        ...{ roots: [{ uri: `file://${ROOT}/docs` }, { uri: 'file:///srv' }], sharing: 'session', enabled: false },
      },
      want: {
        ...remote('https://a.example/', 'a.example:443'),
        files: ['ca_file ${PLUGIN_ROOT}/ca.pem', 'client_key_file ${PLUGIN_DATA}/key.pem'],
        ...{ roots: ['file://${PLUGIN_ROOT}/docs', 'file:///srv'], sharing: 'session', enabled: false },
      },
    },
    { name: 'a server without a transport', entry: {}, want: { transport: null, command: null } },
    {
      name: 'tools, settings and data',
      entry: {
        transport: stdio('node', { args: ['main.js'] }),
        enabledTools: ['b', 'a', 'b'],
        disabledTools: ['d', 'c'],
      },
      more: { settings: ['token', 'host'], authModel: 'service_token', dataClasses: ['mail', 'files'] },
      want: {
        ...{ enabledTools: ['a', 'b'], disabledTools: ['c', 'd'], settings: ['host', 'token'] },
        ...{ authModel: 'service_token', dataClasses: ['files', 'mail'] },
      },
    },
    {
      name: 'what it asks for',
      entry: { transport: stdio('node', { args: ['main.js'] }) },
      more: {
        requests: { required: true, supportsParallelToolCalls: true, approveAll: true, approveTools: ['a', 'b'] },
      },
      want: {
        requests: [
          'to be required: agents are told when it does not start',
          'to run every tool beside other calls',
          'to run every tool without your approval',
          'to run its tool `a` without your approval',
          'to run its tool `b` without your approval',
        ],
      },
    },
  ])('$name', ({ entry, more, want }) => {
    const shown = serverFacts(entry, more);
    expect(shown).toEqual({ ...NO_SERVER, ...want });
    expect(JSON.stringify(shown)).not.toContain('geheim');
  });
});

test('the variables that were shown are those that its files may refer to', () => {
  const agreed = facts({
    servers: [
      server('a', { transport: stdio('node', { envVars: [{ name: 'B', source: 'local', required: false }] }) }),
      server('b', { transport: http('https://h/', { envHeaders: { X: 'A' } }) }, { variables: ['C', 'B'] }),
    ],
  });
  const consent = { digest: '', facts: agreed, how: 'asked', requestsAccepted: false } as const;
  expect([agreedVariables({ consent }), agreedVariables({ consent: null })]).toEqual([['A', 'B', 'C'], []]);
});

function remote(url: string, host: string): Partial<ConsentServer> {
  return { transport: 'http', command: null, url, host, runs: 'remote' };
}

describe('what a user is shown of a plugin', () => {
  test('its parts by name, sorted', () => {
    const part = (name: string) => ({ name, path: `x/${name}` });
    const setting = {
      title: 'T',
      description: '',
      multiple: false,
      default: 'x',
      min: null,
      max: null,
      enum: null,
      pattern: null,
    };
    const shown = facts({
      servers: [server('z', {}), server('a', {})],
      settings: [
        { key: 'token', type: 'string', sensitive: true, required: true, ...setting, default: null },
        { key: 'host', type: 'string', sensitive: false, required: false, ...setting },
      ],
      skills: [part('s2'), part('s1')],
      commands: [part('c')],
      agents: [part('g')],
      apps: ['connector_2', 'connector_1'],
    });
    const bare = { ...NO_SERVER, transport: null, command: null };
    expect(shown).toEqual({
      ...NO_FACTS,
      servers: [
        { ...bare, name: 'a' },
        { ...bare, name: 'z' },
      ],
      settings: [
        { key: 'host', sensitive: false, required: false, default: '"x"' },
        { key: 'token', sensitive: true, required: true, default: null },
      ],
      skills: ['s1', 's2'],
      commands: ['c'],
      agents: ['g'],
      apps: ['connector_1', 'connector_2'],
    });
  });

  test.each<{ name: string; value: JsonValue | null; fact: string | null; shown: string | null }>([
    { name: 'none', value: null, fact: null, shown: null },
    { name: 'a word', value: '127.0.0.1:8080', fact: '"127.0.0.1:8080"', shown: '127.0.0.1:8080' },
    { name: 'a text with blanks', value: '--require /x', fact: '"--require /x"', shown: '"--require /x"' },
    { name: 'an empty text', value: '', fact: '""', shown: '""' },
    { name: 'a number', value: 8080, fact: '8080', shown: '8080' },
    { name: 'a list', value: ['a', 'b'], fact: '["a","b"]', shown: '["a","b"]' },
    { name: 'a text that looks like a list', value: '["a"]', fact: '"[\\"a\\"]"', shown: '"[\\"a\\"]"' },
    {
      name: 'more than anybody reads',
      value: LONG,
      fact: `sha256 ${LONG_SHA256}`,
      shown: `a long value, sha256 ${LONG_SHA256}`,
    },
  ])('the default of a setting: $name', ({ value, fact, shown }) => {
    const rest = { title: 'T', description: '', multiple: false, min: null, max: null, enum: null, pattern: null };
    const [setting] = facts({
      settings: [{ key: 'k', type: 'string', sensitive: false, required: false, ...rest, default: value }],
    }).settings;
    expect(setting).toEqual({ key: 'k', sensitive: false, required: false, default: fact });
    expect(consentDefault(setting ?? {})).toBe(shown);
  });

  test.each([
    ['make lint', 'Stop make lint'],
    ['./scripts/a.sh', `Stop ./scripts/a.sh (scripts/a.sh sha256 ${DIGEST})`],
    [
      '${CLAUDE_PLUGIN_ROOT}/scripts/a.sh x',
      `Stop \${CLAUDE_PLUGIN_ROOT}/scripts/a.sh x (scripts/a.sh sha256 ${DIGEST})`,
    ],
    [
      'node "${PLUGIN_ROOT}/scripts/a b.js"',
      `Stop node "\${PLUGIN_ROOT}/scripts/a b.js" (scripts/a b.js sha256 ${DIGEST})`,
    ],
    ["'$CLAUDE_PLUGIN_ROOT'/scripts/a.sh", `Stop '$CLAUDE_PLUGIN_ROOT'/scripts/a.sh (scripts/a.sh sha256 ${DIGEST})`],
    [
      'scripts/a.sh && scripts/b.sh && scripts/a.sh',
      `Stop scripts/a.sh && scripts/b.sh && scripts/a.sh (scripts/a.sh sha256 ${DIGEST}, scripts/b.sh sha256 ${DIGEST})`,
    ],
    ['scripts/../../x scripts/../scripts/a /scripts/a', 'Stop scripts/../../x scripts/../scripts/a /scripts/a'],
  ])('the hook %j with the digest of its scripts', (command, want) => {
    expect(facts({ hooks: [{ event: 'Stop', matcher: null, command, file: '/x' }] }).hooks).toEqual([want]);
  });

  test('a hook with a matcher', () => {
    const hook = { event: 'PostToolUse', matcher: 'Edit|Write', command: 'make', file: '/x' };
    expect(facts({ hooks: [hook] }).hooks).toEqual(['PostToolUse [Edit|Write] make']);
  });

  test('a hook of any length takes time in proportion', () => {
    const command = '"\\'.repeat(200_000);
    expect(facts({ hooks: [{ event: 'Stop', matcher: null, command, file: '/x' }] }).hooks).toEqual([
      `Stop ${command}`,
    ]);
  });
});

describe('the digest of what was agreed to', () => {
  const full = facts({ servers: [server('docs', { transport: stdio(`${ROOT}/x`, { args: [`${DATA}/y`] }) })] });

  test('does not depend on where the bundle lies, or on the order of keys', () => {
    const moved = facts(
      { servers: [server('docs', { transport: stdio('/tmp/stage/x', { args: ['/tmp/data/y'], cwd: '/tmp/stage' }) })] },
      { root: '/tmp/stage', data: '/tmp/data' },
    );
    const turned = Object.fromEntries(Object.entries(full).reverse());
    expect(consentDigest(full)).toMatch(/^[0-9a-f]{64}$/);
    expect(consentDigest(moved)).toBe(consentDigest(full));
    expect(consentDigest({ ...full, ...turned })).toBe(consentDigest(full));
  });

  test.each<[string, ConsentFacts]>([
    ['another version', { ...full, version: '1.0.1' }],
    ['another revision', { ...full, revision: 'a' }],
    ['no server', { ...full, servers: [] }],
    ['a hook', { ...full, hooks: ['x'] }],
    ['the same text as something else', { ...full, skills: ['x'] }],
  ])('is another for %s', (_name, other) => expect(consentDigest(other)).not.toBe(consentDigest(full)));
});
