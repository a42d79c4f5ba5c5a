import { describe, expect, test } from 'vitest';
import { parseGitUrl } from '../../../src/config/git-url.ts';
import { type AllowedSource, sourceAllowed } from '../../../src/config/marketplace-requirements.ts';
import type { MarketplaceIdentity } from '../../../src/config/types.ts';

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
    ['git@github.com:acme/tools.git', 'ssh://git@github.com/acme/tools', 'github.com'],
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

const git = (source: string, ref: string | null = null): MarketplaceIdentity => ({ sourceType: 'git', source, ref });
const local = (source: string): MarketplaceIdentity => ({ sourceType: 'local', source, ref: null });
const repository: AllowedSource = { source: 'git', url: 'https://github.com/acme/tools.git', ref: null };
const branch: AllowedSource = { ...repository, ref: 'main' };
const host: AllowedSource = { source: 'host_pattern', pattern: /github\.com/u };
const folder: AllowedSource = { source: 'local', path: '/srv/market/' };

test.each([
  { name: 'nothing is allowed by an empty list', rules: [], given: local('/srv/market'), want: false },
  { name: 'a folder', rules: [folder], given: local('/srv/market'), want: true },
  { name: 'a folder in it', rules: [folder], given: local('/srv/market/a'), want: false },
  { name: 'a folder with a longer name', rules: [folder], given: local('/srv/marketing'), want: false },
  { name: 'a folder with detours', rules: [folder], given: local('/srv/x/../market'), want: true },
  { name: 'a folder does not allow an address', rules: [folder], given: git('/srv/market'), want: false },
  { name: 'a repository', rules: [repository], given: git('https://GITHUB.com/acme/tools'), want: true },
  {
    name: 'a repository at any branch',
    rules: [repository],
    given: git('https://github.com/acme/tools', 'x'),
    want: true,
  },
  { name: 'another repository', rules: [repository], given: git('https://github.com/acme/tools2'), want: false },
  { name: 'a repository by another road', rules: [repository], given: git('git@github.com:acme/tools'), want: false },
  { name: 'another case in the path', rules: [repository], given: git('https://github.com/Acme/tools'), want: false },
  { name: 'a branch', rules: [branch], given: git('https://github.com/acme/tools', 'main'), want: true },
  { name: 'another branch', rules: [branch], given: git('https://github.com/acme/tools', 'dev'), want: false },
  {
    name: 'no branch where one is demanded',
    rules: [branch],
    given: git('https://github.com/acme/tools'),
    want: false,
  },
  {
    name: 'a rule with an address that git would not get',
    rules: [{ ...repository, url: 'x' }],
    given: git('x'),
    want: false,
  },
  { name: 'a host over https', rules: [host], given: git('https://github.com/x/y'), want: true },
  { name: 'a host over ssh', rules: [host], given: git('git@github.com:x/y'), want: true },
  { name: 'a host with a port', rules: [host], given: git('https://github.com:8443/x/y'), want: true },
  {
    name: 'a host that only contains the pattern',
    rules: [host],
    given: git('https://github.com.evil.example/x'),
    want: false,
  },
  { name: 'a host in the user name', rules: [host], given: git('https://github.com@evil.example/x'), want: false },
  { name: 'a host in the path', rules: [host], given: git('https://evil.example/github.com'), want: false },
  { name: 'a folder under a host rule', rules: [host], given: local('github.com'), want: false },
  {
    name: 'a pattern of alternatives, each for the whole',
    rules: [{ source: 'host_pattern', pattern: /a|github/u }],
    given: git('https://github.com/x'),
    want: false,
  },
  {
    name: 'a pattern with anchors of its own',
    rules: [{ source: 'host_pattern', pattern: /^github\.com$/u }],
    given: git('https://github.com/x'),
    want: true,
  },
  { name: 'one of several', rules: [folder, host], given: git('https://github.com/x/y'), want: true },
] satisfies readonly { name: string; rules: readonly AllowedSource[]; given: MarketplaceIdentity; want: boolean }[])(
  'allowed sources: $name',
  ({ rules, given, want }) => expect(sourceAllowed(given, rules)).toBe(want),
);
