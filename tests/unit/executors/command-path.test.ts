import { expect, test } from 'vitest';
import { commandCandidates } from '../../../src/executors/index.ts';

test.each([
  { name: 'a bare name is looked up in PATH, in order', command: 'x', env: { PATH: '/a:/b' }, want: ['/a/x', '/b/x'] },
  { name: 'a folder twice in PATH is looked at once', command: 'x', env: { PATH: '/a:/b:/a' }, want: ['/a/x', '/b/x'] },
  {
    name: 'empty and relative entries count from the folder',
    command: 'x',
    env: { PATH: ':bin' },
    want: ['/srv/x', '/srv/bin/x'],
  },
  { name: 'a path is one file', command: '/opt/x', env: { PATH: '/a' }, want: ['/opt/x'] },
  {
    name: 'a relative path counts from the folder, not from PATH',
    command: './bin/../x',
    env: { PATH: '/a' },
    want: ['/srv/x'],
  },
  {
    name: 'without PATH there is a default',
    command: 'x',
    env: {},
    want: ['/usr/local/bin/x', '/usr/bin/x', '/bin/x'],
  },
  { name: 'an empty command is no file', command: '', env: { PATH: '/a' }, want: [] },
])('command on Unix: $name', ({ command, env, want }) => {
  expect(commandCandidates({ command, env: { ...env }, cwd: '/srv' }, 'linux')).toEqual(want);
});

test.each([
  {
    name: 'a bare name gets each extension in each folder',
    command: 'npx',
    env: { Path: 'C:\\a;;D:\\b', PATHEXT: '.EXE;.CMD' },
    want: ['C:\\a\\npx.EXE', 'C:\\a\\npx.CMD', 'D:\\b\\npx.EXE', 'D:\\b\\npx.CMD'],
  },
  { name: 'an extension that is there stays', command: 'npx.cmd', env: { Path: 'C:\\a' }, want: ['C:\\a\\npx.cmd'] },
  {
    name: 'a path is not looked up',
    command: '.\\bin/x',
    env: { Path: 'C:\\a', PATHEXT: '.EXE' },
    want: ['C:\\work\\bin\\x.EXE'],
  },
  { name: 'without PATH there is nothing', command: 'x', env: {}, want: [] },
])('command on Windows: $name', ({ command, env, want }) => {
  expect(commandCandidates({ command, env: { ...env }, cwd: 'C:\\work' }, 'win32')).toEqual(want);
});
