import { describe, expect, test } from 'vitest';
import { renderChanges, renderConsent, renderInvalid, sourceText } from '../../../src/cli/render-consent.ts';
import type { ConsentServer, PluginSource } from '../../../src/marketplace/index.ts';
import { factsWith } from './sample-facts.ts';

const ESC = '\u001b';
const ASKED = { requestsAccepted: false, invalid: [] };

describe('what a person is asked to agree to', () => {
  test('names all that a plugin does, in lines that line up', () => {
    const facts = factsWith(
      {
        command: ['npx', '-y', 'tools@latest', 'a b', "it's"],
        unpinned: 'npx -y tools@latest',
        envNames: ['A_TOKEN', 'HOME'],
        setsEnv: ['MODE'],
        settings: ['region'],
        authModel: 'service_token',
        dataClasses: ['customer data'],
        enabledTools: ['read', 'write'],
        disabledTools: ['delete'],
        requests: ['to run every tool without your approval'],
      },
      {
        settings: [
          { key: 'region', sensitive: false, required: false },
          { key: 'token', sensitive: true, required: true },
        ],
        hooks: ['PostToolUse [Write] ./hook.sh (hook.sh sha256 abc)'],
        skills: ['greet'],
        commands: ['deploy'],
        agents: ['reviewer'],
        apps: ['calendar'],
      },
    );
    expect(renderConsent(facts, ASKED)).toBe(`tools@acme 1.0.0
  marketplace  https://git.example/m.git (git)
  source       /m/tools
  revision     abc
  policy       installation AVAILABLE, authentication ON_INSTALL

It brings 1 MCP server:
  tools (stdio, local)
    runs           npx -y tools@latest 'a b' 'it'\\''s'
    unpinned       npx -y tools@latest: what runs is decided when it starts
    reads          A_TOKEN, HOME
    sets           MODE
    settings       region (optional)
    sign-in        a service token
    data           customer data
    tools          read, write
    without tools  delete
    asks           to run every tool without your approval (not granted unless you accept it)

  more settings  token (required, secret)
  hook           PostToolUse [Write] ./hook.sh (hook.sh sha256 abc) (not run by Plugboard)
  skills         greet
  commands       deploy
  agents         reviewer
  apps           calendar (not connected by Plugboard)`);
    expect(renderConsent(facts, { ...ASKED, withoutSettings: true })).not.toMatch(/settings|token \(/);
  });

  test('says what a server runs, where, and whom it contacts, as long as the user sets nothing', () => {
    const settings = [
      { key: 'cmd', sensitive: false, required: false, default: '"npx"' },
      { key: 'pkg', sensitive: false, required: false, default: '"tools@1.0.0 --x"' },
      { key: 'dir', sensitive: false, required: false, default: '"/etc"' },
      { key: 'Host', sensitive: false, required: true, default: '"127.0.0.1:18081"' },
      { key: 'path', sensitive: false, required: true, default: null },
    ];
    const runs = { command: ['${user_config.cmd}', '-y', '${user_config.pkg}'], cwd: '${user_config.dir}' };
    const shown = renderConsent(factsWith(runs, { settings }), ASKED);
    expect(shown).toContain(`
    runs     \${user_config.cmd} -y \${user_config.pkg} (defaults: cmd = npx, pkg = "tools@1.0.0 --x")
    runs in  \${user_config.dir} (default /etc)`);
    expect(shown).toContain('dir (optional, default /etc)');
    const url = 'https://${user_config.Host}/${user_config.path}';
    const web: Partial<ConsentServer> = {
      ...{ transport: 'http', command: null, url, host: '${user_config.host}:443', runs: 'remote' },
    };
    expect(renderConsent(factsWith(web, { settings }), ASKED)).toContain(`
    contacts  \${user_config.host}:443 (default 127.0.0.1:18081)
    address   ${url} (default 127.0.0.1:18081)`);
  });

  test('names where a remote server is, and what makes its headers', () => {
    const web: Partial<ConsentServer> = {
      ...{ name: 'web', transport: 'http', command: null, url: 'https://w.example/mcp', host: 'w.example:443' },
      ...{ runs: 'remote', headers: ['Authorization'], headersHelper: 'get-token --now', authModel: 'user_oauth' },
    };
    expect(renderConsent(factsWith(web, { revision: null }), ASKED)).toContain(`
  revision     none: a folder, read as it is
  policy       installation AVAILABLE, authentication ON_INSTALL

It brings 1 MCP server:
  web (http, remote)
    contacts       w.example:443
    address        https://w.example/mcp
    headers from   get-token --now
    sends headers  Authorization
    sign-in        you sign in (OAuth)`);
  });

  test('says so when there are no servers, and when a server offers no tools', () => {
    expect(renderConsent(factsWith({}, { servers: [] }), ASKED)).toContain('\nIt brings no MCP servers.');
    expect(renderConsent(factsWith({ enabledTools: [] }), ASKED)).toMatch(/^ {4}tools {4}none$/m);
  });

  test('says what is granted, and which servers will not start', () => {
    const facts = factsWith({ requests: ['to be required'] });
    const text = renderConsent(facts, { requestsAccepted: true, invalid: ['tools'] });
    expect(text.slice(text.indexOf('It brings'))).toBe(`It brings 1 MCP server:
  tools (stdio, local): INVALID, it will not start
    would run  node ./main.mjs
    sign-in    none
    asks       to be required (granted)`);
    expect([renderInvalid(facts, { invalid: ['tools'] }), renderInvalid(facts, ASKED)]).toEqual([
      '  server tools: INVALID, it will not start',
      '',
    ]);
  });

  test('cannot be forged by what it shows', () => {
    const hostile = factsWith(
      { name: `x${ESC}[2K`, command: [`a\n  tools  none`], dataClasses: ['b\r\nc'] },
      { hooks: ['h\n\nInstall? yes'], version: '1\u009b2J' },
    );
    const text = renderConsent(hostile, ASKED);
    expect(text).not.toContain(ESC);
    expect(text).not.toContain('\u009b');
    expect(text.split('\n').filter((line) => /^ {2,4}(?:tools|none|c|Install\?)/.test(line))).toEqual([]);
  });
});

test.each<{ source: PluginSource; want: string }>([
  { source: { source: 'local', path: '/m/p' }, want: '/m/p' },
  { source: { source: 'git', url: 'https://g/x.git', ref: 'main' }, want: 'https://g/x.git, ref `main`' },
  {
    source: { source: 'git-subdir', url: 'https://g/x.git', path: 'a', sha: 'abc' },
    want: 'https://g/x.git, path `a`, sha `abc`',
  },
  { source: { source: 'npm', package: '@a/p', version: '^1' }, want: 'npm package @a/p, version `^1`' },
  { source: { source: 'npm', package: 'p', registry: 'https://r/' }, want: 'npm package p, registry `https://r/`' },
])('a source of $source.source as text', ({ source, want }) => expect(sourceText(source)).toBe(want));

test('differences have a sign for what happened, and a mark for what is more', () => {
  expect(
    renderChanges([
      { kind: 'added', subject: 'server web', text: 'contacts https://w.example', widens: true },
      { kind: 'removed', subject: 'skill', text: 'greet', widens: false },
      { kind: 'changed', subject: 'version', text: `2 (before: 1)${ESC}`, widens: false },
    ]),
  ).toBe(`  ! + new: server web: contacts https://w.example
    - removed: skill: greet
    ~ changed: version: 2 (before: 1)\\x1b`);
});
