import { isAbsolute } from 'node:path';
import { parsePluginId } from '../config/index.ts';
import { type Issue, isDeeperThan, isJsonObject } from '../kernel/index.ts';
import { folderNameProblem } from '../plugins/index.ts';
import { consentDigest } from './consent.ts';
import { contentDigest } from './integrity.ts';
import { pluginId } from './manifest.ts';
import type { FiledReceipt, InstalledPlugin, Receipt, RemovedPlugin } from './types.ts';

export type ParsedReceipt =
  | { readonly kind: 'receipt'; readonly receipt: Receipt }
  | { readonly kind: 'damaged'; readonly issue: Issue };

const DIGITS = 4;
/** As for the files of a plugin, of which a receipt holds parts. */
const MAX_DEPTH = 120;

/** Name of the n-th receipt of a plugin: `0001.json` for the first. */
export function receiptName(n: number): string {
  return `${String(n).padStart(DIGITS, '0')}.json`;
}

/** Which receipt a file is; null for other files. */
export function receiptNumber(name: string): number | null {
  const n = Number(/^(\d{4,15})\.json$/.exec(name)?.[1] ?? 0);
  return n > 0 && receiptName(n) === name ? n : null;
}

/**
 * The receipt that says what is installed: the newest that is done.
 *
 * @param receipts Oldest first.
 */
export function newestDone(receipts: readonly FiledReceipt[]): FiledReceipt | null {
  return receipts.findLast(({ receipt }) => receipt.outcome === 'done') ?? null;
}

/**
 * What is installed, by the receipts of one plugin; null when nothing is.
 *
 * @param receipts Oldest first.
 * @param dataDir Absolute folder of the plugin's data.
 */
export function installedFrom(receipts: readonly FiledReceipt[], dataDir: string): InstalledPlugin | null {
  const filed = newestDone(receipts);
  if (filed === null) return null;
  const { pluginId: id, name, marketplaceName, version, installedPath } = filed.receipt;
  if (version === null || installedPath === null) return null;
  return { pluginId: id, name, marketplaceName, version, root: installedPath, dataDir, filed };
}

/** Whether a receipt put the plugin into the cache, and so says which servers it has. */
export function installs({ receipt }: FiledReceipt): boolean {
  return receipt.outcome === 'done' && receipt.consent !== null;
}

/**
 * The plugin, where it was installed once and is not any more; null where it is installed.
 *
 * @param newest Of what was done.
 * @param last Gives the newest that {@link installs}; null when there is none that can be read.
 */
export function removedFrom(newest: FiledReceipt, last: () => FiledReceipt | null): RemovedPlugin | null {
  const { action, pluginId: id } = newest.receipt;
  if (action !== 'remove') return null;
  const servers = last()?.receipt.consent?.facts.servers ?? [];
  return { pluginId: id, servers: servers.map(({ name }) => name).toSorted() };
}

/**
 * Reads a receipt. It says which programs run, so every part of it is checked, and its two digests are made again: a
 * receipt that was edited is damaged. (Who can write receipts can write digests too; this finds accidents.)
 *
 * @param file Absolute, for the issue `PLUGIN_RECEIPT_DAMAGED`.
 */
