import { describe, expect, test } from 'vitest';
import { diffConsent } from '../../../src/marketplace/consent-diff.ts';
import type { ConsentFacts, ConsentServer } from '../../../src/marketplace/types.ts';
import { NO_FACTS, NO_SERVER } from './sample-plugin.ts';

const DIGEST = 'ab'.repeat(32);
const OTHER = 'cd'.repeat(32);

/** `! kind subject: text` for what widens, without `!` for what does not. */
function lines(before: ConsentFacts, after: ConsentFacts): readonly string[] {
  return diffConsent(before, after).map(
    ({ kind, subject, text, widens }) => `${widens ? '! ' : ''}${kind} ${subject}: ${text}`,
  );
}

test('the same facts have no difference', () => {
  const facts = { ...NO_FACTS, servers: [NO_SERVER], hooks: ['x'], skills: ['y'] };
  expect(lines(facts, structuredClone(facts))).toEqual([]);
});

describe('a server that changed', () => {
  const remote: Partial<ConsentServer> = {
    ...{ transport: 'http', command: null, url: 'https://a.example/mcp', host: 'a.example:443', runs: 'remote' },
  };
  const at = (url: string, host: string): Partial<ConsentServer> => ({ ...remote, url, host });
  test.each<{ name: string; before: Partial<ConsentServer>; after: Partial<ConsentServer>; want: readonly string[] }>([
    {
      name: 'another program',
      before: {},
      after: { command: ['deno', 'main.js'] },
      want: ['! changed server docs: runs deno main.js (before: runs node main.js)'],
    },
    {
      name: 'another argument',
      before: {},
      after: { command: ['node', 'main.js', '--all'] },
      want: ['! changed server docs: runs node main.js --all (before: runs node main.js)'],
    },
    {
      name: 'arguments cut in another place',
      before: { command: ['node', 'a b'] },
      after: { command: ['node', 'a', 'b'] },
      want: ["! changed server docs: runs node a b (before: runs node 'a b')"],
    },
    {
      name: 'an argument less, of which nobody knows what it held back',
      before: { command: ['node', 'main.js', '--read-only'] },
      after: {},
      want: ['! changed server docs: runs node main.js (before: runs node main.js --read-only)'],
    },
    {
      name: 'an address in the place of a program',
      before: {},
      after: remote,
      want: ['! changed server docs: contacts https://a.example/mcp (before: runs node main.js)'],
    },
    {
      name: 'another host',
      before: remote,
      after: at('https://b.example/mcp', 'b.example:443'),
      want: ['! changed server docs: contacts https://b.example/mcp (before: contacts https://a.example/mcp)'],
    },
    {
      name: 'another path on the same host',
      before: remote,
      after: at('https://a.example/evil', 'a.example:443'),
      want: ['! changed server docs: contacts https://a.example/evil (before: contacts https://a.example/mcp)'],
    },
    {
      name: 'something to run where there was nothing',
      before: { transport: null, command: null },
      after: {},
      want: ['! changed server docs: runs node main.js (before: runs nothing)'],
    },
    {
      name: 'a launcher that is not pinned any more',
      before: { command: ['npx', 'x@1.2.3'] },
      after: { command: ['npx', 'x'], unpinned: 'npx x' },
      want: [
        '! changed server docs: runs npx x (before: runs npx x@1.2.3)',
        '! changed server docs: what runs is decided when it starts: npx x (before: no)',
      ],
    },
    {
      name: 'another working folder, files, folders, sharing and a start that nobody asked for',
      before: { ...remote, files: ['ca_file ${PLUGIN_ROOT}/a.pem'], sharing: 'session', enabled: false },
      after: { ...remote, cwd: '${PLUGIN_DATA}', files: ['ca_file ${PLUGIN_ROOT}/b.pem'], roots: ['file:///srv'] },
      want: [
        '! changed server docs: runs in ${PLUGIN_DATA} (before: its own folder)',
        '! added server docs: reads the file ca_file ${PLUGIN_ROOT}/b.pem',
        'removed server docs: reads the file ca_file ${PLUGIN_ROOT}/a.pem',
        '! added server docs: is told of the folder file:///srv',
        '! changed server docs: shares connections: auto (before: session)',
        '! changed server docs: starts by itself (before: starts only once you enable it)',
      ],
    },
    {
      name: 'a program for headers',
      before: remote,
      after: { ...remote, headersHelper: 'x' },
      want: ['! changed server docs: gets headers from x (before: nothing)'],
    },
    {
      name: 'no program for headers',
      before: { ...remote, headersHelper: 'x' },
      after: remote,
      want: ['changed server docs: gets headers from nothing (before: x)'],
    },
    {
      name: 'names that came',
      before: {},
      after: {
        envNames: ['TOKEN'],
        setsEnv: ['NODE_OPTIONS'],
        headers: ['X-A'],
        settings: ['token'],
        dataClasses: ['mail'],
      },
      want: [
        '! added server docs: reads the variable TOKEN',
        '! added server docs: sets the variable NODE_OPTIONS',
        '! added server docs: sends the header X-A',
        '! added server docs: gets the setting token',
        '! added server docs: may return the data mail',
      ],
    },
    {
      name: 'names that went',
      before: { envNames: ['TOKEN'], setsEnv: ['A'], headers: ['X-A'], settings: ['token'], dataClasses: ['mail'] },
      after: {},
      want: [
        'removed server docs: reads the variable TOKEN',
        'removed server docs: sets the variable A',
        'removed server docs: sends the header X-A',
        'removed server docs: gets the setting token',
        'removed server docs: may return the data mail',
      ],
    },
    {
      name: 'another name in the place of one',
      before: { envNames: ['TOKEN'] },
      after: { envNames: ['TOKEN_2'] },
      want: ['! added server docs: reads the variable TOKEN_2', 'removed server docs: reads the variable TOKEN'],
    },
    {
      name: 'another value of a variable and of a header, and one that went',
      before: {
        setsEnv: ['GONE', 'NODE_OPTIONS', 'SAME'],
        headers: ['X-A'],
        valueDigests: ['GONE 1', 'NODE_OPTIONS 1', 'SAME 1', 'X-A 1'],
      },
      after: {
        setsEnv: ['NODE_OPTIONS', 'SAME'],
        headers: ['X-A'],
        valueDigests: ['NODE_OPTIONS 2', 'SAME 1', 'X-A 2'],
      },
      want: [
        'removed server docs: sets the variable GONE',
        '! changed server docs: sets NODE_OPTIONS to another value',
        '! changed server docs: sets X-A to another value',
      ],
    },
    {
      name: 'another way to sign in',
      before: { authModel: 'user_oauth' },
      after: { authModel: 'service_token' },
      want: ['! changed server docs: signs in by service_token (before: user_oauth)'],
    },
    {
      name: 'no signing in',
      before: { authModel: 'user_oauth' },
      after: {},
      want: ['changed server docs: signs in by none (before: user_oauth)'],
    },
    {
      name: 'more tools',
      before: { enabledTools: ['a'] },
      after: { enabledTools: ['a', 'b'] },
      want: ['! changed server docs: offers the tools a, b (before: a)'],
    },
    {
      name: 'all tools',
      before: { enabledTools: ['a'] },
      after: {},
      want: ['! changed server docs: offers the tools all (before: a)'],
    },
    {
      name: 'other tools',
      before: { enabledTools: ['a', 'b'] },
      after: { enabledTools: ['c'] },
      want: ['! changed server docs: offers the tools c (before: a, b)'],
    },
    {
      name: 'fewer tools',
      before: { enabledTools: ['a', 'b'] },
      after: { enabledTools: [] },
      want: ['changed server docs: offers the tools none (before: a, b)'],
    },
    {
      name: 'a list where there was none',
      before: {},
      after: { enabledTools: ['a'] },
      want: ['changed server docs: offers the tools a (before: all)'],
    },
    {
      name: 'hidden tools',
      before: { disabledTools: ['a'] },
      after: { disabledTools: ['b'] },
      want: ['! removed server docs: no longer hides the tool a', 'added server docs: hides the tool b'],
    },
    {
      name: 'requests',
      before: { requests: ['to be required'] },
      after: { requests: ['to run every tool without your approval'] },
      want: [
        '! added server docs: asks to run every tool without your approval',
        'removed server docs: asks to be required',
      ],
    },
  ])('$name', ({ before, after, want }) => {
    const facts = (server: Partial<ConsentServer>): ConsentFacts => ({
      ...NO_FACTS,
      servers: [{ ...NO_SERVER, ...server }],
    });
    expect(lines(facts(before), facts(after))).toEqual(want);
  });
});

