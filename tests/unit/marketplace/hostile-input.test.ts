import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseGitUrl } from '../../../src/config/git-url.ts';
import { AppError } from '../../../src/kernel/index.ts';
import { diffConsent } from '../../../src/marketplace/consent-diff.ts';
import { unpinnedLauncher } from '../../../src/marketplace/launchers.ts';
import { parseReceipt } from '../../../src/marketplace/receipt.ts';
import { parseMarketplaceSource } from '../../../src/marketplace/source.ts';
import type { ConsentFacts, Marketplace } from '../../../src/marketplace/types.ts';
import { parse } from './read-manifest.ts';
import { NO_FACTS, NO_SERVER } from './sample-plugin.ts';

const runs = { numRuns: 2000, seed: 20_261_120 };

/** Texts that one of the readers behind us might take for something else. */
const texts = fc.oneof(
  fc.constantFrom(
    ...[
      '',
      '.',
      '..',
      './',
      '../',
      '/',
      '//',
      '~',
      '-',
      '--',
      '@',
      '#',
      ':',
      '\0',
      '\n',
      '\\',
      '%2e%2e',
      'C:',
      '__proto__',
    ],
    ...[
      './plugins/a',
      './a/../../b',
      'a/b',
      'a@b',
      'a',
      'A',
      'constructor',
      'main',
      'HEAD',
      '^1.0.0',
      'https://a.example/b',
    ],
    ...[
      'git@a.example:b',
      'ssh://a.example/b',
      'ext::sh',
      'file:///a',
      'http://127.0.0.1/a',
      'https://u:p@a.example/b',
    ],
    ...[
      'local',
      'url',
      'git-subdir',
      'github',
      'npm',
      'AVAILABLE',
      'npx',
      'sh',
      '-c',
      'env',
      'docker',
      'run',
      'uv',
      '|',
    ],
  ),
  fc.string({ maxLength: 12, unit: 'binary' }),
);
const mixed = fc.array(texts, { maxLength: 4 }).map((parts) => parts.join(''));
const values = fc.oneof(mixed, fc.jsonValue({ maxDepth: 2 }));
const object = (...keys: readonly string[]) =>
  fc.dictionary(fc.oneof(fc.constantFrom(...keys), texts), values, { maxKeys: 6, noNullPrototype: true });
const sources = fc.oneof(
  mixed,
  object('source', 'path', 'url', 'ref', 'sha', 'repo', 'package', 'version', 'registry'),
);
const entries = fc.oneof(
  values,
  fc.record(
    {
      name: fc.oneof(fc.constantFrom('a', 'b', 'c'), values),
      source: sources,
      policy: fc.oneof(values, object('installation', 'authentication')),
      version: values,
      mcpServers: values,
    },
    { requiredKeys: [] },
  ),
);
const manifests = fc.record(
  {
    name: fc.oneof(fc.constant('acme'), values),
    plugins: fc.oneof(fc.array(entries), values),
    metadata: object('pluginRoot'),
  },
  { requiredKeys: [] },
);

/** The marketplace, or null for a manifest that cannot be used. Everything else that is thrown is thrown on. */
function readOrNull(text: string): Marketplace | null {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof AppError && error.code === 'MARKETPLACE_INVALID') return null;
    throw error;
  }
}

function expectSafe(marketplace: Marketplace): void {
  for (const { name, source } of marketplace.entries) {
    expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]*$/);
    if (source.source === 'local') expect(`${source.path}/`.startsWith('/srv/market/')).toBe(true);
    if (source.source === 'git' || source.source === 'git-subdir') {
      expect(parseGitUrl(source.url).kind).toBe('git');
      expect(source.ref ?? 'x').not.toMatch(/^-|[\s\0]/);
    }
    if (source.source === 'git-subdir') expect(source.path).not.toMatch(/^[-/]|(?:^|\/)\.\.(?:\/|$)/);
    if (source.source === 'npm') expect(`${source.package}@${source.version ?? ''}`).not.toMatch(/^[-.]|:|@-|\n/);
  }
}

