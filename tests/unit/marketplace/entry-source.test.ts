import { describe, expect, test } from 'vitest';
import { revisionMatches } from '../../../src/marketplace/entry-source.ts';
import type { PluginSource } from '../../../src/marketplace/types.ts';
import { around, brief } from './read-manifest.ts';

const commit = '0123456789abcdef0123456789abcdef01234567';

describe('sources', () => {
  test.each<{ given: unknown; want: PluginSource }>([
    { given: './plugins/a', want: { source: 'local', path: '/srv/market/plugins/a' } },
    { given: 'plugins/a', want: { source: 'local', path: '/srv/market/plugins/a' } },
    { given: './', want: { source: 'local', path: '/srv/market' } },
    { given: '.', want: { source: 'local', path: '/srv/market' } },
    { given: { source: 'local', path: './a//b/' }, want: { source: 'local', path: '/srv/market/a/b' } },
    {
      given: { source: 'url', url: 'https://git.example/a.git', ref: 'main' },
      want: { source: 'git', url: 'https://git.example/a.git', ref: 'main' },
    },
    {
      given: { source: 'git', url: 'https://git.example/a.git' },
      want: { source: 'git', url: 'https://git.example/a.git' },
    },
    {
      given: { source: 'url', url: 'git@git.example:a.git', sha: commit },
      want: { source: 'git', url: 'git@git.example:a.git', sha: commit },
    },
    {
      given: { source: 'url', url: 'https://git.example/a.git', path: './sub' },
      want: { source: 'git-subdir', url: 'https://git.example/a.git', path: 'sub' },
    },
    {
      given: {
        source: 'git-subdir',
        url: 'https://git.example/a.git',
        path: 'plugins/a',
        ref: 'v1',
        sha: commit.repeat(2).slice(0, 64),
      },
      want: {
        source: 'git-subdir',
        url: 'https://git.example/a.git',
        path: 'plugins/a',
        ref: 'v1',
        sha: commit.repeat(2).slice(0, 64),
      },
    },
    {
      given: { source: 'git-subdir', url: 'acme/mono', path: 'plugins/a' },
      want: { source: 'git-subdir', url: 'https://github.com/acme/mono.git', path: 'plugins/a' },
    },
    {
      given: { source: 'git-subdir', url: 'https://git.example/a.git', path: './' },
      want: { source: 'git', url: 'https://git.example/a.git' },
    },
    { given: { source: 'github', repo: 'acme/a' }, want: { source: 'git', url: 'https://github.com/acme/a.git' } },
    {
      given: { source: 'github', repo: 'acme/a', path: 'x', ref: 'main', sha: commit.toUpperCase() },
      want: {
        source: 'git-subdir',
        url: 'https://github.com/acme/a.git',
        path: 'x',
        ref: 'main',
        sha: commit.toUpperCase(),
      },
    },
    { given: { source: 'npm', package: '@acme/p' }, want: { source: 'npm', package: '@acme/p' } },
    {
      given: { source: 'npm', package: 'p', version: '^1.0.0', registry: 'https://npm.example/x/' },
      want: { source: 'npm', package: 'p', version: '^1.0.0', registry: 'https://npm.example/x/' },
    },
    {
      given: { source: 'npm', package: 'p', version: '>=1.2 <2 || 3.x', registry: 'http://127.0.0.1:4873' },
      want: { source: 'npm', package: 'p', version: '>=1.2 <2 || 3.x', registry: 'http://127.0.0.1:4873' },
    },
  ])('$given', ({ given, want }) => {
    const { entries, issues } = around({ name: 'x', source: given });
    expect({ source: entries[1]?.source, issues }).toEqual({ source: want, issues: [] });
  });

  test('the keys stand in the order of Codex', () => {
    const source = { sha: commit, ref: 'r', path: 'p', url: 'https://git.example/a', source: 'git-subdir' };
    expect(Object.keys(around({ name: 'x', source }).entries[1]?.source ?? {})).toEqual([
      'source',
      'url',
      'path',
      'ref',
      'sha',
    ]);
  });
});

