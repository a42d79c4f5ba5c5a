import { describe, expect, test } from 'vitest';
import { fill, http, opened, ROOT, serverSetting, sourcesOf, stdio } from './filling.ts';

describe('a secret where other programs can see it', () => {
  const given = {
    env: { API_KEY: 'k', HOME: '/h' },
    store: { K: 'v', X: 's', 'user_config.t': 'u' },
    provided: { 'op://v/i': 'p' },
  };
  const inArgs = (text: string, sources = sourcesOf()) => fill(stdio({ args: ['a', text] }), given, sources);
  const sensitive = sourcesOf({ settings: [serverSetting('t', { sensitive: true })] });

  test.each(['${secret:K}', '--k=${secret:op://v/i}', '${env:X}', '${env:API_KEY}'])('%s in `args`', (text) => {
    expect(inArgs(text)).toEqual({
      kind: 'invalid',
      issues: [
        {
          code: 'SECRET_IN_ARGS',
          severity: 'error',
          message: 'a secret would stand in the args of poka, where other programs can see it',
          hint: 'hand it over in `env` or a header; or, to allow it, run: plugboard config set mcp_servers.poka.allow_secret_in_args true',
          key: 'mcp_servers.poka.args',
          server: 'poka',
        },
      ],
    });
    expect(inArgs(text, sourcesOf({ allowSecretInArgs: true })).kind).toBe('filled');
  });

  test('a sensitive setting in `args`, with the key of its plugin', () => {
    expect(inArgs('${user_config.t}', sensitive)).toMatchObject({
      issues: [
        {
          key: 'plugins."poka@acme".mcp_servers.poka.args',
          hint: expect.stringContaining(
            `run: plugboard config set 'plugins."poka@acme".mcp_servers.poka.allow_secret_in_args' true`,
          ),
        },
      ],
    });
  });

  const PASSWORDS = ['PGPASSWORD', 'DB_PASS', 'STRIPE_KEY', 'MYSQL_PWD', 'DB_PASSWD', 'KEY', 'APIKEY', 'API_KEY_ID'];
  const PLACES = ['HOME', 'USER', 'LANG', 'LC_ALL', 'TMPDIR', 'XDG_CONFIG_HOME', 'PWD', 'HOSTNAME'];
  const OTHERS = ['AWS_REGION', 'KEYCLOAK_URL', 'AUTHOR_NAME', 'COMPASS', 'OLDPWD', 'home', 'PATHS', 'constructor'];
  const own = sourcesOf();
  const ofPlugin = sourcesOf({ folders: [ROOT] });
  test.each([
    {
      name: 'with the name of a credential',
      names: PASSWORDS,
      of: 'a server of the user',
      sources: own,
      want: 'invalid',
    },
    {
      name: 'with another name',
      names: [...PLACES, ...OTHERS],
      of: 'a server of the user',
      sources: own,
      want: 'filled',
    },
    { name: 'that says where somebody is', names: PLACES, of: 'a plugin', sources: ofPlugin, want: 'filled' },
    {
      name: 'with any other name',
      names: [...PASSWORDS, ...OTHERS],
      of: 'a plugin',
      sources: ofPlugin,
      want: 'invalid',
    },
  ])('of $of, a variable $name, in `args` and `url`: $want', ({ names, sources, want }) => {
    const env = Object.fromEntries(names.map((name) => [name, 'v']));
    const kinds = (wish: typeof sources): readonly string[] =>
      names.flatMap((name) => [
        fill(stdio({ args: [`-\${env:${name}}`] }), { env }, wish).kind,
        fill(http({ url: `https://h/\${env:${name}}` }), { env }, wish).kind,
      ]);
    expect(kinds(sources)).toEqual(names.flatMap(() => [want, want]));
    expect(kinds({ ...sources, allowSecretInArgs: true })).toEqual(names.flatMap(() => ['filled', 'filled']));
  });

  test('a default is no secret, whatever the variable is called', () => {
    expect(fill(stdio({ args: ['${env:A_PASS:-none}'] }), {}, ofPlugin)).toMatchObject({ launch: { args: ['none'] } });
  });

  test('in `url`, by leave of the user', () => {
    const launch = http({ url: 'https://h/?k=${secret:K}' });
    expect(fill(launch, given)).toMatchObject({ kind: 'invalid', issues: [{ key: 'mcp_servers.poka.url' }] });
    expect(opened(fill(launch, given, sourcesOf({ allowSecretInArgs: true })))).toMatchObject({
      launch: { url: '<url=https://h/?k=v>' },
      secrets: ['<K=v>', '<url=https://h/?k=v>'],
    });
  });

  test.each([
    { key: 'command', launch: stdio({ command: '${secret:K}' }) },
    { key: 'cwd', launch: stdio({ cwd: '/x/${env:X}' }) },
  ])('in `$key`, never', ({ key, launch }) => {
    expect(fill(launch, given, sourcesOf({ allowSecretInArgs: true }))).toMatchObject({
      kind: 'invalid',
      issues: [{ code: 'SECRET_IN_ARGS', key: `mcp_servers.poka.${key}`, hint: 'hand it over in `env` or a header' }],
    });
  });

  test('a program or folder may be named by any variable of the environment', () => {
    expect(fill(stdio({ command: '${env:API_KEY}', cwd: '${env:HOME}' }), given)).toMatchObject({
      launch: { command: 'k', cwd: '/h' },
    });
  });
});
