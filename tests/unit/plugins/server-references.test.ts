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
    undeclared?: readonly string[];
    variables?: readonly string[];
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
      name: 'a setting of a sign-in',
      server: { ...http, oauth: { clientId: '${user_config.key}' } },
      settings: ['key'],
      issues: ['warning KEY_NOT_YET_SUPPORTED mcpServers.s.oauth'],
    },
    {
      name: 'a setting that is not declared',
      server: stdio({ args: ['${user_config.nope}'] }),
      undeclared: ['nope'],
      issues: ['error PLUGIN_REFERENCE mcpServers.s.args.0'],
    },
    {
      name: 'a setting that is not declared, of a sign-in',
      server: { ...http, oauth: { client_id: '${user_config.nope}' } },
      undeclared: ['nope'],
      issues: [
        'warning KEY_NOT_YET_SUPPORTED mcpServers.s.oauth',
        'error PLUGIN_REFERENCE mcpServers.s.oauth.client_id',
      ],
    },
    {
      name: 'a setting of JavaScript',
      server: stdio({ args: ['${user_config.constructor}'] }),
      undeclared: ['constructor'],
      issues: ['error PLUGIN_REFERENCE mcpServers.s.args.0'],
    },
    { name: 'a variable', server: stdio({ env: { A: '${env:B:-c}' } }), variables: ['B'] },
    {
      name: 'variables in many places, each once',
      server: stdio({ args: ['${env:C}', '${env:B}'], env: { A: '${env:B}${env:A}' } }),
      variables: ['A', 'B', 'C'],
    },
    {
      name: 'a variable in an address',
      wrong: true,
      server: { url: 'https://h/${env:B}' },
      variables: ['B'],
      issues: ['error PLUGIN_REFERENCE mcpServers.s.url'],
    },
    {
      name: 'a bare variable of Claude in an address',
      family: 'claude',
      wrong: true,
      server: { url: '${B:-https://h}/mcp' },
      variables: ['B'],
      issues: ['error PLUGIN_REFERENCE mcpServers.s.url'],
    },
    { name: 'a bare variable of Claude', family: 'claude', server: stdio({ args: ['${B}'] }), variables: ['B'] },
    {
      name: 'a bare variable elsewhere',
      server: stdio({ args: ['${B}'] }),
      issues: ['note CONFIG_LITERAL_REFERENCE mcpServers.s.args.0'],
    },
    {
      name: 'a setting in a line for a shell',
      server: { command: 'sh', args: ['-c', 'echo ${user_config.key}'] },
      settings: ['key'],
      issues: ['warning CONFIG_LITERAL_REFERENCE mcpServers.s.args.1'],
    },
    {
      name: 'a variable of Claude in a line for a shell',
      family: 'claude',
      server: { command: 'sh', args: ['-c', 'echo ${B}'] },
      variables: ['B'],
      issues: ['warning CONFIG_LITERAL_REFERENCE mcpServers.s.args.1'],
    },
    {
      name: 'a setting beside the file that a shell runs',
      server: { command: 'sh', args: ['/x.sh', '${user_config.key}'] },
      settings: ['key'],
    },
    { name: 'a bare variable for a shell', server: { command: 'sh', args: ['-c', 'echo ${B}'] } },
    {
      name: 'a secret of the user',
      wrong: true,
      server: stdio({ env: { A: '${secret:x}' } }),
      issues: ['error PLUGIN_REFERENCE mcpServers.s.env.A'],
    },
    {
      name: 'what a provider of the user would give',
      wrong: true,
      server: stdio({ env: { A: '${secret:op://vault/x}' } }),
      issues: ['error PLUGIN_REFERENCE mcpServers.s.env.A'],
    },
    {
      name: 'a secret of the user, of a sign-in',
      wrong: true,
      server: { ...http, oauth: { client_id: 'x', client_secret: '${secret:x}' } },
      issues: [
        'warning KEY_NOT_YET_SUPPORTED mcpServers.s.oauth',
        'error PLUGIN_REFERENCE mcpServers.s.oauth.client_secret',
      ],
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
      settings: ['key'],
      issues: ['error PLUGIN_REFERENCE mcpServers.s.headersHelper'],
    },
    {
      name: 'a setting for a shell that is not declared',
      wrong: true,
      server: { ...http, headersHelper: 'x ${user_config.nope}' },
      undeclared: ['nope'],
      issues: ['error PLUGIN_REFERENCE mcpServers.s.headersHelper'],
    },
    {
      name: 'a variable of ours for a shell',
      wrong: true,
      server: { ...http, headersHelper: 'x ${env:B}' },
      variables: ['B'],
      issues: ['error PLUGIN_REFERENCE mcpServers.s.headersHelper'],
    },
    { name: 'a variable for a shell', family: 'claude', server: { ...http, headersHelper: 'x ${HOME}' } },
    { name: 'one of ours that is escaped', server: stdio({ args: ['$${user_config.key}'] }) },
    { name: 'a name of a variable is no place for one', server: stdio({ env: { '${user_config.key}': 'x' } }) },
    {
      name: 'a secret where other programs see it',
      server: stdio({ args: ['--token=${user_config.token}'] }),
      settings: ['token'],
      issues: ['warning SECRET_IN_ARGS mcpServers.s.args.0'],
    },
    {
      name: 'a secret in an address',
      server: { url: 'https://h/?t=${user_config.token}' },
      settings: ['token'],
      issues: ['warning SECRET_IN_ARGS mcpServers.s.url'],
    },
    {
      name: 'a secret as part of a program',
      wrong: true,
      server: { command: './${user_config.token}' },
      settings: ['token'],
      issues: ['error SECRET_IN_ARGS mcpServers.s.command'],
    },
    {
      name: 'a secret as part of a working folder',
      wrong: true,
      server: stdio({ cwd: './${user_config.token}' }),
      settings: ['token'],
      issues: ['error SECRET_IN_ARGS mcpServers.s.cwd'],
    },
  ])('$name', ({ family, server, settings = [], undeclared = [], variables = [], issues = [], wrong = false }) => {
    const read = parse(server, family);
    const found = read.server('s');
    expect({
      ...{ settings: found.settings, undeclared: found.undeclared, variables: found.variables },
      ...{ issues: told(read), wrong: found.entry.problems.length > 0 },
    }).toEqual({ settings, undeclared, variables, issues, wrong });
  });

  test.each<{ name: string; family?: Family; server: JsonObject; want: JsonObject }>([
    {
      name: 'variables of Claude are spelled as ours',
      family: 'claude',
      server: { command: 'c', args: ['${A}', '${A:-x y}', '$${A}'], env: { B: '$${env:A} ${user_config.key}' } },
      want: { args: ['${env:A}', '${env:A:-x y}', '${A}'], env: { B: '$${env:A} ${user_config.key}' } },
    },
    {
      name: 'what means nothing to us stays as it is',
      server: { command: 'c', args: ['${A}', '$A', '$${A}', '${a b}', '$$'] },
      want: { args: ['${A}', '$A', '${A}', '${a b}', '$$'] },
    },
    {
      name: 'a path with a reference is absolute as far as it is written',
      server: { command: './bin/${user_config.key}', cwd: 'run/${user_config.key}' },
      want: { command: 'ROOT/./bin/${user_config.key}', cwd: 'ROOT/run/${user_config.key}' },
    },
    {
      name: 'a path in a folder of the plugin, with a reference',
      server: { command: '${PLUGIN_ROOT}/${user_config.key}', cwd: '${PLUGIN_DATA}/${user_config.key}' },
      want: { command: 'ROOT/${user_config.key}', cwd: '/data/p/${user_config.key}' },
    },
    {
      name: 'a path that is a reference waits for its value',
      server: { command: '${user_config.key}', cwd: '${user_config.key}/x' },
      want: { command: '${user_config.key}', cwd: '${user_config.key}/x', cwdAbsolute: null },
    },
    {
      name: 'a program of the machine, with a reference',
      server: { command: '/opt/${user_config.key}/bin/x' },
      want: { command: '/opt/${user_config.key}/bin/x', cwd: 'ROOT' },
    },
    {
      name: 'the name of a program with a reference is no path',
      server: { command: 'python${user_config.key}' },
      want: { command: 'python${user_config.key}' },
    },
    {
      name: 'a line for a shell is its own, but for the folders',
      family: 'claude',
      server: { ...http, headersHelper: '"${CLAUDE_PLUGIN_ROOT}"/h ${HOME} $${A}' },
      want: { headersHelper: '"ROOT"/h ${HOME} ${A}' },
    },
  ])('$name', ({ family, server, want }) => {
    const { entry } = parse(server, family).server('s');
    expect([entry.transport, entry.problems]).toMatchObject([want, []]);
  });

  test.each<{ name: string; server: JsonObject; key: string }>([
    { name: 'a program above the plugin', server: { command: '../${user_config.key}' }, key: 'command' },
    { name: 'a working folder above the plugin', server: stdio({ cwd: './x/../../${user_config.key}' }), key: 'cwd' },
    { name: 'a working folder elsewhere', server: stdio({ cwd: '/srv/${user_config.key}' }), key: 'cwd' },
    { name: 'a working folder beside the plugin', server: stdio({ cwd: '${PLUGIN_ROOT}-x/${env:A}' }), key: 'cwd' },
  ])('$name is refused, whatever it refers to', ({ server, key }) => {
    expect(told(parse(server))).toEqual([`error PLUGIN_PATH_ESCAPES mcpServers.s.${key}`]);
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
      ['warning SECRET_IN_ARGS mcpServers.s.url', 'error CONFIG_WRONG_TYPE mcpServers.s.url'],
    ]);
  });
});
