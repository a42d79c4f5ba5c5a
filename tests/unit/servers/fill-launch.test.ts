import { describe, expect, test } from 'vitest';
import type { ServerSetting, StdioLaunch, ValueSources } from '../../../src/servers/index.ts';
import { DATA, fill, type Given, http, opened, ROOT, serverSetting, sourcesOf, stdio } from './filling.ts';

const ref = { name: 'TOKEN', source: 'local', required: false } as const;
const CONFIGURE = 'run: plugboard plugin configure poka@acme';
const setSecret = (name: string, consumer = 'poka'): string => `run: plugboard secret set ${name} --for ${consumer}`;

/** What of a program was filled in, secrets opened. */
function filledStdio(wish: Partial<StdioLaunch>, given: Given = {}, sources?: ValueSources): unknown {
  const result = fill(stdio(wish), given, sources);
  if (result.kind !== 'filled') return result;
  const { launch } = result;
  return opened(Object.fromEntries(Object.keys(wish).map((key) => [key, Reflect.get(launch, key)])));
}

const plugin = (...settings: readonly ServerSetting[]): ValueSources => sourcesOf({ settings });

describe('a program', () => {
  test('without references is as it is written', () => {
    expect(fill(stdio({ args: ['a b'], env: { A: '1' } }))).toEqual({
      kind: 'filled',
      launch: { kind: 'stdio', command: 'node', args: ['a b'], env: { A: '1' }, cwd: '/srv' },
      secrets: [],
      issues: [],
    });
  });

  test.each([
    { name: 'of the environment', given: { env: { X: 'e' }, store: { X: 's' } }, text: '-${env:X}-', want: '-e-' },
    {
      name: 'of the store where the environment has none',
      given: { store: { X: 's' } },
      text: '-${env:X}-',
      want: '<A=-s->',
    },
    {
      name: 'of the store where that of the environment is empty',
      given: { env: { X: '' }, store: { X: 's' } },
      text: '-${env:X}-',
      want: '<A=-s->',
    },
    { name: 'that is empty, and in no store', given: { env: { X: '' } }, text: '-${env:X}-', want: '--' },
    { name: 'by its default when unset', given: {}, text: '${env:X:-d}', want: 'd' },
    { name: 'by its default when empty', given: { env: { X: '' } }, text: '${env:X:-d}', want: 'd' },
    { name: 'by an empty default', given: {}, text: '[${env:X:-}]', want: '[]' },
    { name: 'of the store before its default', given: { store: { X: 's' } }, text: '${env:X:-d}', want: '<A=s>' },
    {
      name: 'that holds a reference itself, which stays text',
      given: { env: { X: '${env:Y}', Y: 'no' } },
      text: '${env:X}',
      want: '${env:Y}',
    },
    {
      name: 'that is named like a secret',
      given: { env: { GITHUB_TOKEN: 't' } },
      text: '${env:GITHUB_TOKEN}',
      want: '<A=t>',
    },
    { name: 'that is escaped', given: { env: { X: 'e' } }, text: '$${env:X} ${Y}', want: '${env:X} ${Y}' },
  ])('gets a variable $name', ({ given, text, want }) => {
    expect(filledStdio({ env: { A: text } }, given)).toEqual({ env: { A: want } });
  });

  test.each([
    { name: 'a secret', text: 'k=${secret:K}', given: { store: { K: 'v' } }, want: '<A=k=v>' },
    {
      name: 'what a provider prints',
      text: '${secret:op://v/i}',
      given: { provided: { 'op://v/i': 'p' } },
      want: '<A=p>',
    },
    {
      name: 'several',
      text: '${secret:K}${secret:op://v/i}',
      given: { store: { K: 'v' }, provided: { 'op://v/i': 'p' } },
      want: '<A=vp>',
    },
  ])('gets $name in `env`, as a secret', ({ text, given, want }) => {
    expect(filledStdio({ env: { A: text } }, given)).toEqual({ env: { A: want } });
  });

  test('a literal value that is named like a secret, or looks like one, is one, and another is none', () => {
    const looks = 'ghp_0123456789abcdef0123';
    expect(filledStdio({ env: { API_KEY: 'k', GITHUB: looks, REGION: 'eu', EMPTY_TOKEN: '' } })).toEqual({
      env: { API_KEY: '<API_KEY=k>', GITHUB: `<GITHUB=${looks}>`, REGION: 'eu', EMPTY_TOKEN: '' },
    });
  });

  test('of `env_file`, `env_vars` and `env` the last counts most', () => {
    const envVars = ['A', 'B'].map((name) => ({ ...ref, name }));
    const given = { env: { A: 'vars', B: 'vars' }, envFile: { A: 'file', B: 'file', C: 'file' } };
    const result = fill(stdio({ env: { A: 'env' }, envVars }), given);
    expect(opened(result)).toMatchObject({
      launch: { env: { A: 'env', B: '<B=vars>', C: '<C=file>' } },
      secrets: ['<B=vars>', '<A=file>', '<B=file>', '<C=file>'],
    });
  });

  test.each([
    { name: 'the environment', given: { env: { TOKEN: 'e' }, store: { TOKEN: 's' } }, want: { TOKEN: '<TOKEN=e>' } },
    { name: 'the store', given: { store: { TOKEN: 's' } }, want: { TOKEN: '<TOKEN=s>' } },
    {
      name: 'the store before an empty one',
      given: { env: { TOKEN: '' }, store: { TOKEN: 's' } },
      want: { TOKEN: '<TOKEN=s>' },
    },
    { name: 'the environment, empty', given: { env: { TOKEN: '' } }, want: { TOKEN: '<TOKEN=>' } },
    { name: 'the file', given: { envFile: { TOKEN: 'f' } }, want: { TOKEN: '<TOKEN=f>' } },
  ])('a name in `env_vars` comes from $name', ({ given, want }) => {
    for (const required of [false, true])
      expect(opened(fill(stdio({ envVars: [{ ...ref, required }] }), given))).toMatchObject({
        launch: { env: want },
        issues: [],
      });
  });

  test.each([
    { of: 'a server', sources: sourcesOf(), key: 'mcp_servers.poka.env_vars', consumer: 'poka' },
    {
      of: 'a plugin',
      sources: plugin(),
      key: 'plugins."poka@acme".mcp_servers.poka.env_vars',
      consumer: 'poka@acme',
    },
  ])('a name in `env_vars` of $of that is set nowhere is warned of, and one that is required is needed', (of) => {
    const { sources, key, consumer } = of;
    const hint = setSecret('TOKEN', consumer);
    expect(fill(stdio({ envVars: [ref] }), {}, sources)).toMatchObject({
      kind: 'filled',
      launch: { env: {} },
      issues: [
        {
          code: 'ENV_VAR_UNSET',
          severity: 'warning',
          message: 'TOKEN, which poka is to get, is not set anywhere',
          hint,
          key,
          server: 'poka',
        },
      ],
    });
    expect(fill(stdio({ envVars: [{ ...ref, required: true }] }), {}, sources)).toEqual({
      kind: 'needs_config',
      names: ['TOKEN'],
      command: hint,
    });
  });

  test('a name that is read on another machine is not looked up here', () => {
    const envVars = [{ name: 'FAR', source: 'remote', required: true } as const];
    expect(fill(stdio({ envVars }), { env: { FAR: 'x' } })).toMatchObject({ launch: { env: {} }, issues: [] });
  });
});

