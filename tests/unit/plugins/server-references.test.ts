import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/kernel/index.ts';
import { type Family, http, serverFiles, told } from './one-server.ts';
import { type Read, useBundles } from './read-bundle.ts';

const bundles = useBundles();
const parse = (server: JsonObject, family?: Family): Read => bundles.parse(serverFiles(server, family));

describe('references in values', () => {
  const stdio = (more: JsonObject): JsonObject => ({ command: 'c', ...more });
  test.each<{
    name: string;
    family?: Family;
    server: JsonObject;
    settings?: readonly string[];
    unfilled?: readonly string[];
    issues?: readonly string[];
    /** Whether it could not even run with a value. */
    wrong?: true;
  }>([
    { name: 'a setting', server: stdio({ env: { T: 'x ${user_config.token}' } }), settings: ['token'] },
    {
      name: 'settings in many places',
      server: { url: 'https://${user_config.key}/mcp', headers: { A: 'Bearer ${user_config.token}' } },
      settings: ['key', 'token'],
    },
    { name: 'a setting as the start of an address', server: { url: '${user_config.key}/mcp' }, settings: ['key'] },
    {
      name: 'a setting that is not declared',
      server: stdio({ args: ['${user_config.nope}'] }),
      unfilled: ['user_config.nope'],
      issues: ['error PLUGIN_REFERENCE mcpServers.s.args.0'],
    },
    {
      name: 'a setting of JavaScript',
      server: stdio({ args: ['${user_config.constructor}'] }),
      unfilled: ['user_config.constructor'],
      issues: ['error PLUGIN_REFERENCE mcpServers.s.args.0'],
    },
    {
      name: 'a variable',
      server: stdio({ env: { A: '${env:B:-c}' } }),
      unfilled: ['env:B'],
      issues: ['warning PLUGIN_REFERENCE mcpServers.s.env.A'],
    },
    {
      name: 'a variable in an address',
      wrong: true,
      server: { url: 'https://h/${env:B}' },
      unfilled: ['env:B'],
      issues: ['error PLUGIN_REFERENCE mcpServers.s.url'],
    },
    {
      name: 'a bare variable of Claude',
      family: 'claude',
      server: stdio({ args: ['${B}'] }),
      unfilled: ['env:B'],
      issues: ['warning PLUGIN_REFERENCE mcpServers.s.args.0'],
    },
    {
      name: 'a bare variable elsewhere',
      server: stdio({ args: ['${B}'] }),
      issues: ['note CONFIG_LITERAL_REFERENCE mcpServers.s.args.0'],
    },
    { name: 'a bare variable for a shell', server: { command: 'sh', args: ['-c', 'echo ${B}'] } },
    {
      name: 'a secret of the user',
      wrong: true,
      server: stdio({ env: { A: '${secret:x}' } }),
      unfilled: ['secret:x'],
      issues: ['error PLUGIN_REFERENCE mcpServers.s.env.A'],
    },
    {
      name: 'one within another',
      wrong: true,
      server: stdio({ env: { A: '${env:B:-${C}}' } }),
      issues: ['error PLUGIN_REFERENCE mcpServers.s.env.A'],
    },
    {
      name: 'a setting for a shell',
      wrong: true,
      server: { ...http, headersHelper: 'x ${user_config.key}' },
      unfilled: ['user_config.key'],
      issues: ['error PLUGIN_REFERENCE mcpServers.s.headersHelper'],
    },
    { name: 'a variable for a shell', family: 'claude', server: { ...http, headersHelper: 'x ${HOME}' } },
    { name: 'one of ours that is escaped', server: stdio({ args: ['$${user_config.key}'] }) },
    { name: 'a name of a variable is no place for one', server: stdio({ env: { '${user_config.key}': 'x' } }) },
  ])('$name', ({ family, server, settings = [], unfilled = [], issues = [], wrong = false }) => {
    const read = parse(server, family);
    const found = read.server('s');
    expect([found.settings, found.unfilled, told(read), found.entry.problems.length > 0]).toEqual([
      settings,
      unfilled,
      issues,
      wrong,
    ]);
  });

  test('folders are filled in wherever a reference may stand', () => {
    const { entry } = parse({
      command: '${CLAUDE_PLUGIN_ROOT}/x',
      args: ['--db=${PLUGIN_DATA}/db', '${PLUGIN_ROOT}${PLUGIN_DATA}'],
      env: { A: '${CLAUDE_PLUGIN_DATA}' },
      cwd: '${PLUGIN_DATA}',
    }).server('s');
    expect(entry.transport).toMatchObject({
      command: 'ROOT/x',
      args: ['--db=/data/p/db', 'ROOT/data/p'],
      env: { A: '/data/p' },
      cwdAbsolute: '/data/p',
    });
    const remote = parse(
      { url: 'http://localhost/${PLUGIN_DATA}', headers: { A: '${PLUGIN_DATA}' }, headersHelper: '"${PLUGIN_ROOT}"/h' },
      'claude',
    );
    expect(remote.server('s').entry.transport).toMatchObject({
      url: 'http://localhost//data/p',
      headers: { A: '/data/p' },
      headersHelper: '"ROOT"/h',
    });
  });

  test('what waits for a value is shown as it is written, and the rest of it is checked', () => {
    const waiting = parse({ url: 'https://${user_config.key}.example/mcp' });
    expect([waiting.server('s').entry.transport, waiting.issues]).toMatchObject([
      { url: 'https://${user_config.key}.example/mcp' },
      [],
    ]);
    const wrong = parse({ url: 'ftp://${user_config.key}/', headers: { A: 'é→${user_config.key}' } });
    expect(told(wrong)).toEqual([
      'error CONFIG_WRONG_TYPE mcpServers.s.url',
      'error CONFIG_WRONG_TYPE mcpServers.s.headers.A',
    ]);
    const secret = parse({ url: 'https://u:${user_config.token}@h/' });
    expect([secret.server('s').entry.transport, told(secret)]).toMatchObject([
      { url: 'https://*****@h/' },
      ['error CONFIG_WRONG_TYPE mcpServers.s.url'],
    ]);
  });
});
