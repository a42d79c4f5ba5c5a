import { describe, expect, test } from 'vitest';
import { consentDigest } from '../../../src/marketplace/consent.ts';
import { contentDigest } from '../../../src/marketplace/integrity.ts';
import {
  installedFrom,
  newestDone,
  parseReceipt,
  receiptName,
  receiptNumber,
} from '../../../src/marketplace/receipt.ts';
import type { FiledReceipt, FileRecord, Receipt } from '../../../src/marketplace/types.ts';
import { DATA, NO_FACTS, NO_SERVER, ROOT } from './sample-plugin.ts';

const FILE = '/home/ada/.plugboard/plugins/receipts/tools@acme/0001.json';
const files: readonly FileRecord[] = [
  { path: '.codex-plugin/plugin.json', kind: 'file', sha256: 'ab'.repeat(32), executable: false, sizeBytes: 12 },
  { path: 'bin/x', kind: 'link', sha256: 'cd'.repeat(32), executable: false, sizeBytes: 0 },
];
const facts = {
  ...NO_FACTS,
  servers: [NO_SERVER, { ...NO_SERVER, name: 'other', enabledTools: ['a'] }],
  settings: [{ key: 'token', sensitive: true, required: false }],
  hooks: ['Stop make'],
};
const done: Receipt = {
  schemaVersion: 1,
  pluginId: 'tools@acme',
  name: 'tools',
  marketplaceName: 'acme',
  action: 'add',
  outcome: 'done',
  at: '2026-11-20T16:00:00.000Z',
  by: 'ada',
  plugboardVersion: '0.2.0',
  version: '1.0.0',
  previousVersion: null,
  installedPath: ROOT,
  marketplaceSource: { sourceType: 'local', source: '/srv/market' },
  source: { source: 'git-subdir', url: 'https://git.example/a', path: 'x', sha: 'abc' },
  revision: 'abc',
  contentSha256: contentDigest(files),
  files,
  installPolicy: 'AVAILABLE',
  authPolicy: 'ON_USE',
  entry: {
    ...{ name: 'tools', version: null, description: null, category: 'x', mcpServers: { a: {} } },
    ...{ components: { hooks: './h.json' }, file: '/srv/market/m.json' },
  },
  capabilitySummary: {
    ...{ config_name: 'tools@acme', display_name: 'tools', description: null, has_skills: false },
    ...{ mcp_server_names: ['docs'], app_connector_ids: [] },
  },
  consent: { digest: consentDigest(facts), facts, how: 'yes', requestsAccepted: false },
  selectedMarketplaces: ['acme'],
  upgradedRoots: [ROOT],
  errors: [],
};
const removed: Receipt = {
  ...done,
  ...{ action: 'remove', version: null, previousVersion: '1.0.0', installedPath: null, contentSha256: null },
  ...{ files: [], entry: null, capabilitySummary: null, consent: null },
};
const failed: Receipt = {
  ...removed,
  ...{ action: 'upgrade', outcome: 'failed' },
  errors: [{ code: 'PLUGIN_FETCH_FAILED', message: 'no', where: 'https://git.example/a' }],
};

const read = (value: unknown) => parseReceipt(JSON.stringify(value), FILE);

describe('a receipt that was written is read as it was', () => {
  test.each<[string, Receipt]>([
    ['installed', done],
    ['removed', removed],
    ['failed', failed],
    ['from npm', { ...done, source: { source: 'npm', package: 'p', version: '1', registry: 'https://r.example' } }],
    ['from a folder', { ...done, source: { source: 'local', path: '/srv/market/tools' } }],
    ['with file names that only some platforms know', withFiles('a\\b', 'c:d', '~', ' ', '__proto__')],
  ])('%s', (_name, receipt) => expect(read(receipt)).toEqual({ kind: 'receipt', receipt }));

  test('with what a newer version adds', () => {
    const more = { ...done, auditId: 7, files: files.map((file) => ({ ...file, owner: 'ada' })) };
    expect(read(more)).toEqual({ kind: 'receipt', receipt: more });
  });
});

function withFiles(...paths: readonly string[]): Receipt {
  const list = paths.map(
    (path): FileRecord => ({ path, kind: 'file', sha256: 'ab'.repeat(32), executable: false, sizeBytes: 1 }),
  );
  return { ...done, files: list, contentSha256: contentDigest(list) };
}

