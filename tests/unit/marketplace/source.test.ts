import { describe, expect, test } from 'vitest';
import type { MarketplaceSettings } from '../../../src/config/index.ts';
import { AppError } from '../../../src/kernel/index.ts';
import {
  githubUrl,
  marketplaceRefusal,
  parseMarketplaceSource,
  settingsTable,
  sourceFromSettings,
  sourceIdentity,
  sourceJson,
  type TypedSource,
} from '../../../src/marketplace/source.ts';
import type { MarketplaceSource } from '../../../src/marketplace/types.ts';

const FOLDERS = ['/desk', '/desk/market', '/desk/acme/tools', '/home/ada', '/home/ada/market', '/srv/market', '/'];
const context = { cwd: '/desk', homeDir: '/home/ada', isFolder: (path: string): boolean => FOLDERS.includes(path) };

function read(text: string, more: Partial<TypedSource> = {}): MarketplaceSource {
  return parseMarketplaceSource({ text, ref: null, sparse: [], ...more }, context);
}

function failure(act: () => unknown): Record<string, unknown> {
  try {
    act();
  } catch (error) {
    if (error instanceof AppError)
      return { code: error.code, message: error.message, hint: error.hint, where: error.where };
    throw error;
  }
  throw new Error('it did not fail');
}

const local = (path: string): MarketplaceSource => ({ kind: 'local', path });
const git = (url: string, ref: string | null = null, sparse: readonly string[] = []): MarketplaceSource => ({
  kind: 'git',
  url,
  ref,
  sparse,
});

describe('a source that a user types', () => {
  test.each<[string, MarketplaceSource]>([
    ['./market', local('/desk/market')],
    ['./acme/tools', local('/desk/acme/tools')],
    ['.', local('/desk')],
    ['..', local('/')],
    ['../srv/market', local('/srv/market')],
    ['/srv/market', local('/srv/market')],
    ['/srv/market/', local('/srv/market')],
    ['~', local('/home/ada')],
    ['~/market', local('/home/ada/market')],
    ['market', local('/desk/market')],
    ['market/', local('/desk/market')],
    ['acme/tools', git('https://github.com/acme/tools.git')],
    ['acme/tools.git', git('https://github.com/acme/tools.git')],
    ['acme/tools@main', git('https://github.com/acme/tools.git', 'main')],
    ['acme/tools@release/2026', git('https://github.com/acme/tools.git', 'release/2026')],
    ['acme/tools#main', git('https://github.com/acme/tools.git', 'main')],
    ['acme/.github', git('https://github.com/acme/.github.git')],
    ['https://github.com/acme/tools', git('https://github.com/acme/tools')],
    ['https://git.example:8443/a/b/c.git', git('https://git.example:8443/a/b/c.git')],
    ['https://git.example/a.git#v1', git('https://git.example/a.git', 'v1')],
    ['https://git.example/@acme/tools', git('https://git.example/@acme/tools')],
    ['ssh://git@git.example/a.git', git('ssh://git@git.example/a.git')],
    ['git@github.com:acme/tools.git', git('git@github.com:acme/tools.git')],
    ['git@github.com:acme/tools.git#v1', git('git@github.com:acme/tools.git', 'v1')],
    ['http://127.0.0.1:3000/a.git', git('http://127.0.0.1:3000/a.git')],
  ])('%s', (text, want) => expect(read(text)).toEqual(want));

  test('options add to it', () => {
    const sparse = ['plugins/a', '.agents'];
    expect(read('acme/tools', { ref: 'main', sparse })).toEqual(
      git('https://github.com/acme/tools.git', 'main', sparse),
    );
    expect(read('acme/tools@main', { ref: 'main' })).toEqual(git('https://github.com/acme/tools.git', 'main'));
  });

  test('owner/repo is GitHub wherever the command is run', () => {
    expect(FOLDERS).toContain('/desk/acme/tools');
    expect(read('acme/tools')).toEqual(git('https://github.com/acme/tools.git'));
  });
});

const FORMAT = 'invalid marketplace source format; expected owner/repo, a git URL, or a local marketplace path';