describe('a setting', () => {
  const text = { args: ['--r=${user_config.r}', 'x'], env: { R: '${user_config.r}!', Z: '1' } };

  test.each([
    {
      name: 'with a value',
      setting: serverSetting('r', { values: ['eu'] }),
      want: { args: ['--r=eu', 'x'], env: { R: 'eu!', Z: '1' } },
    },
    {
      name: 'with an empty value',
      setting: serverSetting('r', { values: [''] }),
      want: { args: ['--r=', 'x'], env: { R: '!', Z: '1' } },
    },
    { name: 'that is unset drops what holds it', setting: serverSetting('r'), want: { args: ['x'], env: { Z: '1' } } },
    {
      name: 'whose value holds references stays text',
      setting: serverSetting('r', { values: ['${env:X}${PLUGIN_ROOT}'] }),
      want: { args: ['--r=${env:X}${PLUGIN_ROOT}', 'x'], env: { R: '${env:X}${PLUGIN_ROOT}!', Z: '1' } },
    },
    {
      name: 'with a list is given item by item, and elsewhere as one',
      setting: serverSetting('r', { values: ['a', 'b'], multiple: true, separator: ':' }),
      want: { args: ['--r=a', '--r=b', 'x'], env: { R: 'a:b!', Z: '1' } },
    },
    {
      name: 'with a list of nothing is unset',
      setting: serverSetting('r', { values: [], multiple: true }),
      want: { args: ['x'], env: { Z: '1' } },
    },
  ])('$name', ({ setting, want }) => {
    expect(filledStdio(text, { env: { X: 'no' } }, plugin(setting))).toEqual(want);
  });

  test('an entry that is dropped gives way to what counts less', () => {
    const launch = { env: { TOKEN: '${user_config.t}' }, envVars: [ref] };
    expect(filledStdio(launch, { env: { TOKEN: 'e' } }, plugin(serverSetting('t')))).toMatchObject({
      env: { TOKEN: '<TOKEN=e>' },
    });
  });

  const sensitive = serverSetting('t', { sensitive: true });
  test.each([
    { name: 'in the store', stored: { 'user_config.t': 's' }, setting: sensitive, want: { T: '<T=s>' } },
    { name: 'nowhere', stored: {}, setting: sensitive, want: {} },
    { name: 'nowhere, with a default', stored: {}, setting: { ...sensitive, values: ['d'] }, want: { T: '<T=d>' } },
    {
      name: 'a list in the store',
      stored: { 'user_config.t': '["a","b"]' },
      setting: { ...sensitive, multiple: true },
      want: { T: '<T=a,b>' },
    },
    { name: 'another of the same key for somebody else', stored: { t: 'no' }, setting: sensitive, want: {} },
  ])('that is sensitive: $name', ({ stored, setting, want }) => {
    expect(filledStdio({ env: { T: '${user_config.t}' } }, { store: stored }, plugin(setting))).toEqual({ env: want });
  });

  test.each([
    {
      name: 'required',
      launch: stdio({ env: { T: '${user_config.t}' } }),
      setting: serverSetting('t', { required: true }),
    },
    {
      name: 'required and sensitive',
      launch: stdio({ env: { T: '${user_config.t}' } }),
      setting: serverSetting('t', { required: true, sensitive: true }),
    },
    { name: 'optional in `command`', launch: stdio({ command: '${user_config.t}' }), setting: serverSetting('t') },
    { name: 'optional in `cwd`', launch: stdio({ cwd: '${user_config.t}' }), setting: serverSetting('t') },
    { name: 'optional in `url`', launch: http({ url: 'https://h/${user_config.t}' }), setting: serverSetting('t') },
    { name: 'not declared', launch: stdio({ env: { T: '${user_config.t}' } }), setting: serverSetting('other') },
    {
      name: 'of a name that objects have',
      launch: stdio({ env: { T: '${user_config.constructor}' } }),
      setting: serverSetting('t'),
      key: 'constructor',
    },
  ])('that is unset and $name must be set first', ({ launch, setting, key = 't' }) => {
    expect(fill(launch, {}, plugin(setting))).toEqual({
      kind: 'needs_config',
      names: [`user_config.${key}`],
      command: CONFIGURE,
    });
  });

  test('with a value that cannot be used stops the server, and the value is not told', () => {
    const setting = serverSetting('t', { values: ['oddity'], problem: 'must be a number' });
    const result = fill(stdio({ env: { T: '${user_config.t}' } }), {}, plugin(setting));
    expect(result).toMatchObject({
      kind: 'invalid',
      issues: [{ code: 'PLUGIN_SETTING_VALUE', message: 'user_config.t must be a number' }],
    });
    expect(JSON.stringify(result)).not.toContain('oddity');
  });
});