test('all that an added server does is told', () => {
  const full: ConsentServer = {
    ...{ name: 'docs', transport: 'http', command: null, url: 'https://a.example/mcp', host: 'a.example:443' },
    ...{ runs: 'remote', unpinned: 'npx x', envNames: ['TOKEN'], setsEnv: ['NODE_OPTIONS'], headers: ['X-A'] },
    ...{ headersHelper: 'npx x', valueDigests: ['NODE_OPTIONS 1', 'X-A 1'], settings: ['token'] },
    ...{ authModel: 'service_token', dataClasses: ['mail'], enabledTools: ['a', 'b'], disabledTools: ['b'] },
    ...{ requests: ['to run every tool without your approval'], cwd: '${PLUGIN_DATA}', sharing: 'session' },
    ...{ files: ['ca_file ${PLUGIN_ROOT}/ca.pem'], roots: ['file:///srv'], enabled: false },
  };
  expect(lines(NO_FACTS, { ...NO_FACTS, servers: [full] })).toEqual([
    '! added server docs: contacts https://a.example/mcp',
    '! added server docs: runs in ${PLUGIN_DATA}',
    '! added server docs: what runs is decided when it starts: npx x',
    '! added server docs: gets headers from npx x',
    '! added server docs: reads the variable TOKEN',
    '! added server docs: sets the variable NODE_OPTIONS',
    '! added server docs: sends the header X-A',
    '! added server docs: reads the file ca_file ${PLUGIN_ROOT}/ca.pem',
    '! added server docs: is told of the folder file:///srv',
    'added server docs: shares connections: session',
    'added server docs: starts only once you enable it',
    '! added server docs: gets the setting token',
    '! added server docs: signs in by service_token',
    '! added server docs: may return the data mail',
    'added server docs: offers the tools a, b',
    'added server docs: hides the tool b',
    '! added server docs: asks to run every tool without your approval',
  ]);
});

