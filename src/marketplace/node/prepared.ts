import { sep } from 'node:path';
import { AppError, type Issue } from '../../kernel/index.ts';
import { capabilitySummary, type Plugin, parsePlugin } from '../../plugins/index.ts';
import { consentDigest, consentFacts } from '../consent.ts';
import type { Agreement, Evidence, OnProgress, Prepared } from '../store.ts';
import type { ConsentFacts, FiledReceipt, FileRecord, InstalledPlugin, Receipt } from '../types.ts';
import { changing } from './change-lock.ts';
import { writing } from './disk-errors.ts';
import { currentOf, verifyFiles } from './installed.ts';
import type { PluginPaths } from './plugin-paths.ts';
import type { PluginStoreOptions } from './ports.ts';
import { fileReceipt } from './receipts.ts';

export const NOT_INSTALLED = { code: 'PLUGIN_INSTALL_FAILED', text: 'the plugin could not be installed' } as const;

/** Where the files of a plugin came from, and what its marketplace says of it. */
export type Origin = Pick<
  Receipt,
  'marketplaceSource' | 'source' | 'revision' | 'installPolicy' | 'authPolicy' | 'entry'
>;

/** What a receipt, or anything else that says more, says of the origin. */
export function originOf({ marketplaceSource, source, revision, installPolicy, authPolicy, entry }: Origin): Origin {
  return { marketplaceSource, source, revision, installPolicy, authPolicy, entry };
}

/** The files of a plugin, and where they lie now. */
export type Bundle = {
  readonly paths: PluginPaths;
  readonly origin: Origin;
  /** Absolute folder. */
  readonly content: string;
  readonly files: readonly FileRecord[];
  readonly contentSha256: string;
};

export type Reading = {
  readonly plugin: Plugin;
  readonly issues: readonly Issue[];
  readonly version: string;
  readonly facts: ConsentFacts;
};

/** The version of a plugin that has none, as Codex calls its folder. */
const NO_VERSION = 'local';

/** The version that a bundle says it is. @throws AppError as {@link readBundle} */
export function versionOf(options: PluginStoreOptions, bundle: Bundle, shown: string): string {
  return readBundle(options, bundle, { root: shown, shown }).version;
}

/**
 * Parses the files of a plugin as if they were where they will be.
 *
 * @param at `root`: the folder they will be in. `shown`: what stands for it in errors.
 * @throws AppError `PLUGIN_MANIFEST_INVALID`, `PLUGIN_NAME_MISMATCH`
 */
export function readBundle(
  { openBundle }: PluginStoreOptions,
  { paths, origin, content, files }: Bundle,
  at: { readonly root: string; readonly shown: string },
): Reading {
  const { pluginId, name, data } = paths;
  const bundle = {
    ...openBundle(
      content,
      files.map(({ path }) => path),
    ),
    root: at.root,
  };
  const { plugin, issues } = parsePlugin({ bundle, entry: origin.entry, dataDir: data });
  if (plugin === null) throw invalid(pluginId, issues, at);
  if (plugin.name !== name) {
    const message = `plugin.json name \`${plugin.name}\` does not match marketplace plugin name \`${name}\``;
    throw new AppError('PLUGIN_NAME_MISMATCH', message, { where: at.shown });
  }
  const version = plugin.version ?? NO_VERSION;
  const hashes = new Map(files.map(({ path, sha256 }) => [path, sha256]));
  const { entry: _, ...rest } = origin;
  const facts = consentFacts({
    ...rest,
    pluginId,
    version,
    plugin,
    folders: { root: at.root, data },
    scriptDigest: (path) => hashes.get(path) ?? null,
  });
  return { plugin, issues, version, facts };
}

function invalid(
  pluginId: string,
  issues: readonly Issue[],
  { root, shown }: { readonly root: string; readonly shown: string },
): AppError {
  const first = issues.find(({ severity }) => severity === 'error') ?? issues[0];
  const place = [first?.file?.replace(root, () => shown), first?.line, first?.column].filter(
    (part) => part !== undefined,
  );
  return new AppError(
    'PLUGIN_MANIFEST_INVALID',
    `\`${pluginId}\` cannot be installed: ${first?.message ?? 'no plugin'}`,
    {
      where: place.length === 0 ? shown : place.join(':'),
      ...(first?.hint === undefined ? {} : { hint: first.hint }),
    },
  );
}

/** How files that were read become the installed ones. */
export type Installing = {
  readonly action: Prepared['action'];
  readonly before: InstalledPlugin | null;
  readonly onProgress: OnProgress;
  /** As it was read: see {@link readBundle}. */
  readonly readAt: { readonly root: string; readonly shown: string };
  /** Puts the files where they will be. Under the lock. */
  readonly place: () => Promise<{ readonly folder: string; readonly takeOut: () => Promise<void> }>;
  /** Removes what was made for it. Idempotent; never throws. */
  readonly end: () => Promise<void>;
};