describe('what must be set first', () => {
  test.each([
    { name: 'a variable', launch: stdio({ args: ['${env:X}'] }), names: ['X'], command: setSecret('X') },
    { name: 'a secret', launch: stdio({ env: { A: '${secret:K}' } }), names: ['secret K'], command: setSecret('K') },
    {
      name: 'the variable of a bearer token',
      launch: http({ bearerTokenEnvVar: 'T' }),
      names: ['T'],
      command: setSecret('T'),
    },
    {
      name: 'what a provider should print',
      launch: stdio({ env: { A: '${secret:op://v/i}' } }),
      names: ['secret op://v/i'],
      command: 'see that the command of secret_providers.op gives it',
    },
    {
      name: 'several, each once',
      launch: stdio({ env: { A: '${env:X}${env:X}', B: '${secret:K}' } }),
      names: ['X', 'secret K'],
      command: `${setSecret('X')}, and plugboard secret set K --for poka`,
    },
  ])('$name', ({ launch, names, command }) => {
    expect(fill(launch)).toEqual({ kind: 'needs_config', names, command });
  });

  test('for a plugin, secrets are set for the plugin and settings are asked for', () => {
    const sources = plugin(serverSetting('t', { required: true }));
    expect(fill(stdio({ env: { A: '${env:X}', B: '${user_config.t}' } }), {}, sources)).toEqual({
      kind: 'needs_config',
      names: ['X', 'user_config.t'],
      command: 'run: plugboard secret set X --for poka@acme, and plugboard plugin configure poka@acme',
    });
  });
});

