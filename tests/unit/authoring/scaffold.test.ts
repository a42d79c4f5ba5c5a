import { expect, test } from 'vitest';
import { planScaffold, type ScaffoldFamily } from '../../../src/authoring/scaffold.ts';
import { AppError } from '../../../src/kernel/index.ts';

function scaffold(name: string, family: ScaffoldFamily = 'codex') {
  return planScaffold({ name, family, author: 'Ada' });
}

function json(family: ScaffoldFamily, path: string): unknown {
  const file = scaffold('word-count', family).find((candidate) => candidate.path === path);
  return JSON.parse(file?.text ?? 'null');
}

test.each<{ family: ScaffoldFamily; want: readonly string[] }>([
  {
    family: 'codex',
    want: ['.agents/plugins/marketplace.json', 'plugins/x/.codex-plugin/plugin.json', 'plugins/x/.mcp.json'],
  },
  {
    family: 'claude',
    want: ['.claude-plugin/marketplace.json', 'plugins/x/.claude-plugin/plugin.json', 'plugins/x/.mcp.json'],
  },
  {
    family: 'agent-plugins',
    want: ['.agents/plugins/marketplace.json', 'plugins/x/plugin.json', 'plugins/x/mcp.json'],
  },
])('the files of a $family bundle', ({ family, want }) => {
  expect(scaffold('x', family).map(({ path }) => path)).toEqual([
    'README.md',
    ...want,
    'plugins/x/server/main.mjs',
    'plugins/x/test/server.test.mjs',
    'plugins/x/README.md',
  ]);
});

test('each family starts the same server in its own words', () => {
  expect(json('codex', 'plugins/word-count/.mcp.json')).toEqual({
    mcpServers: { 'word-count': { command: 'node', args: ['./server/main.mjs'], cwd: '.' } },
  });
  expect(json('claude', 'plugins/word-count/.mcp.json')).toEqual({
    mcpServers: { 'word-count': { command: 'node', args: ['${CLAUDE_PLUGIN_ROOT}/server/main.mjs'] } },
  });
  expect(json('agent-plugins', 'plugins/word-count/mcp.json')).toEqual({
    $schema: 'https://agent-plugins.org/schemas/1.0.0/mcp.schema.json',
    mcpServers: { 'word-count': { type: 'stdio', command: 'node', args: ['${PLUGIN_ROOT}/server/main.mjs'] } },
  });
});

test.each<{ family: ScaffoldFamily; declare: string; refer: string }>([
  { family: 'codex', declare: '`user_config` of `.codex-plugin/plugin.json`', refer: '`env` of `.mcp.json`' },
  { family: 'claude', declare: '`userConfig` of `.claude-plugin/plugin.json`', refer: '`env` of `.mcp.json`' },
  {
    family: 'agent-plugins',
    declare: '`extensions` → `dev.plugboard` → `user_config` of `plugin.json`',
    refer: '`extensions` → `dev.plugboard` → `env` of the server, with 1.1.0 for 1.0.0 in both `$schema`',
  },
])('the page of a $family plugin says how it would ask for a token', ({ family, declare, refer }) => {
  const page = scaffold('x', family).find(({ path }) => path === 'plugins/x/README.md')?.text ?? '';
  expect(page).toContain(`Declare it in ${declare}:`);
  expect(page).toContain(`hand it over in ${refer}:`);
  expect(page).toContain('{ "ACCESS_TOKEN": "${user_config.access_token}" }');
  expect(page).toContain('`plugboard plugin configure x`');
});

test('the marketplace names the plugin and its folder', () => {
  expect(json('codex', '.agents/plugins/marketplace.json')).toMatchObject({
    name: 'word-count-marketplace',
    plugins: [{ name: 'word-count', source: { source: 'local', path: './plugins/word-count' } }],
  });
  expect(json('claude', '.claude-plugin/marketplace.json')).toEqual({
    name: 'word-count-marketplace',
    owner: { name: 'Ada' },
    plugins: [
      {
        name: 'word-count',
        source: './plugins/word-count',
        description: 'Counts the words, lines and characters of a text.',
      },
    ],
  });
});

test.each([
  { name: 'Word Count', hint: 'for example: plugboard plugin new word-count' },
  { name: '-x-', hint: 'for example: plugboard plugin new x' },
  { name: 'a--b', hint: 'for example: plugboard plugin new a-b' },
  { name: '../x', hint: 'for example: plugboard plugin new x' },
  { name: 'x'.repeat(65), hint: `for example: plugboard plugin new ${'x'.repeat(64)}` },
  { name: '', hint: undefined },
  { name: 'ä', hint: undefined },
])('a plugin is not called "$name"', ({ name, hint }) => {
  let thrown: unknown;
  try {
    scaffold(name);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(AppError);
  expect(thrown).toMatchObject({ code: 'USAGE', ...(hint === undefined ? {} : { hint }) });
});