const GIT_MARKET = { sourceType: 'git', source: 'https://git.example/m' } as const;
const git = (url: string, more: Readonly<Record<string, string>> = {}) => ({ source: 'git', url, ...more }) as const;

describe('a plugin that changed', () => {
  test.each<{ name: string; before: Partial<ConsentFacts>; after: Partial<ConsentFacts>; want: readonly string[] }>([
    {
      name: 'a server more',
      before: {},
      after: { servers: [NO_SERVER] },
      want: ['! added server docs: runs node main.js'],
    },
    {
      name: 'a server less',
      before: { servers: [NO_SERVER] },
      after: {},
      want: ['removed server docs: runs node main.js'],
    },
    {
      name: 'a server with another name',
      before: { servers: [NO_SERVER] },
      after: { servers: [{ ...NO_SERVER, name: 'constructor' }] },
      want: ['! added server constructor: runs node main.js', 'removed server docs: runs node main.js'],
    },
    {
      name: 'a release that does the same',
      before: {},
      after: { version: '1.1.0', revision: 'abc', installPolicy: 'INSTALLED_BY_DEFAULT', authPolicy: 'ON_USE' },
      want: [
        'changed version: 1.1.0 (before: 1.0.0)',
        'changed revision: abc (before: none)',
        'changed installation policy: INSTALLED_BY_DEFAULT (before: AVAILABLE)',
        'changed authentication policy: ON_USE (before: ON_INSTALL)',
      ],
    },
    {
      name: 'another marketplace',
      before: {},
      after: { marketplaceSource: { sourceType: 'git', source: 'https://git.example/m' } },
      want: ['! changed marketplace: https://git.example/m (before: /srv/market)'],
    },
    {
      name: 'another folder of the marketplace',
      before: {},
      after: { source: { source: 'local', path: '/srv/market/b' } },
      want: ['changed source: local /srv/market/b (before: local /srv/market/plugins/tools)'],
    },
    {
      name: 'another snapshot of a git marketplace',
      before: { marketplaceSource: GIT_MARKET, source: { source: 'local', path: '/m/aaaa/tools' }, revision: 'aaaa' },
      after: { marketplaceSource: GIT_MARKET, source: { source: 'local', path: '/m/bbbb/tools' }, revision: 'bbbb' },
      want: ['changed revision: bbbb (before: aaaa)'],
    },
    {
      name: 'a repository in the place of a folder',
      before: {},
      after: { source: git('https://git.example/a') },
      want: ['! changed source: git https://git.example/a (before: local /srv/market/plugins/tools)'],
    },
    {
      name: 'another repository',
      before: { source: git('https://git.example/a') },
      after: { source: git('https://git.example/b') },
      want: ['! changed source: git https://git.example/b (before: git https://git.example/a)'],
    },
    {
      name: 'another branch and folder of the repository',
      before: { source: git('https://git.example/a', { ref: 'main' }) },
      after: { source: { source: 'git-subdir', url: 'https://git.example/a', path: 'x', ref: 'v2' } },
      want: ['changed source: git-subdir https://git.example/a x v2 (before: git https://git.example/a main)'],
    },
    {
      name: 'another version of the package',
      before: { source: { source: 'npm', package: 'p', version: '1.0.0' } },
      after: { source: { source: 'npm', package: 'p', version: '1.1.0' } },
      want: ['changed source: npm p 1.1.0 (before: npm p 1.0.0)'],
    },
    {
      name: 'another registry',
      before: { source: { source: 'npm', package: 'p' } },
      after: { source: { source: 'npm', package: 'p', registry: 'https://r.example' } },
      want: ['! changed source: npm p https://r.example (before: npm p)'],
    },
    {
      name: 'settings',
      before: {
        settings: [
          { key: 'a', sensitive: true, required: true },
          { key: 'b', sensitive: false, required: false },
          { key: 'c', sensitive: true, required: false },
        ],
      },
      after: {
        settings: [
          { key: 'b', sensitive: true, required: false },
          { key: 'c', sensitive: false, required: false },
          { key: 'd', sensitive: true, required: true },
          { key: 'e', sensitive: false, required: false },
        ],
      },
      want: [
        'changed setting b: optional, secret (before: optional)',
        '! changed setting c: optional (before: optional, secret)',
        '! added setting d: required, secret',
        '! added setting e: optional',
        'removed setting a: required, secret',
      ],
    },
    {
      name: 'a setting that is required now, and one that is not any more',
      before: {
        settings: [
          { key: 'a', sensitive: false, required: false },
          { key: 'b', sensitive: false, required: true },
        ],
      },
      after: {
        settings: [
          { key: 'a', sensitive: false, required: true },
          { key: 'b', sensitive: false, required: false },
        ],
      },
      want: ['! changed setting a: required (before: optional)', 'changed setting b: optional (before: required)'],
    },
    {
      name: 'hooks',
      before: { hooks: ['Stop make', `Stop x.sh (x.sh sha256 ${DIGEST})`] },
      after: { hooks: ['Start make', `Stop x.sh (x.sh sha256 ${OTHER})`] },
      want: [
        '! added hook: Start make',
        `! changed hook: Stop x.sh (x.sh sha256 ${OTHER}): its script is another one`,
        'removed hook: Stop make',
      ],
    },
    {
      name: 'what an agent reads',
      before: { skills: ['a'], commands: ['a'], agents: ['a'], apps: ['a'] },
      after: { skills: ['a', 'b'], commands: ['b'], agents: ['a', 'c'], apps: [] },
      want: ['! added skill: b', '! added command: b', 'removed command: a', '! added agent: c', 'removed app: a'],
    },
  ])('$name', ({ before, after, want }) => {
    expect(lines({ ...NO_FACTS, ...before }, { ...NO_FACTS, ...after })).toEqual(want);
  });

  test('long lists take time in proportion', () => {
    const many = (mark: string): readonly string[] => Array.from({ length: 50_000 }, (_, index) => `${mark}${index}`);
    const before = { ...NO_FACTS, hooks: many('a'), skills: many('a') };
    expect(diffConsent(before, { ...NO_FACTS, hooks: many('b'), skills: many('b') })).toHaveLength(200_000);
  });
});