describe('an address', () => {
  test.each([
    { name: 'of the environment, before the store', env: { T: ' tok\n' }, store: { T: 's' }, want: 'tok' },
    { name: 'of the store', env: {}, store: { T: ' sto red\n' }, want: 'sto red' },
    { name: 'of the store, where that of the environment is blank', env: { T: ' ' }, store: { T: 's' }, want: 's' },
    { name: 'that is blank everywhere', env: { T: '' }, store: { T: ' \n' }, want: null },
  ])('a token and a header $name, without blanks around them', ({ env, store, want }) => {
    const launch = http({ bearerTokenEnvVar: 'T' });
    const header = fill(http({ envHeaders: { 'X-T': 'T' } }), { env, store });
    expect(opened(header)).toMatchObject({ launch: { headers: want === null ? {} : { 'X-T': `<T=${want}>` } } });
    expect(opened(fill(launch, { env, store }))).toMatchObject(
      want === null
        ? { kind: 'needs_config', names: ['T'] }
        : { launch: { headers: { Authorization: `<Authorization=Bearer ${want}>` } } },
    );
  });

  test('its headers: the later of one name counts, in any case', () => {
    const launch = http({
      headers: { authorization: 'lit', 'X-Org': '${env:ORG}', 'X-Gone': '${user_config.o}' },
      envHeaders: { 'x-org': 'OTHER', 'X-Blank': 'BLANK', 'X-Unset': 'UNSET' },
      bearerTokenEnvVar: 'T',
    });
    const given = { env: { ORG: 'a', OTHER: ' b ', BLANK: ' ', T: ' tok ' } };
    const result = fill(launch, given, plugin(serverSetting('o')));
    expect(opened(result)).toEqual({
      kind: 'filled',
      issues: [],
      launch: {
        ...{ kind: 'http', url: 'https://h.example/mcp', headersHelper: null, caFile: null },
        ...{ clientCertFile: null, clientKeyFile: null },
        headers: { Authorization: '<Authorization=Bearer tok>', 'x-org': '<OTHER=b>' },
      },
      secrets: ['<authorization=lit>', '<OTHER=b>', '<T=tok>'],
    });
  });
});

describe('a path', () => {
  const dir = (value: string) => plugin(serverSetting('d', { values: [value] }));

  test.each([
    {
      name: 'stays in the plugin',
      wish: { cwd: `${ROOT}/\${user_config.d}` },
      value: 'a/../b',
      want: { cwd: `${ROOT}/b` },
    },
    { name: 'stays in its data', wish: { cwd: `${DATA}/\${user_config.d}` }, value: '.', want: { cwd: DATA } },
    {
      name: 'is the choice of the user',
      wish: { cwd: '${user_config.d}' },
      value: '/home/ada',
      want: { cwd: '/home/ada' },
    },
    {
      name: 'that is relative starts in the plugin',
      wish: { cwd: '${user_config.d}' },
      value: 'sub',
      want: { cwd: `${ROOT}/sub` },
    },
    {
      name: 'of a program outside is as written',
      wish: { command: '/usr/bin/${user_config.d}' },
      value: '../x',
      want: { command: '/usr/bin/../x' },
    },
  ])('$name', ({ wish, value, want }) => {
    expect(fill(stdio(wish), {}, dir(value))).toMatchObject({ kind: 'filled', launch: want });
  });

  test.each([
    { key: 'cwd', wish: { cwd: `${ROOT}/\${user_config.d}` }, value: '../../..' },
    { key: 'cwd', wish: { cwd: `${ROOT}\${user_config.d}` }, value: '-evil' },
    { key: 'command', wish: { command: `${ROOT}/bin/\${user_config.d}` }, value: '../../../bin/sh' },
  ])('of `$key` is not led out of the plugin by $value', ({ key, wish, value }) => {
    const result = fill(stdio(wish), {}, dir(value));
    expect(result).toMatchObject({
      kind: 'invalid',
      issues: [{ code: 'PLUGIN_PATH_ESCAPES', server: 'poka', key: `plugins."poka@acme".mcp_servers.poka.${key}` }],
    });
    expect(JSON.stringify(result)).not.toContain(value);
  });

  test('of a server of config.toml starts in the workspace', () => {
    expect(fill(stdio({ cwd: '${env:D}' }), { env: { D: 'sub' } })).toMatchObject({
      launch: { cwd: '/srv/space/sub' },
    });
  });
});

test('a reference that stands for nothing never reaches a process', () => {
  for (const text of ['${PLUGIN_ROOT}', 'a ${env:x y} b', '${secret:}'])
    expect(fill(stdio({ env: { A: text } }))).toMatchObject({ issues: [{ code: 'CONFIG_LITERAL_REFERENCE' }] });
});
