import { expect, test } from 'vitest';
import { type FixedFile, planFixes } from '../../../src/authoring/validate-fix.ts';
import { parsePlugin } from '../../../src/plugins/index.ts';
import { openBundle } from '../../../src/plugins/node/index.ts';
import { type Files, useBundle } from '../plugins/use-bundle.ts';

const { path, write } = useBundle();

function fixes(files: Files): readonly FixedFile[] {
  write(files);
  const bundle = openBundle(path());
  const { plugin } = parsePlugin({ bundle, entry: null, dataDir: '/data' });
  return plugin === null ? [] : planFixes(bundle, plugin);
}

/** What is left of the files, by path, and what was said. */
function fixed(files: Files): { readonly texts: Readonly<Record<string, string>>; readonly said: readonly string[] } {
  const found = fixes(files);
  return {
    texts: Object.fromEntries(found.map((file) => [file.path, file.after])),
    said: found.flatMap((file) => file.fixes.map(({ line, message }) => `${file.path}:${line} ${message}`)),
  };
}

const MANIFEST = '.codex-plugin/plugin.json';

test('mcp_servers gets the spelling of JSON, and nothing else changes', () => {
  const before = '{\r\n\t"mcp_servers" : { "s": {"command":"node"} }\r\n}\r\n';
  expect(fixed({ [MANIFEST]: { name: 'p' }, '.mcp.json': before })).toEqual({
    texts: { '.mcp.json': before.replace('mcp_servers', 'mcpServers') },
    said: ['.mcp.json:2 `mcp_servers` is renamed to `mcpServers`'],
  });
});

test('in the manifest, too, at the top and inside', () => {
  expect(fixed({ [MANIFEST]: '{"name":"p","mcp_servers":{"s":{"command":"x"}}}' }).texts).toEqual({
    [MANIFEST]: '{"name":"p","mcpServers":{"s":{"command":"x"}}}',
  });
  expect(fixed({ [MANIFEST]: '{"name":"p","mcpServers":{"mcp_servers":{"s":{"command":"x"}}}}' }).texts).toEqual({
    [MANIFEST]: '{"name":"p","mcpServers":{"mcpServers":{"s":{"command":"x"}}}}',
  });
});

test('also where the manifest names a file under it', () => {
  const text = '{"name":"p","mcp_servers":"./.mcp.json"}';
  expect(fixed({ [MANIFEST]: text, '.mcp.json': { mcpServers: { s: { command: 'x' } } } }).texts).toEqual({
    [MANIFEST]: '{"name":"p","mcpServers":"./.mcp.json"}',
  });
});

test.each<{ name: string; files: Files }>([
  { name: 'a server that is called mcp_servers', files: { '.mcp.json': '{"mcp_servers":{"command":"node"}}' } },
  {
    name: 'both spellings in one file',
    files: { '.mcp.json': '{"mcpServers":{},"mcp_servers":{"s":{"command":"x"}}}' },
  },
  {
    name: 'mcp_servers among servers that would not be read any more',
    files: {
      '.mcp.json': '{"mcpServers":{"mcp_servers":{"x":{"command":"x"}},"good":{"command":"y"},"bad":{"command":1}}}',
    },
  },
  {
    name: 'the same in the manifest',
    files: { [MANIFEST]: '{"name":"p","mcpServers":{"mcp_servers":{"x":{"command":"x"}},"good":{"command":"y"}}}' },
  },
  {
    name: 'mcp_servers beside servers at the top',
    files: { '.mcp.json': '{"mcp_servers":{"x":{"command":"x"}},"good":{"command":"y"}}' },
  },
  { name: 'a key twice', files: { '.mcp.json': '{"mcp_servers":{"a":{"command":"x"},"a":{"command":"y"}}}' } },
  { name: 'no JSON', files: { '.mcp.json': '{"mcp_servers":{' } },
  { name: 'a path of a file that is not there', files: { [MANIFEST]: '{"name":"p","apps":"nothing.json"}' } },
  { name: 'a path that leads out', files: { [MANIFEST]: '{"name":"p","apps":"../x.json"}' } },
  { name: 'an address', files: { [MANIFEST]: '{"name":"p","interface":{"logo":"https://example.com/l.png"}}' } },
  { name: 'headers of a program', files: { '.mcp.json': '{"mcpServers":{"s":{"command":"x","headers":{}}}}' } },
  {
    name: 'headers beside http_headers',
    files: { '.mcp.json': '{"mcpServers":{"s":{"url":"https://x","headers":{},"http_headers":{}}}}' },
  },
])('$name is left to the maintainer', ({ files }) => {
  expect(fixed({ [MANIFEST]: { name: 'p' }, ...files })).toEqual({ texts: {}, said: [] });
});

test('paths of files that are there get their ./', () => {
  write({ 'own.json': '{}', 'skills/a/SKILL.md': '', 'assets/l.png': '', 'assets/s.png': '' });
  const before = JSON.stringify(
    {
      name: 'p',
      mcpServers: 'own.json',
      skills: ['skills', './more'],
      interface: { logo: 'assets/l.png', screenshots: ['assets/s.png'] },
    },
    null,
    4,
  );
  expect(fixed({ [MANIFEST]: before })).toEqual({
    texts: {
      [MANIFEST]: before
        .replace('"own.json"', '"./own.json"')
        .replace('"skills",', '"./skills",')
        .replaceAll('"assets/', '"./assets/'),
    },
    said: [
      `${MANIFEST}:3 \`./\` goes in front of the path in \`mcpServers\``,
      `${MANIFEST}:5 \`./\` goes in front of the path in \`skills\``,
      `${MANIFEST}:9 \`./\` goes in front of the path in \`interface.logo\``,
      `${MANIFEST}:11 \`./\` goes in front of the path in \`interface.screenshots\``,
    ],
  });
});

test('headers become http_headers where Codex reads them, and only there', () => {
  const servers = '{"mcpServers":{"s":{"url":"https://x","headers":{"A":"b"}}}}';
  expect(fixed({ [MANIFEST]: { name: 'p' }, '.mcp.json': servers }).texts).toEqual({
    '.mcp.json': servers.replace('headers', 'http_headers'),
  });
});

test('in a bundle of Claude headers stay', () => {
  const servers = '{"mcpServers":{"s":{"url":"https://x","headers":{"A":"b"}}}}';
  expect(fixed({ '.claude-plugin/plugin.json': { name: 'p' }, '.mcp.json': servers }).texts).toEqual({});
});

test('mcp.json gets the schema that the manifest names, in its own layout', () => {
  const manifest = { $schema: 'https://agent-plugins.org/schemas/1.0.0/plugin.schema.json', name: 'p' };
  const before = '\ufeff{\n\t"mcpServers": {\n\t\t"s": { "type": "stdio", "command": "x" }\n\t}\n}\n';
  expect(fixed({ 'plugin.json': manifest, 'mcp.json': before })).toEqual({
    texts: {
      'mcp.json': before.replace('{\n', '{\n\t"$schema": "https://agent-plugins.org/schemas/1.0.0/mcp.schema.json",\n'),
    },
    said: ['mcp.json:1 `$schema` is added'],
  });
});

test('what was fixed needs no second fix', () => {
  write({ 'own.json': { mcp_servers: { s: { url: 'https://x', headers: {} } } } });
  const [manifest] = fixes({ [MANIFEST]: { name: 'p', mcpServers: 'own.json' } });
  write({ [MANIFEST]: manifest?.after ?? '' });
  const [servers] = fixes({});
  expect(servers?.path).toBe('own.json');
  write({ 'own.json': servers?.after ?? '' });
  expect(fixes({})).toEqual([]);
});