const left = '; the plugin is left out';

describe('an entry that cannot be used is left out, and the others stay', () => {
  const git = (more: Readonly<Record<string, unknown>>) => ({ source: 'url', url: 'https://git.example/a', ...more });
  const npm = (more: Readonly<Record<string, unknown>>) => ({ source: 'npm', package: 'p', ...more });
  test.each<[unknown, string]>([
    [undefined, 'plugins.1 has no `source`'],
    [7, 'plugins.1.source must be a path or an object, and is a number'],
    [['./a'], 'plugins.1.source must be a path or an object, and is an array'],
    ['', 'plugins.1.source is empty'],
    ['../a', 'plugins.1.source has `..` in it'],
    ['./a/../../b', 'plugins.1.source has `..` in it'],
    ['./a/../b', 'plugins.1.source has `..` in it'],
    ['/etc', 'plugins.1.source is an absolute path'],
    ['C:/a', 'plugins.1.source names a drive'],
    ['..\\a', 'plugins.1.source has a backslash in it; folders are separated by `/`'],
    ['a\0b', 'plugins.1.source holds a NUL character'],
    [{ path: './a' }, 'plugins.1.source has no `source`'],
    [{ source: 'weird', x: 1 }, 'plugins.1.source.source is a kind of source that is not known'],
    [{ source: 'pip', package: 'p' }, 'plugins.1.source.source is a kind of source that is not known'],
    [{ source: '__proto__' }, 'plugins.1.source.source is a kind of source that is not known'],
    [{ source: 3 }, 'plugins.1.source.source is a kind of source that is not known'],
    [{ source: 'local' }, 'plugins.1.source has no `path`'],
    [{ source: 'local', path: ['a'] }, 'plugins.1.source.path must be a string, and is an array'],
    [{ source: 'local', path: '../h' }, 'plugins.1.source.path has `..` in it'],
    [{ source: 'url' }, 'plugins.1.source has no `url`'],
    [{ source: 'git-subdir', url: 'https://git.example/a' }, 'plugins.1.source has no `path`'],
    [git({ url: null }), 'plugins.1.source.url must be a string, and is null'],
    [
      git({ url: 'file:///srv/a' }),
      'plugins.1.source.url is none that is fetched from: it must be an https or ssh address',
    ],
    [git({ url: 'ext::sh' }), 'plugins.1.source.url is none that is fetched from: it must be an https or ssh address'],
    [
      git({ url: '--upload-pack=x' }),
      'plugins.1.source.url is none that is fetched from: it must be an https or ssh address',
    ],
    [git({ url: './a' }), 'plugins.1.source.url is none that is fetched from: it must be an https or ssh address'],
    [
      git({ url: 'https://ada:geheim@git.example/a' }),
      'plugins.1.source.url holds a user name or password; git asks its credential helper for them',
    ],
    [
      git({ url: 'http://git.example/a' }),
      'plugins.1.source.url must use https: http is not safe from changes on the way',
    ],
    [git({ url: 'ssh://-oProxyCommand=x/a' }), 'plugins.1.source.url has no valid host'],
    [git({ ref: '-u' }), 'plugins.1.source.ref starts with `-`'],
    [git({ ref: 'a\nb' }), 'plugins.1.source.ref is not one that git allows'],
    [git({ ref: '' }), 'plugins.1.source.ref is empty'],
    [git({ ref: 7 }), 'plugins.1.source.ref must be a string, and is a number'],
    [git({ sha: '' }), 'plugins.1.source.sha must be a commit: hexadecimal digits'],
    [git({ sha: 'main' }), 'plugins.1.source.sha must be a commit: hexadecimal digits'],
    [git({ sha: '-abc1234' }), 'plugins.1.source.sha must be a commit: hexadecimal digits'],
    [git({ sha: `${commit}${commit}` }), 'plugins.1.source.sha must be a commit: hexadecimal digits'],
    [git({ path: '../x' }), 'plugins.1.source.path has `..` in it'],
    [git({ path: '/x' }), 'plugins.1.source.path is an absolute path'],
    [
      git({ path: '-x' }),
      'plugins.1.source.path must be the name of a folder, without `-`, `!` or `#` at its start and without a pattern',
    ],
    [
      git({ path: 'a/*' }),
      'plugins.1.source.path must be the name of a folder, without `-`, `!` or `#` at its start and without a pattern',
    ],
    [{ source: 'github' }, 'plugins.1.source has no `repo`'],
    [{ source: 'github', repo: 'acme' }, 'plugins.1.source.repo must be `owner/repo`'],
    [{ source: 'github', repo: '../x' }, 'plugins.1.source.repo must be `owner/repo`'],
    [{ source: 'github', repo: 'acme/x?y' }, 'plugins.1.source.repo must be `owner/repo`'],
    [{ source: 'npm' }, 'plugins.1.source has no `package`'],
    [npm({ package: '' }), 'plugins.1.source.package is not the name of an npm package'],
    [npm({ package: '-g' }), 'plugins.1.source.package is not the name of an npm package'],
    [npm({ package: '../p' }), 'plugins.1.source.package is not the name of an npm package'],
    [npm({ package: 'p@1.0.0' }), 'plugins.1.source.package is not the name of an npm package'],
    [npm({ package: '@acme/p/q' }), 'plugins.1.source.package is not the name of an npm package'],
    [npm({ package: 'acme/p' }), 'plugins.1.source.package is not the name of an npm package'],
    [npm({ package: 'p.tgz' }), 'plugins.1.source.package is not the name of an npm package'],
    [npm({ package: 'https://x.example/p' }), 'plugins.1.source.package is not the name of an npm package'],
    [npm({ package: 'p'.repeat(215) }), 'plugins.1.source.package is not the name of an npm package'],
    [npm({ version: '' }), 'plugins.1.source.version must be a version, a range or a tag of the package'],
    [npm({ version: '--registry=x' }), 'plugins.1.source.version must be a version, a range or a tag of the package'],
    [npm({ version: 'npm:other@1' }), 'plugins.1.source.version must be a version, a range or a tag of the package'],
    [npm({ version: 'file:../x' }), 'plugins.1.source.version must be a version, a range or a tag of the package'],
    [
      npm({ version: 'git+https://x.example/p' }),
      'plugins.1.source.version must be a version, a range or a tag of the package',
    ],
    [npm({ version: '1\n2' }), 'plugins.1.source.version must be a version, a range or a tag of the package'],
    [npm({ registry: 'npm.example' }), 'plugins.1.source.registry must be an https address'],
    [npm({ registry: 'file:///srv' }), 'plugins.1.source.registry must be an https address'],
    [npm({ registry: 'https://npm.example/\nx' }), 'plugins.1.source.registry must be an https address'],
    [npm({ registry: 'http://npm.example' }), 'plugins.1.source.registry must use https'],
    [npm({ registry: 'https://npm.example/?x' }), 'plugins.1.source.registry has a `?` or `#`'],
    [
      npm({ registry: 'https://ada:geheim@npm.example' }),
      'plugins.1.source.registry holds a user name or password; npm reads them from its own settings',
    ],
  ])('source %j', (source, message) => {
    const { entries, issues } = around({ name: 'x', source });
    expect(entries.map(({ name }) => name)).toEqual(['first', 'last']);
    expect(brief(issues)).toEqual([`error MARKETPLACE_ENTRY_INVALID x@acme: ${message}${left}`]);
    expect(JSON.stringify(issues)).not.toContain('geheim');
  });
});

test.each([
  [commit, commit, true],
  [commit.toUpperCase(), commit, true],
  [commit.slice(0, 7), commit, true],
  [commit.slice(0, 6), commit, false],
  ['', commit, false],
  [`${commit.slice(0, 39)}8`, commit, false],
  [commit, commit.slice(0, 39), false],
])('the commit %j names %j: %j', (sha, revision, want) => expect(revisionMatches(sha, revision)).toBe(want));