describe('a source that cannot be used', () => {
  const scheme = `${FORMAT}: the address is none that is fetched from: it must be an https or ssh address`;
  const user = `${FORMAT}: the address holds a user name or password; git asks its credential helper for them`;
  test.each<[string, string]>([
    ['', FORMAT],
    ['nowhere', FORMAT],
    ['a/b/c', FORMAT],
    ['acme/', FORMAT],
    ['-acme/tools', FORMAT],
    ['--upload-pack=/bin/x', FORMAT],
    ['acme/../nowhere', FORMAT],
    ['acme/.git', FORMAT],
    ['acme tools/x', FORMAT],
    ['a\0b', FORMAT],
    ['https://host/a\0b', FORMAT],
    ['~ada/market', FORMAT],
    ['file:///srv/market', scheme],
    ['ext::sh', scheme],
    ['ext::sh -c whoami', `${FORMAT}: the address holds a blank, a control character or \`\\\``],
    ['git://github.com/acme/tools', scheme],
    ['npm:@acme/tools', scheme],
    ['github:acme/tools', scheme],
    ['http://github.com/acme/tools', `${FORMAT}: the address must use https: http is not safe from changes on the way`],
    ['https://ada:geheim@git.example/a.git', user],
    ['https://git.example/a.git?x=1', `${FORMAT}: the address has a \`?\` or \`#\``],
    ['git@-oProxyCommand=x:a', `${FORMAT}: the address has no valid host`],
    ['acme/tools@', 'the ref is empty'],
    ['acme/tools@--upload-pack=x', 'the ref starts with `-`'],
    ['acme/tools#a b', 'the ref is not one that git allows'],
    ['./nowhere', 'failed to resolve local marketplace source path: there is no such folder'],
    ['/nowhere', 'failed to resolve local marketplace source path: there is no such folder'],
    ['~/nowhere', 'failed to resolve local marketplace source path: there is no such folder'],
  ])('%j', (text, message) => expect(failure(() => read(text))).toMatchObject({ code: 'MARKETPLACE_SOURCE', message }));

  test('a password in an address is not repeated', () => {
    expect(JSON.stringify(failure(() => read('https://ada:geheim@git.example/a.git')))).not.toContain('geheim');
  });

  test('without a home folder `~` is nothing', () => {
    const typed = { text: '~/market', ref: null, sparse: [] };
    expect(failure(() => parseMarketplaceSource(typed, { ...context, homeDir: null }))).toMatchObject({
      message: `${FORMAT}: nothing says which folder \`~\` is`,
    });
  });

  test.each<{ name: string; text: string; more: Partial<TypedSource>; message: string }>([
    {
      name: 'a ref for a folder',
      text: './market',
      more: { ref: 'main' },
      message: '`--ref` is for git sources, and this is a folder',
    },
    {
      name: 'sparse folders for a folder',
      text: 'market',
      more: { sparse: ['a'] },
      message: '`--sparse` is for git sources, and this is a folder',
    },
    {
      name: 'two refs',
      text: 'acme/tools@main',
      more: { ref: 'dev' },
      message: 'the source names one ref and `--ref` another',
    },
    { name: 'an option as a ref', text: 'acme/tools', more: { ref: '-x' }, message: 'the ref starts with `-`' },
    {
      name: 'a sparse folder outside',
      text: 'acme/tools',
      more: { sparse: ['a', '../b'] },
      message: 'a path of `--sparse` cannot be used: it leads out of the repository',
    },
  ])('$name', ({ text, more, message }) => expect(failure(() => read(text, more))).toMatchObject({ message }));
});

test.each([
  { source: local('/srv/market'), manifest: null, table: { source_type: 'local', source: '/srv/market' } },
  {
    source: local('/srv/market'),
    manifest: 'a/marketplace.json',
    table: { source_type: 'local', source: '/srv/market', manifest: 'a/marketplace.json' },
  },
  {
    source: git('https://github.com/acme/tools.git'),
    manifest: null,
    table: { source_type: 'git', source: 'https://github.com/acme/tools.git' },
  },
  {
    source: git('git@github.com:acme/tools.git', 'main', ['a', 'b']),
    manifest: null,
    table: { source_type: 'git', source: 'git@github.com:acme/tools.git', ref: 'main', sparse_paths: ['a', 'b'] },
  },
])('the settings of $source and back', ({ source, manifest, table }) => {
  expect(settingsTable(source, manifest)).toEqual(table);
  const settings: MarketplaceSettings = {
    name: 'acme',
    origin: { layer: 'user', file: '/c', line: 1, column: 1 },
    sourceType: source.kind,
    source: table.source,
    ref: 'ref' in table && table.ref !== undefined ? table.ref : null,
    sparsePaths: 'sparse_paths' in table && table.sparse_paths !== undefined ? table.sparse_paths : [],
    manifest,
  };
  expect(sourceFromSettings(settings)).toEqual(source);
});

test('a source in JSON and for requirements', () => {
  const main = git('https://github.com/acme/tools.git', 'main', ['a']);
  expect(sourceJson(main)).toEqual({ sourceType: 'git', source: 'https://github.com/acme/tools.git' });
  expect(sourceJson(local('/srv/market'))).toEqual({ sourceType: 'local', source: '/srv/market' });
  expect(sourceIdentity(main)).toEqual({ sourceType: 'git', source: 'https://github.com/acme/tools.git', ref: 'main' });
  expect(sourceIdentity(local('/srv/market'))).toEqual({ sourceType: 'local', source: '/srv/market', ref: null });
});

test('requirements refuse a source in words of Codex', () => {
  const rules = [{ file: '/etc/plugboard/requirements.toml', marketplaces: { restrict: true, allowed: [] } }];
  expect(marketplaceRefusal(local('/srv/market'), [])).toBeNull();
  const refusal = marketplaceRefusal(local('/srv/market'), rules);
  expect({ code: refusal?.code, message: refusal?.message }).toEqual({
    code: 'MARKETPLACE_NOT_ALLOWED',
    message: 'marketplace source `/srv/market` is not allowed by requirements from /etc/plugboard/requirements.toml',
  });
});

test.each([
  ['acme/tools', 'https://github.com/acme/tools.git'],
  ['acme/tools.git', 'https://github.com/acme/tools.git'],
  ['acme_corp/tools', 'https://github.com/acme_corp/tools.git'],
  ['acme', null],
  ['acme/a/b', null],
  ['../tools', null],
  ['acme/..', null],
  ['acme/a b', null],
  ['acme/a?x', null],
  ['acme/a\n', null],
])('owner/repo on GitHub: %j', (text, want) => expect(githubUrl(text)).toBe(want));