describe('a damaged receipt says what is wrong', () => {
  const { consent } = done;
  test.each<[value: unknown, key: string, why: string]>([
    [null, '', 'must be an object'],
    [[], '', 'must be an object'],
    [{}, 'schemaVersion', 'is missing'],
    [{ ...done, schemaVersion: 2 }, 'schemaVersion', 'is of a newer version of Plugboard'],
    [{ ...done, schemaVersion: '1' }, 'schemaVersion', 'must be one of 1'],
    [{ ...done, name: undefined }, 'name', 'is missing'],
    [
      { ...done, name: '../x' },
      'name',
      'may hold only letters, digits, `-`, `_` and `.`, and starts with a letter or digit',
    ],
    [{ ...done, marketplaceName: 7 }, 'marketplaceName', 'must be a string'],
    [{ ...done, pluginId: 'other@acme' }, 'pluginId', 'must be the name and the marketplace'],
    [
      { ...done, version: '..' },
      'version',
      'may hold only letters, digits, `-`, `_`, `.` and `+`, and starts with a letter or digit',
    ],
    [{ ...done, version: null }, 'version', 'is missing'],
    [{ ...done, installedPath: 'x' }, 'installedPath', 'must be an absolute path'],
    [{ ...done, installedPath: null }, 'installedPath', 'is missing'],
    [{ ...removed, installedPath: ROOT }, 'installedPath', 'must be null after a removal'],
    [{ ...done, action: 'install' }, 'action', 'must be one of "add", "upgrade", "rollback", "remove"'],
    [{ ...done, outcome: null }, 'outcome', 'must be one of "done", "failed"'],
    [{ ...done, at: 'yesterday' }, 'at', 'must be a time in UTC, in ISO 8601'],
    [{ ...done, source: 'x' }, 'source', 'must be a source of a plugin'],
    [{ ...done, source: { source: 'toString' } }, 'source', 'must be a source of a plugin'],
    [{ ...done, source: { source: 'git' } }, 'source.url', 'is missing'],
    [{ ...done, source: { source: 'git', url: 'x', ref: 1 } }, 'source.ref', 'must be a string'],
    [
      { ...done, marketplaceSource: { sourceType: 'zip', source: 'x' } },
      'marketplaceSource.sourceType',
      'must be one of "local", "git"',
    ],
    [{ ...done, contentSha256: 'abc' }, 'contentSha256', 'must be a SHA-256 in hexadecimal digits'],
    [{ ...done, contentSha256: 'ab'.repeat(32) }, 'contentSha256', 'is not that of the files'],
    [{ ...done, contentSha256: null }, 'contentSha256', 'is missing'],
    [{ ...done, files: files.slice(1) }, 'contentSha256', 'is not that of the files'],
    [{ ...done, files: {} }, 'files', 'must be an array'],
    [{ ...done, files: [files[0], { ...files[1], executable: 1 }] }, 'files.1.executable', 'must be true or false'],
    [{ ...done, files: [{ ...files[0], sizeBytes: -1 }] }, 'files.0.sizeBytes', 'must be a whole number, 0 or more'],
    ...['', '/x', '../x', 'a/../b', './a', 'a//b', 'a/', 'a\0b'].map((path): [unknown, string, string] => [
      withFiles(path),
      'files.0.path',
      'must be a path in the plugin',
    ]),
    [
      { ...done, installPolicy: 'x' },
      'installPolicy',
      'must be one of "AVAILABLE", "NOT_AVAILABLE", "INSTALLED_BY_DEFAULT"',
    ],
    [{ ...done, entry: { ...done.entry, components: [] } }, 'entry.components', 'must be an object'],
    [{ ...done, capabilitySummary: {} }, 'capabilitySummary.config_name', 'is missing'],
    [{ ...done, consent: null }, 'consent', 'is missing'],
    [
      { ...done, consent: { ...consent, how: 'no' } },
      'consent.how',
      'must be one of "asked", "yes", "no_terminal", "requirements", "unchanged"',
    ],
    [
      { ...done, consent: { ...consent, requestsAccepted: 'true' } },
      'consent.requestsAccepted',
      'must be true or false',
    ],
    [
      { ...done, consent: { ...consent, facts: { ...facts, hooks: ['x'] } } },
      'consent.digest',
      'is not that of the facts',
    ],
    [
      { ...done, consent: { ...consent, facts: { ...facts, servers: [{ ...NO_SERVER, command: 'node' }] } } },
      'consent.facts.servers.0.command',
      'must be an array',
    ],
    [{ ...done, errors: [{ code: 'X' }] }, 'errors.0.message', 'is missing'],
    [{ ...done, upgradedRoots: [7] }, 'upgradedRoots.0', 'must be a string'],
  ])('%#', (value, key, why) => {
    expect(read(value)).toEqual({
      kind: 'damaged',
      issue: {
        code: 'PLUGIN_RECEIPT_DAMAGED',
        severity: 'error',
        message: `a receipt cannot be read, so what it installed is not known: ${key === '' ? 'it' : key} ${why}`,
        file: FILE,
        ...(key === '' ? {} : { key }),
      },
    });
  });

  test.each([
    ['', 'it is not JSON'],
    ['{"schemaVersion":1', 'it is not JSON'],
    [JSON.stringify(done).slice(0, -1), 'it is not JSON'],
    [`{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'it is nested too deeply'],
  ])('%#: a text', (text, end) => {
    const parsed = parseReceipt(text, FILE);
    expect(parsed.kind === 'damaged' && parsed.issue.message.endsWith(end)).toBe(true);
  });

  test('keys of Object.prototype are no keys of a receipt', () => {
    const bare = Object.fromEntries(Object.entries(done).filter(([key]) => key !== 'name'));
    expect(parseReceipt(JSON.stringify(bare).replace('{', '{"__proto__":{"name":"tools"},'), FILE)).toMatchObject({
      issue: { key: 'name' },
    });
  });
});

describe('the newest receipt that is done is what is installed', () => {
  const filed = (receipt: Receipt, n: number): FiledReceipt => ({ receipt, file: receiptName(n), digest: 'ab' });
  const upgraded: Receipt = { ...done, action: 'upgrade', version: '1.1.0', installedPath: `${ROOT}/../1.1.0` };
  test.each<{ name: string; receipts: readonly Receipt[]; want: { newest: number | null; version: string | null } }>([
    { name: 'no receipt', receipts: [], want: { newest: null, version: null } },
    { name: 'one', receipts: [done], want: { newest: 0, version: '1.0.0' } },
    { name: 'an upgrade', receipts: [done, upgraded], want: { newest: 1, version: '1.1.0' } },
    { name: 'an upgrade that failed', receipts: [done, failed], want: { newest: 0, version: '1.0.0' } },
    {
      name: 'a rollback',
      receipts: [done, upgraded, { ...done, action: 'rollback' }],
      want: { newest: 2, version: '1.0.0' },
    },
    { name: 'a removal', receipts: [done, removed], want: { newest: 1, version: null } },
    { name: 'a failure after a removal', receipts: [done, removed, failed], want: { newest: 1, version: null } },
    { name: 'a failure alone', receipts: [failed], want: { newest: null, version: null } },
  ])('$name', ({ receipts, want }) => {
    const all = receipts.map(filed);
    expect({
      newest: newestDone(all)?.file ?? null,
      version: installedFrom(all, DATA)?.version ?? null,
    }).toEqual({ newest: want.newest === null ? null : receiptName(want.newest), version: want.version });
  });

  test('with its places', () => {
    const first = filed(done, 1);
    expect(installedFrom([first], DATA)).toEqual({
      ...{ pluginId: 'tools@acme', name: 'tools', marketplaceName: 'acme', version: '1.0.0' },
      ...{ root: ROOT, dataDir: DATA, filed: first },
    });
  });
});

test.each([
  ['0001.json', 1],
  ['0042.json', 42],
  ['9999.json', 9999],
  ['10000.json', 10_000],
  ['0000.json', null],
  ['1.json', null],
  ['00001.json', null],
  ['0001.json~', null],
  ['.0001.json', null],
  ['0001.JSON', null],
  ['-001.json', null],
  ['9999999999999999.json', null],
])('the file %s is receipt %j', (name, n) => {
  expect(receiptNumber(name)).toBe(n);
  if (n !== null) expect(receiptName(n)).toBe(name);
});
