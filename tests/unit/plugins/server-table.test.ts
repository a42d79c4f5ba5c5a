import { expect, test } from 'vitest';
import { parseServer, plainValue } from '../../../src/config/index.ts';
import { type PluginServer, parsePlugin } from '../../../src/plugins/index.ts';
import { memoryBundle } from './random-bundles.ts';

const ROOT = '/bundles/p';

function servers(files: Readonly<Record<string, object>>): readonly PluginServer[] {
  const texts = Object.fromEntries(Object.entries(files).map(([path, value]) => [path, JSON.stringify(value)]));
  return parsePlugin({ bundle: memoryBundle(texts), entry: null, dataDir: '/data/p' }).plugin?.servers ?? [];
}

const claude = {
  'run.sh': {},
  '.claude-plugin/plugin.json': {
    name: 'p',
    userConfig: { token: { sensitive: true } },
    mcpServers: {
      a: {
        ...{ command: './run.sh', args: ['${REGION:-eu}', '$${x}'], env: { T: '${user_config.token}' } },
        ...{ timeout: 2000, required: true, auth_model: 'service_token', data_classes: ['mail'] },
        ...{ tools: { t: { approval_mode: 'approve' } }, env_file: '/etc/secrets', allow_secret_in_args: true },
      },
      b: { type: 'http', url: 'https://h.example/', headers: { A: '${KEY}' }, oauth: { clientId: 'c', scopes: 's t' } },
      c: 'no object',
    },
  },
};

test('the table is the server under the keys of config.toml, without what is not for a plugin to say', () => {
  expect(servers(claude).map(({ table }) => plainValue(table))).toEqual([
    {
      ...{ command: `${ROOT}/run.sh`, cwd: ROOT, args: ['${env:REGION:-eu}', '${x}'] },
      ...{ env: { T: '${user_config.token}' }, tool_timeout_sec: 2, tools: { t: {} } },
    },
    { url: 'https://h.example/', http_headers: { A: '${env:KEY}' }, oauth: { client_id: 'c' }, scopes: ['s', 't'] },
    {},
  ]);
});

test('parsed again, the table gives the entry', () => {
  for (const { entry, table } of servers(claude).slice(0, 2)) {
    const places = { homeDir: null, projectDir: null, configFile: null };
    const again = parseServer(entry.name, table, { origin: entry.origin, places, format: { spell: (path) => path } });
    expect(again.entry).toEqual(entry);
  }
});

test.each(['env_file', 'allow_secret_in_args'])('%s is for the user to write, which is said', (key) => {
  const manifest = { name: 'p', mcpServers: { s: { command: 'c', [key]: key === 'env_file' ? '/etc/x' : true } } };
  const texts = { '.codex-plugin/plugin.json': JSON.stringify(manifest) };
  const { plugin, issues } = parsePlugin({ bundle: memoryBundle(texts), entry: null, dataDir: '/data/p' });
  const [server] = plugin?.servers ?? [];
  expect(issues).toMatchObject([
    {
      ...{ code: 'PLUGIN_UNKNOWN_KEY', severity: 'warning', key: `mcpServers.s.${key}` },
      message: `mcpServers.s.${key} is for the user to write, and has no effect in a plugin`,
    },
  ]);
  expect([server?.entry.allowSecretInArgs, server?.entry.transport, server?.entry.problems]).toMatchObject([
    false,
    { envFile: null },
    [],
  ]);
  expect(server?.table.entries.has(key)).toBe(false);
});