describe('manifests', () => {
  test('of any kind give safe entries, and an issue for every other item', () => {
    fc.assert(
      fc.property(manifests, (manifest) => {
        const marketplace = readOrNull(JSON.stringify(manifest));
        if (marketplace === null) return;
        expectSafe(marketplace);
        const errors = marketplace.issues.filter(({ severity }) => severity === 'error');
        const left = new Set(errors.map(({ key }) => key?.split('.')[1]));
        expect(marketplace.entries.length + left.size).toBe((manifest.plugins as readonly unknown[]).length);
        expect(new Set(marketplace.entries.map(({ name }) => name)).size).toBe(marketplace.entries.length);
      }),
      runs,
    );
  });

  test('with anything cut out of them or put into them', () => {
    const good = JSON.stringify({
      name: 'acme',
      plugins: [
        { name: 'a', source: './a' },
        {
          name: 'b',
          source: { source: 'git-subdir', url: 'https://a.example/b', path: 'c', ref: 'd', sha: '0123456' },
        },
      ],
    });
    const places = fc.tuple(fc.nat(good.length), fc.nat(20), texts);
    fc.assert(
      fc.property(places, ([at, length, put]) => {
        const marketplace = readOrNull(good.slice(0, at) + put + good.slice(at + length));
        if (marketplace !== null) expectSafe(marketplace);
      }),
      runs,
    );
  });
});

test('texts for a source are a source or one kind of error', () => {
  fc.assert(
    fc.property(mixed, fc.option(mixed), fc.array(mixed, { maxLength: 2 }), (text, ref, sparse) => {
      try {
        const context = { cwd: '/work', homeDir: '/home/ada', isFolder: () => false };
        const source = parseMarketplaceSource({ text, ref, sparse }, context);
        expect(source.kind === 'git' && parseGitUrl(source.url).kind).toBe('git');
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        expect(error.code).toBe('MARKETPLACE_SOURCE');
      }
    }),
    runs,
  );
});

test('commands of any kind are pinned or not', () => {
  fc.assert(
    fc.property(fc.array(mixed, { maxLength: 8 }), (command) => {
      expect(['string', 'object']).toContain(typeof unpinnedLauncher(command));
    }),
    runs,
  );
});

test('receipts of any kind are receipts or damaged', () => {
  const any = fc.oneof(
    fc.json(),
    fc.string(),
    object('schemaVersion', 'name', 'files', 'consent').map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(any, (text) => {
      expect(parseReceipt(text, '/r/0001.json')).toMatchObject({ kind: 'damaged', issue: { file: '/r/0001.json' } });
    }),
    runs,
  );
});

test('whatever is new in the facts widens, and nothing is ever said to differ from itself', () => {
  const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor'), { maxLength: 4 });
  const server = fc.record({
    name: fc.constantFrom('x', 'y'),
    envNames: names,
    headers: names,
    settings: names,
    requests: names,
  });
  const facts = fc
    .record({
      hooks: names,
      skills: names,
      apps: names,
      servers: fc.uniqueArray(server, { maxLength: 2, selector: ({ name }) => name }),
    })
    .map(
      (parts): ConsentFacts => ({
        ...NO_FACTS,
        ...parts,
        servers: parts.servers.map((own) => ({ ...NO_SERVER, ...own })),
      }),
    );
  /** Everything by name that a user agreed to. */
  const agreed = ({ hooks, skills, apps, servers }: ConsentFacts): readonly string[] => [
    ...[
      ...hooks.map((name) => `hook ${name}`),
      ...skills.map((name) => `skill ${name}`),
      ...apps.map((name) => `app ${name}`),
    ],
    ...servers.flatMap((own) => [
      own.name,
      ...(['envNames', 'headers', 'settings', 'requests'] as const).flatMap((key) =>
        own[key].map((name) => `${own.name} ${key} ${name}`),
      ),
    ]),
  ];
  fc.assert(
    fc.property(facts, facts, (before, after) => {
      const known = new Set(agreed(before));
      const isMore = agreed(after).some((name) => !known.has(name));
      expect(diffConsent(before, after).some(({ widens }) => widens)).toBe(isMore);
      expect(diffConsent(before, before)).toEqual([]);
    }),
    runs,
  );
});
