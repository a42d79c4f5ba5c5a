import { describe, expect, test } from 'vitest';
import { type ServerVerdict } from '../../../src/servers/index.ts';
import { pluginInput, pluginServer, resolveWith, type Situation } from './plugin-input.ts';

/** The verdict of each server, by name. */
function verdicts(situation: Situation): Readonly<Record<string, ServerVerdict>> {
  return Object.fromEntries(resolveWith(situation).servers.map(({ name, verdict }) => [name, verdict]));
}

describe('one server name in two plugins', () => {
  const two = (...ids: readonly string[]) => ids.map((id) => pluginInput(id, [pluginServer('s')]));

  test('both are renamed, and an issue names both', () => {
    const { servers, issues } = resolveWith({ plugins: two('b@m', 'a@m') });
    expect(servers.map(({ name, owner }) => [name, owner?.pluginId, owner?.server])).toEqual([
      ['a:s', 'a@m', 's'],
      ['b:s', 'b@m', 's'],
    ]);
    expect(issues).toEqual([
      {
        code: 'PLUGIN_SERVER_CONFLICT',
        severity: 'warning',
        message: "a@m and b@m each have a server named 's'; they are called a:s and b:s",
        hint: 'disable or remove one of the plugins to get the short name back',
      },
    ]);
  });

  test.each([
    { name: 'three', ids: ['a@m', 'b@m', 'c@m'], want: ['a:s', 'b:s', 'c:s'] },
    { name: 'two of one name', ids: ['a@m', 'a@n'], want: ['a@m:s', 'a@n:s'] },
    { name: 'two of one name and another', ids: ['a@m', 'a@n', 'b@m'], want: ['a@m:s', 'a@n:s', 'b:s'] },
  ])('$name', ({ ids, want }) => expect(Object.keys(verdicts({ plugins: two(...ids) }))).toEqual(want));

  test('policies keep the name that the plugin gives', () => {
    const user = '[plugins."a@m".mcp_servers.s]\nenabled = false';
    expect(verdicts({ plugins: two('a@m', 'b@m'), user })).toMatchObject({
      'a:s': { kind: 'disabled', command: 'run: plugboard mcp enable a:s' },
      'b:s': { kind: 'startable' },
    });
  });

  test('an issue of a policy has the name that people know', () => {
    const { issues } = resolveWith({ plugins: two('a@m', 'b@m'), user: '[plugins."a@m".mcp_servers.s]\nenabled = 1' });
    expect(issues[0]).toMatchObject({ code: 'CONFIG_WRONG_TYPE', plugin: 'a@m', server: 'a:s' });
  });

  test('a plugin that is off takes the short name from nobody, and is no conflict', () => {
    const { servers, issues } = resolveWith({ plugins: two('a@m', 'b@m'), user: '[plugins."a@m"]\nenabled = false' });
    expect(servers.map(({ name, verdict, owner }) => [name, owner?.pluginId, verdict.kind])).toEqual([
      ['a:s', 'a@m', 'disabled'],
      ['s', 'b@m', 'startable'],
    ]);
    expect(issues).toEqual([]);
  });

  test('nor does one that nobody agreed to', () => {
    const plugins = [
      pluginInput('a@m', [pluginServer('s')], { standing: { kind: 'unconsented' } }),
      pluginInput('b@m', [pluginServer('s')]),
    ];
    expect(verdicts({ plugins })).toMatchObject({ 'a:s': { kind: 'blocked' }, s: { kind: 'startable' } });
  });

  test('one that was changed keeps its part of the conflict: names do not move by that', () => {
    const tampered = { kind: 'tampered', path: 'x', change: 'changed' } as const;
    const plugins = [
      pluginInput('a@m', [pluginServer('s')], { standing: tampered }),
      pluginInput('b@m', [pluginServer('s')]),
    ];
    expect(Object.keys(verdicts({ plugins }))).toEqual(['a:s', 'b:s']);
  });

  test('an entry that only turns it off turns off both, by the short name, or one by its own', () => {
    const plugins = two('a@m', 'b@m');
    expect(verdicts({ plugins, user: '[mcp_servers.s]\nenabled = false' })).toMatchObject({
      'a:s': { kind: 'disabled' },
      'b:s': { kind: 'disabled' },
    });
    expect(verdicts({ plugins, user: '[mcp_servers."a:s"]\nenabled = false' })).toMatchObject({
      'a:s': { kind: 'disabled' },
      'b:s': { kind: 'startable' },
    });
  });

  test('an entry with a command replaces both', () => {
    const { servers, issues } = resolveWith({ plugins: two('a@m', 'b@m'), user: '[mcp_servers.s]\ncommand = "c"' });
    expect(servers.map(({ name, owner }) => [name, owner])).toEqual([['s', null]]);
    expect(issues.map(({ code, plugin }) => [code, plugin])).toEqual([
      ['PLUGIN_SERVER_REPLACED', 'a@m'],
      ['PLUGIN_SERVER_REPLACED', 'b@m'],
    ]);
  });

  test('names stay apart from those of config.toml, and short enough', () => {
    const long = 's'.repeat(128);
    const plugins = [...two('a@m', 'b@m'), ...['a@m2', 'b@m2'].map((id) => pluginInput(id, [pluginServer(long)]))];
    const names = Object.keys(verdicts({ plugins, user: '[mcp_servers."a:s"]\ncommand = "c"' }));
    expect(names.filter((name) => name.length < 20)).toEqual(['a:s', 'a@m:s', 'b:s']);
    expect(names.filter((name) => name.length >= 20)).toEqual([
      expect.stringMatching(/^a:s{113}_[0-9a-f]{12}$/),
      expect.stringMatching(/^b:s{113}_[0-9a-f]{12}$/),
    ]);
  });
});

describe('a name that reads as the qualified name of a server', () => {
  const evil = pluginInput('aaa@evil', [pluginServer('docs:search'), pluginServer('docs@acme:search')]);
  const acme = ['docs@acme', 'wiki@acme'].map((id) => pluginInput(id, [pluginServer('search')]));
  const taken = (server: string, name: string) => ({
    code: 'PLUGIN_SERVER_CONFLICT',
    severity: 'warning',
    message: `aaa@evil has a server named '${server}', which could be taken for one of another plugin; it is called ${name}`,
    hint: 'ask the maintainer of the plugin for a name without `:`',
    server: name,
    plugin: 'aaa@evil',
  });
  const renamed = [taken('docs:search', 'aaa:docs:search'), taken('docs@acme:search', 'aaa:docs@acme:search')];

  test.each([
    { name: 'is not given to another plugin', plugins: [evil, ...acme], others: ['docs:search', 'wiki:search'] },
    { name: 'in whatever order they are', plugins: [...acme, evil], others: ['docs:search', 'wiki:search'] },
    { name: 'nor as long as nobody else has it: it could come to be', plugins: [evil], others: [] },
  ])('$name', ({ plugins, others }) => {
    const { servers, issues } = resolveWith({ plugins });
    expect(servers.map(({ name, owner }) => [name, owner?.pluginId])).toEqual([
      ['aaa:docs:search', 'aaa@evil'],
      ['aaa:docs@acme:search', 'aaa@evil'],
      ...others.map((name) => [name, `${name.split(':')[0]}@acme`]),
    ]);
    expect(issues.filter(({ plugin }) => plugin !== undefined)).toEqual(renamed);
  });
});
