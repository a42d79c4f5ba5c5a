import { expect, test } from 'vitest';
import type { EnvVarRef } from '../../../src/config/index.ts';
import { planEnvironment } from '../../../src/executors/index.ts';

const ref = (name: string, more: Partial<EnvVarRef> = {}): EnvVarRef => ({
  name,
  source: 'local',
  required: false,
  ...more,
});

type Case = {
  readonly name: string;
  readonly values: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly envVars?: readonly EnvVarRef[];
  readonly platform?: NodeJS.Platform;
  readonly want: Readonly<Record<string, string>>;
  readonly unset?: readonly string[];
  readonly missingRequired?: readonly string[];
};

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
    name: 'env_vars adds what the caller has and names what it has not',
    values: { A: 'a', EMPTY: '' },
    envVars: [ref('A'), ref('EMPTY'), ref('B'), ref('C', { required: true })],
    want: { A: 'a', EMPTY: '' },
    unset: ['B', 'C'],
    missingRequired: ['C'],
  },
  {
    name: 'env wins over env_vars, and both over the list',
    values: { PATH: '/bin', A: 'caller' },
    envVars: [ref('A')],
    env: { A: 'file', PATH: '/opt/bin' },
    want: { PATH: '/opt/bin', A: 'file' },
  },
  {
    name: 'a required variable that env sets is not missing',
    values: {},
    envVars: [ref('A', { required: true })],
    env: { A: 'file' },
    want: { A: 'file' },
  },
  {
    name: 'a variable of another machine is not read here',
    values: { A: 'a' },
    envVars: [ref('A', { source: 'remote', required: true })],
    want: {},
  },
  {
    name: 'names of object members are ordinary names',
    values: {},
    envVars: [ref('constructor', { required: true })],
    env: { toString: 'x' },
    want: { toString: 'x' },
    unset: ['constructor'],
    missingRequired: ['constructor'],
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
      token: 't',
    },
    envVars: [ref('TOKEN')],
    want: { Path: 'C:\\bin', SystemRoot: 'C:\\Windows', 'ProgramFiles(x86)': 'p', token: 't' },
  },
  {
    name: 'on Windows, env replaces a variable spelled otherwise',
    platform: 'win32',
    values: { Path: 'C:\\bin' },
    env: { PATH: 'D:\\bin' },
    want: { PATH: 'D:\\bin' },
  },
];

test.each(cases)('environment: $name', ({ values, env = {}, envVars = [], platform = 'linux', ...want }) => {
  const plan = planEnvironment({ launch: { env, envVars }, values: new Map(Object.entries(values)), platform });
  expect(plan).toEqual({ env: want.want, unset: want.unset ?? [], missingRequired: want.missingRequired ?? [] });
});
