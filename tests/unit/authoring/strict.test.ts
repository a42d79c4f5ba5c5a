import { expect, test } from 'vitest';
import { validatePlugin } from '../../../src/authoring/validate.ts';
import type { JsonValue } from '../../../src/kernel/index.ts';
import { openBundle } from '../../../src/plugins/node/index.ts';
import { type Files, useBundle } from '../plugins/use-bundle.ts';

const { path, write } = useBundle();

/** `severity file:line:column message`, of the rules of stores alone. */
function rules(files: Files, strict: boolean): readonly string[] {
  write(files);
  const { findings } = validatePlugin({ bundle: openBundle(path()), entry: null, dataDir: '/data', strict });
  return findings
    .filter(({ code }) => code === 'PLUGIN_STRICT')
    .map(({ severity, file, line, column, message }) =>
      [severity, [file?.replace(`${path()}/`, ''), line, column].filter(Boolean).join(':'), message].join(' '),
    );
}

const FACE = {
  displayName: 'P',
  shortDescription: 'Does p',
  longDescription: 'Does p, and does it well.',
  developerName: 'Ada',
  category: 'Productivity',
  capabilities: [],
  defaultPrompt: 'Do p',
};
const SOUND = {
  name: 'p',
  version: '1.2.0-beta.1+build.5',
  description: 'p',
  author: { name: 'Ada', url: 'https://example.com/ada' },
  homepage: 'https://example.com',
  license: 'MIT',
  keywords: ['p'],
  interface: FACE,
  user_config: { token: { type: 'string', sensitive: true } },
};

/** On one line, so that columns say which value is meant. */
function manifest(changes: { readonly [key: string]: JsonValue | undefined }): Files {
  return { '.codex-plugin/plugin.json': { ...SOUND, ...changes } };
}

test('a plugin that keeps every rule', () => {
  expect(rules(manifest({}), true)).toEqual([]);
});

test.each<{ name: string; changes: Parameters<typeof manifest>[0]; want: string }>([
  { name: 'no version', changes: { version: undefined }, want: 'version is missing' },
  {
    name: 'a version that is no release number',
    changes: { version: '1.2' },
    want: 'version is no release number such as 1.2.0',
  },
  {
    name: 'a version with a leading zero',
    changes: { version: '01.2.0' },
    want: 'version is no release number such as 1.2.0',
  },
  { name: 'no author', changes: { author: undefined }, want: 'author.name is missing' },
  { name: 'an author without a name', changes: { author: { name: ' ' } }, want: 'author.name is missing' },
  { name: 'an author that is a string', changes: { author: 'Ada' }, want: 'author.name is missing' },
  {
    name: 'an address without https',
    changes: { homepage: 'http://example.com' },
    want: 'homepage must be an address that starts with https://',
  },
  {
    name: 'an address that is an object',
    changes: { repository: { url: 'https://x' } },
    want: 'repository must be an address that starts with https://',
  },
  {
    name: 'an inner address',
    changes: { interface: { ...FACE, websiteURL: 'example.com' } },
    want: 'interface.websiteURL must be an address that starts with https://',
  },
  { name: 'a TODO', changes: { description: '[TODO: say what it does]' }, want: 'description still holds a TODO' },
  { name: 'hooks', changes: { hooks: {} }, want: 'hooks is a key that stores do not take' },
  {
    name: 'no interface',
    changes: { interface: undefined },
    want: 'interface is missing; it is what lists of plugins show',
  },
  {
    name: 'an empty category',
    changes: { interface: { ...FACE, category: '' } },
    want: 'interface.category is missing',
  },
  {
    name: 'no capabilities',
    changes: { interface: { ...FACE, capabilities: 'Read' } },
    want: 'interface.capabilities is missing',
  },
  {
    name: 'no prompt',
    changes: { interface: { ...FACE, defaultPrompt: [] } },
    want: 'interface.defaultPrompt is missing',
  },
  {
    name: 'a colour by name',
    changes: { interface: { ...FACE, brandColor: 'red' } },
    want: 'interface.brandColor must be a colour such as #1A2B3C',
  },
])('$name is an error with --strict, else a note', ({ changes, want }) => {
  const said = (strict: boolean): readonly string[] =>
    rules(manifest(changes), strict).map((line) => line.replace(/ \S+ /, ' '));
  expect(said(true)).toEqual([`error ${want}`]);
  expect(said(false)).toEqual([`note ${want}`]);
});

test('pictures must be files of the plugin; one that is not there is an error only with --strict', () => {
  const files = manifest({
    interface: {
      ...FACE,
      logo: './assets/logo.png',
      composerIcon: 'https://x/i.png',
      logoDark: '../l.png',
      screenshots: ['./assets/a.png', './assets/b.png'],
    },
  });
  write({ 'assets/logo.png': '', 'assets/b.png': '' });
  const said = (strict: boolean): readonly string[] => rules(files, strict).map((line) => line.replace(/ \S+ /, ' '));
  const want = [
    'interface.composerIcon names a file that is not there',
    'interface.logoDark must be a path in the plugin, such as ./assets/logo.png',
    'interface.screenshots.0 names a file that is not there',
  ];
  expect(said(true)).toEqual(want.map((message) => `error ${message}`));
  expect(said(false)).toEqual(want.map((message) => `warning ${message}`));
});

test('the file of servers holds mcpServers and nothing else', () => {
  const server = { command: 'node' };
  expect(rules({ ...manifest({}), '.mcp.json': { s: server } }, true)).toEqual([
    'error .mcp.json:1:1 mcpServers is missing: the servers of a plugin stand under this key',
  ]);
});

test.each<{ readonly files: Files; readonly says: string }>([
  {
    files: { ...manifest({}), '.mcp.json': { mcpServers: { s: { command: 'node' } }, other: { command: 'node' } } },
    says: 'other stands beside `mcpServers`, and is not read as a server',
  },
  { files: manifest({ colour: 1 }), says: 'colour is not known and has no effect' },
])('a key that is not known is one finding, and an error with --strict: $says', ({ files, says }) => {
  write(files);
  const found = (strict: boolean): readonly string[] => {
    const { findings } = validatePlugin({ bundle: openBundle(path()), entry: null, dataDir: '/data', strict });
    return findings.map(({ severity, message }) => `${severity} ${message}`);
  };
  expect([found(true), found(false)]).toEqual([[`error ${says}`], [`warning ${says}`]]);
});

test('places are those of what has to be corrected', () => {
  const text = ['{', '  "name": "p",', '  "version": "one",', '  "author": {}', '}'].join('\n');
  expect(rules({ '.claude-plugin/plugin.json': text }, true)).toEqual([
    'error .claude-plugin/plugin.json:3:14 version is no release number such as 1.2.0',
    'error .claude-plugin/plugin.json:4:13 author.name is missing',
  ]);
});

test('what Codex shows is asked of no other family', () => {
  write({
    'plugin.json': {
      $schema: 'https://agent-plugins.org/schemas/1.0.0/plugin.schema.json',
      name: 'p',
      version: '1.0.0',
      author: { name: 'Ada' },
    },
  });
  expect(rules({}, true)).toEqual([]);
});

test('a bundle without a manifest breaks a rule', () => {
  expect(rules({ '.mcp.json': { mcpServers: { s: { command: 'node' } } } }, true)).toEqual([
    `error ${path()} there is no manifest; only some clients install such a plugin`,
  ]);
});