/** What was fetched and read, ready to be agreed to. */
export async function toPrepared(
  options: PluginStoreOptions,
  bundle: Bundle & { readonly reading: Reading },
  installing: Installing,
): Promise<Prepared> {
  const { reading, paths } = bundle;
  const { action, before, readAt } = installing;
  let ended = false;
  return {
    action,
    pluginId: paths.pluginId,
    version: reading.version,
    plugin: reading.plugin,
    issues: movedIssues(reading.issues, readAt.root, readAt.shown),
    issuesIn: (root) => movedIssues(reading.issues, readAt.root, root),
    facts: reading.facts,
    before,
    unchanged: before !== null && (await isSame(before, bundle)),
    commit: async (agreement, evidence) => {
      if (ended) throw new Error('this was committed or discarded before');
      ended = true;
      try {
        return await changing(options, installing.onProgress, () =>
          writing(NOT_INSTALLED, () => install(options, { ...bundle, ...installing }, { agreement, evidence })),
        );
      } finally {
        await installing.end();
      }
    },
    discard: async () => {
      ended = true;
      await installing.end();
    },
  };
}

/** Issues in the files of another folder that has the same in it. */
function movedIssues(issues: readonly Issue[], from: string, to: string): readonly Issue[] {
  const isIn = (file: string): boolean => file === from || file.startsWith(`${from}${sep}`);
  return issues.map((issue) =>
    issue.file === undefined || !isIn(issue.file) ? issue : { ...issue, file: `${to}${issue.file.slice(from.length)}` },
  );
}

/** The same files under the same facts, and still as they were installed. */
async function isSame(before: InstalledPlugin, bundle: Bundle & { readonly reading: Reading }): Promise<boolean> {
  return hasTheSame(before, bundle) && (await verifyFiles(before)).kind === 'intact';
}

/** The same files under the same facts, as far as its receipt says it. */
function hasTheSame(
  { filed }: InstalledPlugin,
  { contentSha256, reading }: Bundle & { readonly reading: Reading },
): boolean {
  const { contentSha256: installed, consent } = filed.receipt;
  return installed === contentSha256 && consent !== null && digestOf(consent.facts) === digestOf(reading.facts);
}

/** Of what says something of the plugin itself: a commit that is about others leaves it as it is. */
function digestOf(facts: ConsentFacts): string {
  const { source, marketplaceSource } = facts;
  const inSnapshot = source.source === 'local' && marketplaceSource.sourceType === 'git';
  return consentDigest({ ...facts, revision: null, source: inSnapshot ? { source: 'local', path: '' } : source });
}

async function install(
  options: PluginStoreOptions,
  bundle: Bundle & Installing & { readonly reading: Reading },
  { agreement, evidence }: { readonly agreement: Agreement; readonly evidence: Evidence },
): Promise<FiledReceipt> {
  const { paths, before } = bundle;
  const now = currentOf(paths);
  const asShown = now?.filed.digest === before?.filed.digest || (now !== null && hasTheSame(now, bundle));
  if (!asShown) throw overtaken(paths.pluginId);
  const { folder, takeOut } = await bundle.place();
  try {
    const receipt = receiptOf(options, { ...bundle, folder, now }, { agreement, evidence });
    return await fileReceipt(paths, receipt);
  } catch (error) {
    await takeOut();
    throw error;
  }
}

/** What was shown, and agreed to, was held against what is no longer installed. */
function overtaken(pluginId: string): AppError {
  return new AppError('PLUGIN_BUSY', `\`${pluginId}\` was changed meanwhile; nothing was installed`, {
    hint: 'look again: run the command once more',
  });
}

function receiptOf(
  options: PluginStoreOptions,
  bundle: Bundle & {
    readonly action: Prepared['action'];
    readonly reading: Reading;
    readonly folder: string;
    readonly now: InstalledPlugin | null;
  },
  { agreement, evidence }: { readonly agreement: Agreement; readonly evidence: Evidence },
): Receipt {
  const { paths, origin, reading, now } = bundle;
  return {
    ...headOf(options, paths),
    action: bundle.action,
    outcome: 'done',
    version: reading.version,
    previousVersion: now?.version ?? null,
    installedPath: bundle.folder,
    ...origin,
    contentSha256: bundle.contentSha256,
    files: bundle.files,
    capabilitySummary: capabilitySummary(reading.plugin, paths.pluginId),
    consent: { digest: consentDigest(reading.facts), facts: reading.facts, ...agreement },
    ...evidence,
  };
}

/** What every receipt begins with. */
export function headOf(
  { now, account, version }: Pick<PluginStoreOptions, 'now' | 'account' | 'version'>,
  { pluginId, name, marketplaceName }: PluginPaths,
): Pick<Receipt, 'schemaVersion' | 'pluginId' | 'name' | 'marketplaceName' | 'at' | 'by' | 'plugboardVersion'> {
  const at = new Date(now()).toISOString();
  return { schemaVersion: 1, pluginId, name, marketplaceName, at, by: account, plugboardVersion: version };
}
