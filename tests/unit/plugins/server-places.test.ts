import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/kernel/index.ts';
import { writeFiles } from '../../support/marketplace-folder.ts';
import { http, serverFiles, told } from './one-server.ts';
import { useBundles } from './read-bundle.ts';

const bundles = useBundles();

describe('paths of a server stay in the plugin', () => {
  test.each<{ name: string; server: JsonObject; want: JsonObject; issues?: readonly string[] }>([
    { name: 'a bare command', server: { command: 'node' }, want: { command: 'node', cwdAbsolute: 'ROOT' } },
    { name: 'a relative command', server: { command: './bin/x' }, want: { command: 'ROOT/bin/x' } },
    { name: 'a relative command without a dot', server: { command: 'bin/x' }, want: { command: 'ROOT/bin/x' } },
    { name: 'a command with a detour', server: { command: './bin/../bin/x' }, want: { command: 'ROOT/bin/x' } },
    { name: 'an absolute command', server: { command: '/usr/bin/env' }, want: { command: '/usr/bin/env' } },
    {
      name: 'a command that is not there',
      server: { command: './gone' },
      want: { command: 'ROOT/gone' },
      issues: ['warning PLUGIN_PATH_MISSING command'],
    },
    {
      name: 'a command that is a folder',
      server: { command: './bin' },
      want: { command: './bin' },
      issues: ['error PLUGIN_PATH_MISSING command'],
    },
    ...[
      '../x',
      './bin/../../x',
      '${PLUGIN_ROOT}/../x',
      '${PLUGIN_ROOT}x',
      '${PLUGIN_DATA}/../x',
      'C:/x',
      String.raw`C:\x`,
      String.raw`bin\x`,
      '~/x',
      './out/x',
      './link',
    ].map((command) => ({
      name: `the command ${command}`,
      server: { command },
      want: {},
      issues: ['error PLUGIN_PATH_ESCAPES command'],
    })),
    { name: 'a link within the plugin', server: { command: './inner' }, want: { command: 'ROOT/inner' } },
    { name: 'a folder', server: { command: 'c', cwd: 'bin' }, want: { cwdAbsolute: 'ROOT/bin' } },
    { name: 'the plugin itself', server: { command: 'c', cwd: './' }, want: { cwdAbsolute: 'ROOT' } },
    {
      name: 'the folder for data',
      server: { command: 'c', cwd: '${PLUGIN_DATA}/a/b' },
      want: { cwdAbsolute: '/data/p/a/b' },
    },
    {
      name: 'a folder that is not there',
      server: { command: 'c', cwd: 'gone' },
      want: { cwdAbsolute: 'ROOT/gone' },
      issues: ['warning PLUGIN_PATH_MISSING cwd'],
    },
    {
      name: 'a folder that is a file',
      server: { command: 'c', cwd: 'bin/x' },
      want: {},
      issues: ['error PLUGIN_PATH_MISSING cwd'],
    },
    ...['..', '/', '/tmp', 'out', '${PLUGIN_ROOT}/..', '${PLUGIN_DATA}/../other', '~'].map((cwd) => ({
      name: `the folder ${cwd}`,
      server: { command: 'c', cwd },
      want: {},
      issues: ['error PLUGIN_PATH_ESCAPES cwd'],
    })),
    { name: 'a certificate', server: { ...http, ca_file: './bin/x' }, want: { caFile: 'ROOT/bin/x' } },
    {
      name: 'a certificate of the machine',
      server: { ...http, ca_file: '/etc/ca.pem' },
      want: {},
      issues: ['error PLUGIN_PATH_ESCAPES ca_file'],
    },
    {
      name: 'a device, as a certificate and its key',
      server: { ...http, client_cert_file: '/dev/ptmx', client_key_file: '/dev/zero' },
      want: {},
      issues: ['error PLUGIN_PATH_ESCAPES client_cert_file', 'error PLUGIN_PATH_ESCAPES client_key_file'],
    },
    {
      name: 'a certificate through a link that leads out',
      server: { ...http, ca_file: './link' },
      want: {},
      issues: ['error PLUGIN_PATH_ESCAPES ca_file'],
    },
    {
      name: 'a certificate in the folder for data',
      server: { ...http, ca_file: '${PLUGIN_DATA}/ca.pem' },
      want: { caFile: '/data/p/ca.pem' },
    },
    {
      name: 'a key elsewhere',
      server: { ...http, ca_file: '../../.ssh/id' },
      want: {},
      issues: ['error PLUGIN_PATH_ESCAPES ca_file'],
    },
  ])('$name', ({ server, want, issues = [] }) => {
    const root = bundles.folder();
    mkdirSync(`${root}/../elsewhere`);
    writeFileSync(`${root}/../elsewhere/x`, '');
    writeFiles(root, { ...serverFiles(server), 'bin/x': '' });
    symlinkSync('../elsewhere', `${root}/out`);
    symlinkSync('../elsewhere/x', `${root}/link`);
    symlinkSync('bin/x', `${root}/inner`);
    const read = bundles.parseFolder(root);
    expect([read.server('s').entry.transport, told(read)]).toMatchObject([
      want,
      issues.map((issue) => issue.replace(/(\w+)$/, 'mcpServers.s.$1')),
    ]);
    expect(told(read).length).toBe(issues.length);
  });
});
