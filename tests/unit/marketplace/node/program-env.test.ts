import { describe, expect, test } from 'vitest';
import { gitEnvironment, npmEnvironment } from '../../../../src/marketplace/node/program-env.ts';

const SURE = {
  GCM_INTERACTIVE: 'never',
  GIT_ALLOW_PROTOCOL: 'https:ssh',
  GIT_ASKPASS: '',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_LFS_SKIP_SMUDGE: '1',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_SSH_COMMAND: 'ssh -oBatchMode=yes',
  GIT_TERMINAL_PROMPT: '0',
  LC_ALL: 'C',
  SSH_ASKPASS: '',
  SSH_ASKPASS_REQUIRE: 'never',
};

const git = (values: Readonly<Record<string, string>>, facts: Partial<Parameters<typeof gitEnvironment>[1]> = {}) =>
  gitEnvironment(values, { http: false, ownSsh: false, ...facts });

describe('git', () => {
  test.each<{ name: string; values: Readonly<Record<string, string>>; want: Readonly<Record<string, string>> }>([
    { name: 'gets what it needs to run', values: { PATH: '/bin', HOME: '/h' }, want: { PATH: '/bin', HOME: '/h' } },
    {
      name: 'gets the network and the agent of its user',
      values: {
        https_proxy: 'http://p',
        NO_PROXY: 'x',
        SSL_CERT_FILE: '/ca',
        SSH_AUTH_SOCK: '/s',
        XDG_CONFIG_HOME: '/x',
      },
      want: {
        https_proxy: 'http://p',
        NO_PROXY: 'x',
        SSL_CERT_FILE: '/ca',
        SSH_AUTH_SOCK: '/s',
        XDG_CONFIG_HOME: '/x',
      },
    },
    {
      name: 'keeps how its user signs in',
      values: {
        GIT_SSH_COMMAND: 'ssh -i k',
        GIT_SSL_CAINFO: '/ca',
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'a.b',
        GIT_CONFIG_VALUE_0: 'c',
      },
      want: {
        GIT_SSH_COMMAND: 'ssh -i k',
        GIT_SSL_CAINFO: '/ca',
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'a.b',
        GIT_CONFIG_VALUE_0: 'c',
      },
    },
    {
      name: 'is not led to another repository, and to no secret',
      values: {
        GIT_DIR: '/r/.git',
        GIT_INDEX_FILE: '/i',
        GIT_WORK_TREE: '/w',
        GIT_TRACE: '1',
        GIT_EXEC_PATH: '/e',
        API_TOKEN: 's',
      },
      want: {},
    },
    {
      name: 'never asks, whatever the user has set',
      values: {
        GIT_ASKPASS: '/ask',
        SSH_ASKPASS: '/ask',
        GIT_TERMINAL_PROMPT: '1',
        GIT_ALLOW_PROTOCOL: 'ext',
        LC_ALL: 'de_DE',
      },
      want: {},
    },
  ])('$name', ({ values, want }) => expect(git(values)).toEqual({ ...SURE, ...want }));

  test("leaves alone the user's own ssh, and http is for loopback", () => {
    const { GIT_SSH_COMMAND: _, ...rest } = SURE;
    expect(git({}, { ownSsh: true })).toEqual(rest);
    expect(git({}, { http: true })).toEqual({ ...SURE, GIT_ALLOW_PROTOCOL: 'https:ssh:http' });
    expect(git({ GIT_SSH: '/my/ssh' })).toEqual({ ...rest, GIT_SSH: '/my/ssh' });
  });
});

test('npm gets the registries, credentials and network of its user, and nothing that changes what it does', () => {
  const kept = {
    ...{ PATH: '/bin', HOME: '/h', HTTPS_PROXY: 'http://p', NODE_EXTRA_CA_CERTS: '/ca', NPM_TOKEN: 't' },
    ...{ npm_config_registry: 'https://r', NPM_CONFIG_USERCONFIG: '/rc', 'npm_config_@acme:registry': 'https://a' },
    ...{ 'npm_config_//r/:_authToken': 't', npm_config_fetch_retries: '1', npm_config_cafile: '/ca' },
  };
  const dropped = {
    ...{
      npm_config_ignore_scripts: 'false',
      npm_config_workspace: 'w',
      npm_config_dry_run: 'true',
      npm_config_prefix: '/p',
    },
    ...{ npm_lifecycle_event: 'start', NODE_OPTIONS: '--require /x', INIT_CWD: '/c', GIT_DIR: '/g', API_TOKEN: 's' },
  };
  expect(npmEnvironment({ ...kept, ...dropped })).toEqual(kept);
});