export function parseReceipt(text: string, file: string): ParsedReceipt {
  const value = parsed(text);
  const problem = value === undefined ? { key: '', why: 'is not JSON' } : checkReceipt(value);
  // The checks have just proven the type.
  if (problem === null) return { kind: 'receipt', receipt: value as Receipt };
  const { key, why } = problem;
  const message = `a receipt cannot be read, so what it installed is not known: ${key === '' ? 'it' : key} ${why}`;
  return {
    kind: 'damaged',
    issue: { code: 'PLUGIN_RECEIPT_DAMAGED', severity: 'error', message, file, ...(key === '' ? {} : { key }) },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `why` completes "KEY …", and holds no value. */
type Problem = { readonly key: string; readonly why: string };
type Check = (value: unknown) => Problem | null;

const wrong = (why: string): Problem => ({ key: '', why });
const within = (key: string, problem: Problem | null): Problem | null =>
  problem === null ? null : { key: problem.key === '' ? key : `${key}.${problem.key}`, why: problem.why };

const text: Check = (value) => (typeof value === 'string' ? null : wrong('must be a string'));
const flag: Check = (value) => (typeof value === 'boolean' ? null : wrong('must be true or false'));
const size: Check = (value) =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? null : wrong('must be a whole number, 0 or more');
const digest: Check = (value) => matches(value, /^[0-9a-f]{64}$/, 'must be a SHA-256 in hexadecimal digits');
const time: Check = (value) =>
  matches(value, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/, 'must be a time in UTC, in ISO 8601');
const absolute: Check = (value) =>
  typeof value === 'string' && isAbsolute(value) ? null : wrong('must be an absolute path');
const inBundle: Check = (value) => {
  const parts = typeof value === 'string' && !value.includes('\0') ? value.split('/') : [''];
  return parts.some((part) => part === '' || part === '.' || part === '..')
    ? wrong('must be a path in the plugin')
    : null;
};
const folderName =
  (kind: 'name' | 'version'): Check =>
  (value) => {
    const why = typeof value === 'string' ? folderNameProblem(value, kind) : 'must be a string';
    return why === null ? null : wrong(why);
  };

function matches(value: unknown, pattern: RegExp, why: string): Problem | null {
  return typeof value === 'string' && pattern.test(value) ? null : wrong(why);
}

const oneOf =
  (...known: readonly unknown[]): Check =>
  (value) =>
    known.includes(value) ? null : wrong(`must be one of ${known.map((word) => JSON.stringify(word)).join(', ')}`);

const orNull =
  (check: Check): Check =>
  (value) =>
    value === null ? null : check(value);

const list =
  (check: Check): Check =>
  (value) => {
    if (!Array.isArray(value)) return wrong('must be an array');
    for (const [index, item] of value.entries()) {
      const problem = check(item);
      if (problem !== null) return within(String(index), problem);
    }
    return null;
  };

/** Keys that are not named may stand there too: a newer version may write more. */
const record =
  (checks: Readonly<Record<string, Check>>, optional: Readonly<Record<string, Check>> = {}): Check =>
  (value) => {
    if (!isJsonObject(value)) return wrong('must be an object');
    for (const [key, check] of Object.entries(checks)) {
      const problem = Object.hasOwn(value, key) ? check(value[key]) : wrong('is missing');
      if (problem !== null) return within(key, problem);
    }
    for (const [key, check] of Object.entries(optional)) {
      const problem = Object.hasOwn(value, key) ? check(value[key]) : null;
      if (problem !== null) return within(key, problem);
    }
    return null;
  };

/** {@link consentDefault} reads it. */
const shownDefault: Check = (value) =>
  typeof value === 'string' && (/^sha256 [0-9a-f]{64}$/.test(value) || parsed(value) !== undefined)
    ? null
    : wrong('must be JSON in a string');

const texts = list(text);
const GIT = { ref: text, sha: text };
const SOURCES: Readonly<Record<string, Check>> = {
  local: record({ path: absolute }),
  git: record({ url: text }, GIT),
  'git-subdir': record({ url: text, path: text }, GIT),
  npm: record({ package: text }, { version: text, registry: text }),
};
const source: Check = (value) => {
  const kind = isJsonObject(value) ? value['source'] : undefined;
  const check = typeof kind === 'string' && Object.hasOwn(SOURCES, kind) ? SOURCES[kind] : undefined;
  return check === undefined ? wrong('must be a source of a plugin') : check(value);
};
const marketplaceSource = record({ sourceType: oneOf('local', 'git'), source: text });
const installPolicy = oneOf('AVAILABLE', 'NOT_AVAILABLE', 'INSTALLED_BY_DEFAULT');
const authPolicy = oneOf('ON_INSTALL', 'ON_USE');

const server = record({
  ...{ name: text, transport: oneOf('stdio', 'http', null), command: orNull(texts), url: orNull(text) },
  ...{ cwd: orNull(text), roots: texts, sharing: oneOf('auto', 'session'), enabled: flag },
  ...{ host: orNull(text), runs: oneOf('local', 'remote'), unpinned: orNull(text), envNames: texts, setsEnv: texts },
  ...{ valueDigests: texts },
  ...{ headers: texts, headersHelper: orNull(text), files: texts, settings: texts, dataClasses: texts },
  authModel: oneOf('none', 'user_oauth', 'service_token', 'scoped_credential'),
  ...{ enabledTools: orNull(texts), disabledTools: texts, requests: texts },
});

const facts = record({
  ...{ pluginId: text, version: text, marketplaceSource, source, revision: orNull(text), installPolicy, authPolicy },
  servers: list(server),
  settings: list(record({ key: text, sensitive: flag, required: flag }, { default: orNull(shownDefault) })),
  ...{ hooks: texts, skills: texts, commands: texts, agents: texts, apps: texts },
});

const consent = record({
  ...{ digest, facts, requestsAccepted: flag },
  how: oneOf('asked', 'yes', 'no_terminal', 'requirements', 'unchanged'),
});

const receiptShape = record({
  schemaVersion: oneOf(1),
  ...{ pluginId: text, name: folderName('name'), marketplaceName: folderName('name') },
  action: oneOf('add', 'upgrade', 'rollback', 'remove'),
  outcome: oneOf('done', 'failed'),
  ...{ at: time, by: text, plugboardVersion: text },
  ...{ version: orNull(folderName('version')), previousVersion: orNull(folderName('version')) },
  ...{ installedPath: orNull(absolute), marketplaceSource, source, revision: orNull(text) },
  contentSha256: orNull(digest),
  files: list(
    record({ path: inBundle, kind: oneOf('file', 'link'), sha256: digest, executable: flag, sizeBytes: size }),
  ),
  ...{ installPolicy, authPolicy },
  entry: orNull(
    record({
      ...{ name: text, version: orNull(text), description: orNull(text), category: orNull(text) },
      ...{ components: record({}), file: text },
    }),
  ),
  capabilitySummary: orNull(
    record({
      ...{ config_name: text, display_name: text, description: orNull(text), has_skills: flag },
      ...{ mcp_server_names: texts, app_connector_ids: texts },
    }),
  ),
  consent: orNull(consent),
  ...{ selectedMarketplaces: texts, upgradedRoots: texts },
  errors: list(record({ code: text, message: text }, { where: text })),
});

function checkReceipt(value: unknown): Problem | null {
  if (isJsonObject(value) && typeof value['schemaVersion'] === 'number' && value['schemaVersion'] > 1) {
    return { key: 'schemaVersion', why: 'is of a newer version of Plugboard' };
  }
  if (isDeeperThan(value, MAX_DEPTH)) return wrong('is nested too deeply');
  return receiptShape(value) ?? checkWhole(value as Receipt);
}

/** What holds between the parts of a receipt whose parts are right one by one. */
function checkWhole(receipt: Receipt): Problem | null {
  const id = pluginId(receipt.name, receipt.marketplaceName);
  if (receipt.pluginId !== id || parsePluginId(id) === null) {
    return { key: 'pluginId', why: 'must be the name and the marketplace' };
  }
  const { consent: agreed, files, contentSha256 } = receipt;
  if (agreed !== null && consentDigest(agreed.facts) !== agreed.digest) {
    return { key: 'consent.digest', why: 'is not that of the facts' };
  }
  if (contentSha256 !== null && contentDigest(files) !== contentSha256) {
    return { key: 'contentSha256', why: 'is not that of the files' };
  }
  if (receipt.outcome === 'failed') return null;
  if (receipt.action === 'remove') {
    return receipt.installedPath === null ? null : { key: 'installedPath', why: 'must be null after a removal' };
  }
  const needed = ['version', 'installedPath', 'contentSha256', 'consent'] as const;
  const missing = needed.find((key) => receipt[key] === null);
  return missing === undefined ? null : { key: missing, why: 'is missing' };
}
