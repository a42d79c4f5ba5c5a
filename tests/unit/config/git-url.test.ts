import { describe, expect, test } from 'vitest';
import { gitRefProblem, parseGitUrl, sparsePathProblem } from '../../../src/config/git-url.ts';

describe('one address in many spellings is one address', () => {
  test.each([
    ['https://github.com/acme/tools', 'https://github.com/acme/tools', 'github.com'],
    ['https://github.com/acme/tools.git', 'https://github.com/acme/tools', 'github.com'],
    ['https://GitHub.com:443/acme/tools.git/', 'https://github.com/acme/tools', 'github.com'],
    ['https://git.example:8443/a.git', 'https://git.example:8443/a', 'git.example'],
    ['https://dev.azure.com/acme/p/_git/tools', 'https://dev.azure.com/acme/p/_git/tools', 'dev.azure.com'],
    ['http://127.0.0.1:9418/a.git', 'http://127.0.0.1:9418/a', '127.0.0.1'],
    ['http://localhost/a', 'http://localhost/a', 'localhost'],
    ['http://[::1]:80/a', 'http://[::1]/a', '[::1]'],
    ['git@github.com:acme/tools.git', 'ssh://git@github.com/~/acme/tools', 'github.com'],
    ['git@github.com:~/acme/tools', 'ssh://git@github.com/~/acme/tools', 'github.com'],
    ['git@github.com:/acme/tools', 'ssh://git@github.com/acme/tools', 'github.com'],
    ['ssh://git@github.com/~/acme/tools', 'ssh://git@github.com/~/acme/tools', 'github.com'],
    ['git@github.com:~ada/tools', 'ssh://git@github.com/~ada/tools', 'github.com'],
    ['ssh://git@GITHUB.com/acme/tools.git', 'ssh://git@github.com/acme/tools', 'github.com'],
    ['ssh://git@github.com:22/acme/tools', 'ssh://git@github.com/acme/tools', 'github.com'],
    ['ssh://git@git.example:7999/acme/tools.git', 'ssh://git@git.example:7999/acme/tools', 'git.example'],
    ['ssh://git.example/srv/tools.git', 'ssh://git.example/srv/tools', 'git.example'],
    ['deploy_1@git.example:/srv/tools.git', 'ssh://deploy_1@git.example/srv/tools', 'git.example'],
  ])('%s', (text, normal, host) => expect(parseGitUrl(text)).toEqual({ kind: 'git', text, host, normal }));
});

describe('what git does not get', () => {
  const scheme = 'is none that is fetched from: it must be an https or ssh address';
  const blank = 'holds a blank, a control character or `\\`';
  const user = 'holds a user name or password; git asks its credential helper for them';
  const dots = 'has `.` or `..` as a part of its path';
  test.each([
    ['', scheme],
    ['acme/tools', scheme],
    ['/srv/tools.git', scheme],
    ['-oProxyCommand=x', scheme],
    ['--upload-pack=x', scheme],
    ['file:///srv/tools.git', scheme],
    ['git://github.com/acme/tools', scheme],
    ['ext::sh', scheme],
    ['ext::sh -c x', blank],
    ['fd::17/x', scheme],
    ['https:github.com/acme/tools', scheme],
    ['https:/github.com/acme/tools', scheme],
    ['HTTPS://github.com/acme/tools', scheme],
    ['javascript://x/y', scheme],
    ['https://', scheme],
    ['https://[::1/a', scheme],
    ['C:/srv/tools', scheme],
    ['git.example:tools', scheme],
    ['http://github.com/acme/tools', 'must use https: http is not safe from changes on the way'],
    ['http://localhost.example/a', 'must use https: http is not safe from changes on the way'],
    ['https://ada@github.com/acme/tools', user],
    ['https://ada:pw@github.com/acme/tools', user],
    ['https://@github.com/acme/tools', user],
    ['ssh://git:pw@github.com/acme/tools', user],
    ['https://github.com\t/acme', blank],
    ['https://github.com/acme\n/tools', blank],
    ['https://github.com/acme%0a/tools', blank],
    ['https://github.com/acme%00', blank],
    ['https://github.com\\@evil.example/a', blank],
    ['git@host:a b', blank],
    ['https:///github.com/acme', 'has no valid host'],
    ['https://%67ithub.com/acme', 'has no valid host'],
    ['ssh://-oProxyCommand=x/a', 'has no valid host'],
    ['ssh://git@-x/a', 'has no valid host'],
    ['git@-oProxyCommand=x:a', 'has no valid host'],
    ['-oProxyCommand@host:a', 'has no valid user name'],
    ['a$(id)@host:a', 'has no valid user name'],
    ['git@host:-x', 'has a path that starts with `-`'],
    ['git@host:', 'names no repository'],
    ['https://github.com', 'names no repository'],
    ['https://github.com/.git', 'names no repository'],
    ['https://github.com/acme/../evil/x', dots],
    ['https://github.com/acme/%2E%2e/evil/x', dots],
    ['ssh://git@host/a/./b', dots],
    ['git@host:../x', dots],
    ['https://github.com/acme/tools?x=1', 'has a `?` or `#`'],
    ['https://github.com/acme/tools#main', 'has a `?` or `#`'],
  ])('%j', (text, reason) => expect(parseGitUrl(text)).toEqual({ kind: 'refused', reason }));
});

test.each<[string, string | null]>([
  ...['main', 'v1.2.3', 'release/2026-11', 'feature/ä', 'a@b', 'HEAD', '0123456789abcdef'].map(
    (ref): [string, null] => [ref, null],
  ),
  ['', 'is empty'],
  ['-u', 'starts with `-`'],
  ['--upload-pack=x', 'starts with `-`'],
  ...[
    'a b',
    'a\nb',
    'a..b',
    'a~1',
    'a^',
    'a:b',
    'a?',
    'a*',
    'a[',
    'a\\b',
    'a@{1}',
    '@',
    '/a',
    'a/',
    'a//b',
    '.a',
    'a/.b',
    'a.',
    'a.lock',
    'a.lock/b',
    '\u0000',
  ].map((ref): [string, string] => [ref, 'is not one that git allows']),
])('the ref %j', (ref, want) => expect(gitRefProblem(ref)).toBe(want));

test.each<[string, string | null]>([
  ['plugins', null],
  ['.agents/plugins', null],
  ['./plugins/a b', null],
  ['', 'is empty'],
  ['../x', 'leads out of the repository'],
  ['a/../../x', 'leads out of the repository'],
  ['/etc', 'must start at the top of the repository, not at the root of a disk'],
  ['C:/x', 'must start at the top of the repository, not at the root of a disk'],
  ['a\nb', 'holds a control character'],
  ...['-x', '--stdin', '!a', '#a', 'a/*', 'a\\b', 'a?', '[a]'].map((path): [string, string] => [
    path,
    'must be the name of a folder, without `-`, `!` or `#` at its start and without a pattern',
  ]),
])('the sparse path %j', (path, want) => expect(sparsePathProblem(path)).toBe(want));
