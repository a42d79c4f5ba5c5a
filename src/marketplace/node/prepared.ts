import { sep } from 'node:path';
import { AppError, type Issue } from '../../kernel/index.ts';
import { capabilitySummary } from '../../plugins/index.ts';
import { consentDigest } from '../consent.ts';
import type { Agreement, Evidence, OnProgress, Prepared } from '../store.ts';
import type { ConsentFacts, FiledReceipt, InstalledPlugin, Receipt } from '../types.ts';
import { agreedFacts } from './agreed-facts.ts';
import { changing } from './change-lock.ts';
import { writing } from './disk-errors.ts';
import { currentOf, verifyFiles } from './installed.ts';
import type { PluginPaths } from './plugin-paths.ts';
import type { PluginStoreOptions } from './ports.ts';
import { type Bundle, type Reading } from './read-bundle.ts';
import { fileReceipt } from './receipts.ts';

export const NOT_INSTALLED = { code: 'PLUGIN_INSTALL_FAILED', text: 'the plugin could not be installed' } as const;

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
  const agreed = before === null ? null : await agreedFacts(options, paths, before);
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
    agreed,
    unchanged: before !== null && (await isSame(before, agreed, bundle)),
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
async function isSame(
  before: InstalledPlugin,
  agreed: ConsentFacts | null,
  bundle: Bundle & { readonly reading: Reading },
): Promise<boolean> {
  return hasTheSame(before, agreed, bundle) && (await verifyFiles(before)).kind === 'intact';
}

/** The same files under the same facts, as far as its receipt says it. */
function hasTheSame(
  { filed }: InstalledPlugin,
  agreed: ConsentFacts | null,
  { contentSha256, reading }: Bundle & { readonly reading: Reading },
): boolean {
  const sameFiles = filed.receipt.contentSha256 === contentSha256;
  return sameFiles && agreed !== null && digestOf(agreed) === digestOf(reading.facts);
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
  const asShown =
    now?.filed.digest === before?.filed.digest ||
    (now !== null && hasTheSame(now, now.filed.receipt.consent?.facts ?? null, bundle));
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
