import { expect, test } from 'vitest';
import { commandCandidates } from '../../../src/executors/index.ts';

test.each([
  { name: 'a bare name is looked up in PATH, in order', command: 'x', path: '/a:/b', want: ['/a/x', '/b/x'] },
  { name: 'a folder twice in PATH is looked at once', command: 'x', path: '/a:/b:/a', want: ['/a/x', '/b/x'] },
  {
    name: 'empty and relative entries count from the folder',
    command: 'x',
    path: ':bin',
    want: ['/work/x', '/work/bin/x'],
  },
  { name: 'a path is one file', command: '/opt/x', path: '/a', want: ['/opt/x'] },
  {
    name: 'a relative path counts from the folder, not from PATH',
    command: './bin/../x',
    path: '/a',
    want: ['/work/x'],
  },
  {
    name: 'without PATH there is a default',
    command: 'x',
    path: undefined,
    want: ['/usr/local/bin/x', '/usr/bin/x', '/bin/x'],
  },
  { name: 'an empty command is no file', command: '', path: '/a', want: [] },
])('command: $name', ({ command, path, want }) => {
  expect(commandCandidates(command, path, '/work')).toEqual(want);
});
