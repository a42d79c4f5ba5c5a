import { describe, expect, test } from 'vitest';
import { restrictProject } from '../../../src/config/build.ts';
import { explain } from '../../../src/config/explain.ts';
import { parseLayer } from '../../../src/config/parse.ts';
import { brief, configFrom, PROJECT_FILE, USER_FILE } from './read-config.ts';

const origin = { layer: 'user', file: USER_FILE, line: 1, column: 19 };

describe('[secret_providers.SCHEME]', () => {
  test.each([
    { lines: 'command = ["op", "read"]', want: { command: ['op', 'read'], envVars: [] } },
    { lines: 'command = "op read"', want: { command: ['op read'], envVars: [] } },
    {
      lines: 'command = ["op", "read"]\nargs = ["-n", ""]\nenv_vars = ["OP_TOKEN"]',
      want: { command: ['op', 'read', '-n', ''], envVars: ['OP_TOKEN'] },
    },
    {
      lines: 'command = "op"\nargs = ["${HOME}", "$${env:A}"]',
      want: { command: ['op', '${HOME}', '$${env:A}'], envVars: [] },
    },
  ])('$lines', ({ lines, want }) => {
    const { secretProviders, issues } = configFrom({ user: `[secret_providers.op]\n${lines}` });
    expect(issues).toEqual([]);
    expect([...secretProviders]).toEqual([['op', { scheme: 'op', origin, ...want }]]);
  });

  test('layers are put together', () => {
    const { secretProviders } = configFrom({
      system: 'secret_providers.op = { command = ["op"], env_vars = ["A"] }',
      user: 'secret_providers.op.command = ["op2"]',
    });
    expect(secretProviders.get('op')).toMatchObject({ command: ['op2'], envVars: ['A'] });
  });
});

describe('a provider that cannot be used is left out, and the others stay', () => {
  const KEY = 'secret_providers.op';
  test.each([
    { toml: '[secret_providers.op]', want: [`error CONFIG_WRONG_TYPE ${KEY}@1:19`] },
    { toml: 'secret_providers.op = "op"', want: [`error CONFIG_WRONG_TYPE ${KEY}@1:23`] },
    { toml: '[secret_providers.op]\ncommand = []', want: [`error CONFIG_WRONG_TYPE ${KEY}@1:19`] },
    { toml: '[secret_providers.op]\ncommand = ""', want: [`error CONFIG_WRONG_TYPE ${KEY}.command.0@2:11`] },
    { toml: '[secret_providers.op]\ncommand = ["op", 1]', want: [`error CONFIG_WRONG_TYPE ${KEY}.command.1@2:18`] },
    { toml: '[secret_providers.op]\ncommand = 1', want: [`error CONFIG_WRONG_TYPE ${KEY}.command@2:11`] },
    { toml: '[secret_providers.op]\ncommand = "op"\nargs = "x"', want: [`error CONFIG_WRONG_TYPE ${KEY}.args@3:8`] },
    {
      toml: '[secret_providers.op]\ncommand = "op"\nenv_vars = ["A=B"]',
      want: [`error CONFIG_WRONG_TYPE ${KEY}.env_vars.0@3:13`],
    },
    {
      toml: '[secret_providers.op]\ncommand = "op"\nargs = ["${env:A}"]',
      want: [`error CONFIG_WRONG_TYPE ${KEY}@1:19`],
    },
    {
      toml: '[secret_providers."op.x"]\ncommand = "op"',
      want: ['error CONFIG_WRONG_TYPE secret_providers."op.x"@1:19'],
    },
  ])('$toml', ({ toml, want }) => {
    const { secretProviders, issues } = configFrom({ user: `${toml}\n[secret_providers.fine]\ncommand = "f"` });
    expect([brief(issues), [...secretProviders.keys()]]).toEqual([want, ['fine']]);
  });

  test('a key that is not known has no effect', () => {
    const user = '[secret_providers.op]\ncommand = "op"\ncomand = "x"';
    const { secretProviders, issues } = configFrom({ user });
    expect([brief(issues), secretProviders.size]).toEqual([
      ['warning CONFIG_UNKNOWN_KEY secret_providers.op.comand@3:1'],
      1,
    ]);
  });

  test('and all of it may be no table', () => {
    expect(brief(configFrom({ user: 'secret_providers = 1' }).issues)).toEqual([
      'error CONFIG_WRONG_TYPE secret_providers@1:20',
    ]);
  });
});

test('a project names no program that prints secrets', () => {
  const layer = restrictProject(parseLayer('[secret_providers.op]\ncommand = "evil"', PROJECT_FILE, 'project'));
  expect(brief(layer.issues)).toEqual(['warning CONFIG_NOT_FROM_PROJECT secret_providers@1:2']);
  expect([...layer.table.entries]).toEqual([]);
});

test('values that may be secret are not shown unless asked for', () => {
  const toml = `[secret_providers.op]
command = ["op", "--token=hunter2"]
args = ["hunter2"]
env_vars = ["OP_TOKEN"]
[plugins."p@m".user_config]
region = "hunter2"
list = ["hunter2"]
[plugins."p@m".mcp_servers.s]
env = { A = "hunter2" }
http_headers = { B = "hunter2" }
`;
  const loaded = { layers: [parseLayer(toml, USER_FILE)] };
  expect(explain(loaded, 'secret_providers').value).toEqual({
    op: { command: ['*****', '*****'], args: ['*****'], env_vars: ['OP_TOKEN'] },
  });
  expect(explain(loaded, 'plugins."p@m"').value).toEqual({
    user_config: { region: '*****', list: ['*****'] },
    mcp_servers: { s: { env: { A: '*****' }, http_headers: { B: '*****' } } },
  });
  expect(explain(loaded, 'plugins."p@m".user_config.region', { showValues: true }).value).toBe('hunter2');
});
