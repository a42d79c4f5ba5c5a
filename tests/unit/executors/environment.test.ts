import { expect, test } from 'vitest';
import { planEnvironment } from '../../../src/executors/index.ts';
import { Secret } from '../../../src/kernel/index.ts';

type Case = {
  readonly name: string;
  readonly values: Readonly<Record<string, string>>;
  readonly own?: Readonly<Record<string, string | Secret>>;
  readonly platform?: NodeJS.Platform;
  readonly want: Readonly<Record<string, string | Secret>>;
};

const TOKEN = new Secret('TOKEN', 't');

const cases: readonly Case[] = [
  {
    name: 'a program gets what it needs to run and nothing else of the caller',
    values: {
      HOME: '/h',
      PATH: '/bin',
      USER: 'u',
      SSH_AUTH_SOCK: '/s',
      XDG_RUNTIME_DIR: '/x',
      AWS_SECRET: 's',
      PWD: '/',
    },
    want: { HOME: '/h', PATH: '/bin', USER: 'u' },
  },
  {
    name: 'every variable of the Unix list is copied',
    values: Object.fromEntries(
      'HOME LOGNAME PATH SHELL USER __CF_USER_TEXT_ENCODING LANG LC_ALL TERM TMPDIR TZ'.split(' ').map((n) => [n, n]),
    ),
    want: Object.fromEntries(
      'HOME LOGNAME PATH SHELL USER __CF_USER_TEXT_ENCODING LANG LC_ALL TERM TMPDIR TZ'.split(' ').map((n) => [n, n]),
    ),
  },
  {
    name: 'proxy variables are copied in the spelling they have',
    values: {
      HTTP_PROXY: 'a',
      https_proxy: 'b',
      no_proxy: 'c',
      NO_PROXY: 'd',
      ALL_PROXY: 'e',
      all_proxy: 'f',
      Http_Proxy: 'g',
    },
    want: { HTTP_PROXY: 'a', https_proxy: 'b', no_proxy: 'c', NO_PROXY: 'd', ALL_PROXY: 'e', all_proxy: 'f' },
  },
  {
    name: 'variables that name certificate authorities are copied',
    values: {
      SSL_CERT_FILE: '1',
      SSL_CERT_DIR: '2',
      NODE_EXTRA_CA_CERTS: '3',
      CURL_CA_BUNDLE: '4',
      GIT_SSL_CAINFO: '5',
      PIP_CERT: '6',
      REQUESTS_CA_BUNDLE: '7',
      NODE_OPTIONS: '8',
    },
    want: {
      SSL_CERT_FILE: '1',
      SSL_CERT_DIR: '2',
      NODE_EXTRA_CA_CERTS: '3',
      CURL_CA_BUNDLE: '4',
      GIT_SSL_CAINFO: '5',
      PIP_CERT: '6',
      REQUESTS_CA_BUNDLE: '7',
    },
  },
  {
    name: 'its own variables win over the list, and a secret stays one',
    values: { PATH: '/bin', A: 'caller', TOKEN: 'caller' },
    own: { A: 'file', PATH: '/opt/bin', TOKEN },
    want: { PATH: '/opt/bin', A: 'file', TOKEN },
  },
  {
    name: 'names of object members are ordinary names',
    values: {},
    own: { toString: 'x' },
    want: { toString: 'x' },
  },
  {
    name: 'Windows ignores case and keeps the spelling of the caller',
    platform: 'win32',
    values: {
      Path: 'C:\\bin',
      SystemRoot: 'C:\\Windows',
      'ProgramFiles(x86)': 'p',
      HOME: '/h',
      Secret: 's',
    },
    want: { Path: 'C:\\bin', SystemRoot: 'C:\\Windows', 'ProgramFiles(x86)': 'p' },
  },
  {
    name: 'on Windows, its own replaces a variable spelled otherwise',
    platform: 'win32',
    values: { Path: 'C:\\bin' },
    own: { PATH: 'D:\\bin' },
    want: { PATH: 'D:\\bin' },
  },
];

test.each(cases)('environment: $name', ({ values, own = {}, platform = 'linux', want }) => {
  expect(planEnvironment({ own, values: new Map(Object.entries(values)), platform })).toEqual(want);
});
