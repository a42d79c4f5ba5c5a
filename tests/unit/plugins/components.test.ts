import { symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../src/kernel/index.ts';
import { writeFiles } from '../../support/marketplace-folder.ts';
import { brief, entryOf, type Files, useBundles } from './read-bundle.ts';

const bundles = useBundles();

type Family = 'codex' | 'claude' | 'cursor';
const withManifest = (manifest: JsonObject, files: Files = {}, family: Family = 'codex'): Files => ({
  [`.${family}-plugin/plugin.json`]: { name: 'p', ...manifest },
  ...files,
});

describe('skills, commands and agents', () => {
  const parts = {
    'skills/b/SKILL.md': 's',
    'skills/a/SKILL.md': 's',
    'skills/none/README.md': 'x',
    'skills/SKILL.txt': 'x',
    'more/c/SKILL.md': 's',
    'commands/do.md': 'c',
    'commands/git/push.md': 'c',
    'commands/notes.txt': 'x',
    'agents/helper.md': 'a',
    'extra/x.md': 'c',
  };
  const names = ({
    skills,
    commands,
    agents,
  }: Record<'skills' | 'commands' | 'agents', readonly { readonly path: string }[]>): unknown =>
    [skills, commands, agents].map((some) => some.map(({ path }) => path));

  test.each<{ name: string; family?: Family; manifest: JsonObject; want: unknown; issues?: readonly string[] }>([
    {
      name: 'where they usually are',
      manifest: {},
      want: [
        ['skills/a/SKILL.md', 'skills/b/SKILL.md'],
        ['commands/do.md', 'commands/git/push.md'],
        ['agents/helper.md'],
      ],
    },
    {
      name: 'where the manifest says',
      manifest: { skills: './more/', commands: './extra' },
      want: [['more/c/SKILL.md'], ['extra/x.md'], ['agents/helper.md']],
    },
    {
      name: 'several paths',
      manifest: { skills: ['./more', './skills/a'], agents: ['./extra/x.md'] },
      want: [['more/c/SKILL.md', 'skills/a/SKILL.md'], ['commands/do.md', 'commands/git/push.md'], ['extra/x.md']],
    },
    {
      name: "skills of Claude's manifest are added, commands replace",
      family: 'claude',
      manifest: { skills: './more', commands: ['./extra'] },
      want: [['more/c/SKILL.md', 'skills/a/SKILL.md', 'skills/b/SKILL.md'], ['extra/x.md'], ['agents/helper.md']],
    },
    {
      name: 'commands with a source under each name',
      family: 'claude',
      manifest: { commands: { about: { source: './extra/x.md' }, inline: { content: 'c' } } },
      want: [['skills/a/SKILL.md', 'skills/b/SKILL.md'], ['extra/x.md'], ['agents/helper.md']],
    },
    {
      name: 'paths that cannot be used',
      manifest: { skills: '../x', commands: ['./gone', 'extra', 5], agents: '/abs' },
      want: [[], [], []],
      issues: [
        'error PLUGIN_PATH_ESCAPES skills@3:13',
        'warning PLUGIN_PATH_MISSING commands.0@5:5',
        'warning PLUGIN_WRONG_TYPE commands.1@6:5',
        'warning PLUGIN_WRONG_TYPE commands.2@7:5',
        'error PLUGIN_PATH_ESCAPES agents@9:13',
      ],
    },
  ])('$name', ({ family, manifest, want, issues = [] }) => {
    const read = bundles.parse(withManifest(manifest, parts, family));
    expect([names(read.sure()), brief(read.issues)]).toEqual([want, issues]);
  });

  test('they are called after their folder or file', () => {
    const { skills, commands } = bundles.parse(withManifest({}, parts)).sure();
    expect([skills[0], commands[1]]).toEqual([
      { name: 'a', path: 'skills/a/SKILL.md' },
      { name: 'push', path: 'commands/git/push.md' },
    ]);
  });

  test('a link out of the plugin is not followed', () => {
    const root = bundles.folder();
    writeFiles(`${root}/../elsewhere`, { 'a/SKILL.md': 's', 'x.md': 'c' });
    writeFiles(root, withManifest({ agents: './out' }));
    symlinkSync('../elsewhere', `${root}/skills`);
    symlinkSync('../elsewhere', `${root}/out`);
    const { sure, issues } = bundles.parseFolder(root);
    expect([sure().skills, sure().agents, brief(issues)]).toEqual([[], [], ['error PLUGIN_PATH_ESCAPES agents@3:13']]);
  });

  test('links that lead round in circles end, and that something was left out is said', () => {
    const root = bundles.folder();
    writeFiles(root, withManifest({}, { 'commands/real.md': 'c' }));
    for (let index = 0; index < 40; index += 1) symlinkSync('.', `${root}/commands/l${index}`);
    const { issues } = bundles.parseFolder(root);
    expect([brief(issues), issues[0]?.message]).toEqual([
      ['warning PLUGIN_TOO_LARGE commands@1:1'],
      'commands has more than 5000 files and folders to look through; what comes after these is left out',
    ]);
  });

  test.each(['skills', 'commands', 'agents', 'hooks', 'mcpServers'])(
    'of very many paths of %s the first count',
    (key) => {
      const paths = Array.from({ length: 3000 }, () => './.claude-plugin/plugin.json');
      const { issues } = bundles.parse(withManifest({ [key]: paths }, {}, 'claude'));
      expect(issues.filter(({ code }) => code === 'PLUGIN_TOO_LARGE').map(({ message }) => message)).toEqual([
        expect.stringMatching(/has 3000 entries; those after the first (?:64|500) are left out$/),
      ]);
    },
  );

  test('a path that names nothing is said', () => {
    const { issues } = bundles.parse(withManifest({ skills: './nope' }));
    expect(issues.map(({ message }) => message)).toEqual(['skills names nothing in the plugin: there is no ./nope']);
  });

  test('without a manifest the marketplace may say where they are', () => {
    const entry = entryOf('p', { components: { skills: './more' } });
    expect(bundles.parse(parts, { entry }).sure().skills).toEqual([{ name: 'c', path: 'more/c/SKILL.md' }]);
  });
});

describe('hooks are listed with what they run', () => {
  const hook = (command: string, more: JsonObject = {}): JsonObject => ({
    hooks: [{ type: 'command', command }],
    ...more,
  });
  test.each<{
    name: string;
    family?: Family;
    manifest?: JsonObject;
    files?: Files;
    want: readonly string[];
    issues?: readonly string[];
  }>([
    {
      name: 'a file where it usually is',
      files: {
        'hooks/hooks.json': { description: 'd', hooks: { Stop: [hook('./a')] } },
        'hooks.json': { Stop: [hook('./b')] },
      },
      want: ['hooks/hooks.json Stop: ./a'],
    },
    {
      name: 'at the top',
      files: { 'hooks.json': { hooks: { PreToolUse: [hook('true', { matcher: 'Bash' })] } } },
      want: ['hooks.json PreToolUse (Bash): true'],
    },
    {
      name: 'inline',
      manifest: { hooks: { Stop: [hook('./a'), hook('./b')] } },
      want: ['.codex-plugin/plugin.json Stop: ./a', '.codex-plugin/plugin.json Stop: ./b'],
    },
    {
      name: 'a path in place of the usual file',
      manifest: { hooks: './h.json' },
      files: { 'h.json': { Stop: [hook('./h')] }, 'hooks/hooks.json': { Stop: [hook('./a')] } },
      want: ['h.json Stop: ./h'],
    },
    {
      name: "in Claude's format both",
      family: 'claude',
      manifest: { hooks: ['./h.json', './hooks/hooks.json'] },
      files: { 'h.json': { Stop: [hook('./h')] }, 'hooks/hooks.json': { Stop: [hook('./a')] } },
      want: ['h.json Stop: ./h', 'hooks/hooks.json Stop: ./a'],
    },
    {
      name: 'of Cursor, without a second list',
      family: 'cursor',
      files: { 'hooks/hooks.json': { version: 1, hooks: { afterFileEdit: [{ command: './f.sh' }] } } },
      want: ['hooks/hooks.json afterFileEdit: ./f.sh'],
    },
    {
      name: 'of other kinds',
      files: {
        'hooks.json': {
          Stop: [
            {
              hooks: [
                { type: 'prompt', prompt: 'Is it done?' },
                { type: 'http', url: 'https://h/' },
                { type: 'command', command: 'node', args: ['x', 'y'] },
              ],
            },
          ],
        },
      },
      want: ['hooks.json Stop: prompt: Is it done?', 'hooks.json Stop: http: https://h/', 'hooks.json Stop: node x y'],
    },
    { name: 'none', want: [] },
    {
      name: 'a file that is missing',
      manifest: { hooks: './gone.json' },
      want: [],
      issues: ['warning PLUGIN_PATH_MISSING hooks@3:12'],
    },
    {
      name: 'a path that leads out',
      manifest: { hooks: '../h.json' },
      want: [],
      issues: ['error PLUGIN_PATH_ESCAPES hooks@3:12'],
    },
    {
      name: 'wrong kinds everywhere',
      manifest: { hooks: { A: 5, B: ['x', { hooks: [1] }, { hooks: [{}] }, hook('./ok')] } },
      want: ['.codex-plugin/plugin.json B: ./ok'],
      issues: [
        'warning PLUGIN_WRONG_TYPE hooks.A@4:10',
        'warning PLUGIN_WRONG_TYPE hooks.B.0@6:7',
        'warning PLUGIN_WRONG_TYPE hooks.B.1@9:11',
        'warning PLUGIN_WRONG_TYPE hooks.B.2@14:11',
      ],
    },
    {
      name: 'a file that is no object',
      files: { 'hooks.json': [1] },
      want: [],
      issues: ['warning PLUGIN_WRONG_TYPE hooks@1:1'],
    },
  ])('$name', ({ family, manifest = {}, files, want, issues = [] }) => {
    const read = bundles.parse(withManifest(manifest, files, family));
    const listed = read
      .sure()
      .hooks.map(
        ({ event, matcher, command, file }) => `${file} ${event}${matcher === null ? '' : ` (${matcher})`}: ${command}`,
      );
    expect([listed, brief(read.issues)]).toEqual([want, issues]);
  });
});

describe('apps are listed by the ids of their connectors', () => {
  test.each<{
    name: string;
    manifest?: JsonObject;
    files?: Files;
    want: readonly string[];
    issues?: readonly string[];
  }>([
    {
      name: 'in the usual file',
      files: { '.app.json': { apps: { x: { id: 'connector_1' }, y: { id: 'a' }, z: { id: 'a' } } } },
      want: ['connector_1', 'a'],
    },
    {
      name: 'in a file that is named',
      manifest: { apps: './a.json' },
      files: { 'a.json': { x: { id: 'b' } } },
      want: ['b'],
    },
    { name: 'inline', manifest: { apps: { x: { id: 'c' } } }, want: ['c'] },
    {
      name: 'a file that is missing',
      manifest: { apps: './a.json' },
      want: [],
      issues: ['warning PLUGIN_PATH_MISSING apps@3:11'],
    },
    {
      name: 'wrong kinds',
      files: { '.app.json': { apps: { x: 5, y: { id: 6 }, z: { id: 'ok' } } } },
      want: ['ok'],
      issues: ['warning PLUGIN_WRONG_TYPE apps.x@3:10', 'warning PLUGIN_WRONG_TYPE apps.y@4:10'],
    },
    { name: 'no object', files: { '.app.json': '"x"' }, want: [], issues: ['warning PLUGIN_WRONG_TYPE apps@1:1'] },
    { name: 'no JSON', files: { '.app.json': '{' }, want: [], issues: ['error PLUGIN_NOT_JSON@1:2'] },
  ])('$name', ({ manifest = {}, files, want, issues = [] }) => {
    const read = bundles.parse(withManifest(manifest, files));
    expect([read.sure().apps, brief(read.issues)]).toEqual([want, issues]);
  });
});

describe('a bundle of Agent Plugins brings skills and servers, and nothing else', () => {
  test('the rest is for other formats', () => {
    const { sure, issues } = bundles.parse({
      'plugin.json': { $schema: 'https://agent-plugins.org/schemas/1.0.0/plugin.schema.json', name: 'p' },
      'skills/a/SKILL.md': 's',
      'hooks/hooks.json': { Stop: [] },
      '.app.json': { apps: { x: { id: 'c' } } },
    });
    expect([sure().skills.length, sure().hooks, sure().apps, issues]).toEqual([1, [], [], []]);
  });
});

test('a file that cannot be read costs its part and nothing more', () => {
  const root = bundles.folder();
  writeFiles(root, withManifest({ mcpServers: { a: { command: 'c' } } }, { 'skills/a/SKILL.md': 's' }));
  writeFileSync(`${root}/hooks.json`, Buffer.from([0x7b, 0xff, 0x7d]));
  writeFileSync(`${root}/.app.json`, `"${'x'.repeat(1024 * 1024)}"`);
  const { sure, issues } = bundles.parseFolder(root);
  const parts: readonly JsonValue[] = [sure().servers.length, sure().skills.length];
  expect([parts, issues.map(({ code, message, file }) => [code, message, file])]).toEqual([
    [1, 1],
    [
      ['PLUGIN_UNREADABLE', 'the file cannot be read: it is not UTF-8 text', 'ROOT/hooks.json'],
      ['PLUGIN_UNREADABLE', 'the file cannot be read: it is larger than 1 MiB', 'ROOT/.app.json'],
    ],
  ]);
});
