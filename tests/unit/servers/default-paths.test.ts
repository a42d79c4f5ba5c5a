import { describe, expect, test } from 'vitest';
import type { ServerVerdict } from '../../../src/servers/index.ts';
import { pluginInput, pluginServer, resolveWith, setting } from './plugin-input.ts';

const ID = 'poka@acme';

function verdictOf(toml: string, by: ReturnType<typeof setting>, user = ''): ServerVerdict {
  const plugins = [pluginInput(ID, [pluginServer('poka', { toml })], { settings: [by] })];
  const [server] = resolveWith({ plugins, user }).servers;
  if (server === undefined) throw new Error('no server');
  return server.verdict;
}

describe('a folder or program that a plugin leaves to a setting', () => {
  const cwd = 'command = "node"\ncwd = "${user_config.d}"';
  const program = (text: string) => `command = "${text}"`;
  const path = (wish: string) => setting('d', { default: wish });
  test.each([
    { name: 'a folder elsewhere', toml: cwd, by: path('/etc') },
    { name: 'a way out', toml: cwd, by: path('../../x') },
    { name: 'a folder of the user', toml: cwd, by: setting('d', { type: 'directory', default: '~/x' }) },
    { name: 'a program by a way out', toml: program('${user_config.d}'), by: path('../x') },
    { name: 'a program after it', toml: program('${user_config.d}/run'), by: path('../x') },
    { name: 'what stands for a variable', toml: 'command = "node"\ncwd = "${env:UNSET:-/etc}"', by: path('x') },
  ])('is not $name as long as the user says nothing', ({ toml, by }) => {
    expect(verdictOf(toml, by)).toMatchObject({
      kind: 'invalid',
      issues: [{ code: 'PLUGIN_PATH_ESCAPES', file: '/cache/poka.json', hint: expect.any(String) }],
    });
  });

  test.each([
    { name: 'a folder of the plugin', toml: cwd, by: path('data') },
    { name: 'the folder for its data', toml: cwd, by: path('/data/poka/x') },
    { name: 'a program that is found by its name', toml: program('${user_config.d}'), by: path('node') },
    { name: 'a program of the machine', toml: program('${user_config.d}'), by: path('/usr/bin/env') },
    { name: 'a program of the plugin', toml: program('${user_config.d}'), by: path('./bin/run') },
  ])('may be $name', ({ toml, by }) => {
    expect(verdictOf(toml, by).kind).toBe('startable');
  });

  test('may be any folder that the user sets', () => {
    const user = `[plugins."${ID}".user_config]\nd = "/etc"`;
    expect(verdictOf(cwd, path('/etc'), user).kind).toBe('startable');
  });
});
