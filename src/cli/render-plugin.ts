import { type Issue, printable, printableLine, renderIssue } from '../kernel/index.ts';
import type { Consent, ListedState, MarketplaceListing, PluginListing, ReceiptAction } from '../marketplace/index.ts';
import type { PluginServerState } from './plugin-reports.ts';
import { renderConsent, sourceText } from './render-consent.ts';
import { CONSENT_HOW, serverLine } from './render-plugin-change.ts';
import { renderTable } from './render-table.ts';
import { renderMissing, renderSettingTable, settingProblems } from './settings/render-configure.ts';
import { missingSettings, type SettingState } from './settings/setting-states.ts';

/** `plugin list`: the names of Codex first, then ours. */
export type ListedPlugins = {
  readonly schemaVersion: 1;
  readonly installed: readonly PluginListing[];
  readonly available: readonly PluginListing[];
  readonly marketplaces: readonly MarketplaceListing[];
  readonly issues: readonly Issue[];
};

/** `plugin list` for people: a table for each marketplace, in the manner of Codex. */
export function renderPlugins({ installed, available, marketplaces }: ListedPlugins, columns?: number): string {
  const all = [...installed, ...available];
  const known = new Set(marketplaces.map(({ name }) => name));
  const elsewhere = all.filter(({ marketplaceName }) => !known.has(marketplaceName));
  const parts = [
    ...marketplaces.map((marketplace) => {
      const own = all.filter(({ marketplaceName }) => marketplaceName === marketplace.name);
      return [marketplaceTitle(marketplace), table(own, columns)];
    }),
    ...bySource(elsewhere).map((own) => [elsewhereTitle(own), table(own, columns)]),
  ];
  if (parts.length > 0) return parts.map(([title, body]) => `${title}\n\n${body}`).join('\n\n');
  return "No plugins yet. Try 'plugboard plugin marketplace add SOURCE'.";
}

function marketplaceTitle({ name, root, blockedBy }: MarketplaceListing): string {
  const blocked = blockedBy === null ? '' : `\nnot allowed by ${blockedBy}`;
  return printable(`Marketplace '${printableLine(name)}'\n${printableLine(root)}${blocked}`);
}

/** Plugins of marketplaces that do not count here: one list for each place they came from. */
function bySource(plugins: readonly PluginListing[]): readonly (readonly PluginListing[])[] {
  return Object.values(
    Object.groupBy(
      plugins,
      ({ marketplaceName, marketplaceSource }) => `${marketplaceName} ${marketplaceSource.source}`,
    ),
  ).flatMap((own) => (own === undefined ? [] : [own]));
}

function elsewhereTitle([first]: readonly PluginListing[]): string {
  const { marketplaceName = '', marketplaceSource } = first ?? {};
  return printable(
    `From marketplace '${printableLine(marketplaceName)}', which does not count here\n${printableLine(marketplaceSource?.source ?? '')}`,
  );
}

function table(plugins: readonly PluginListing[], columns?: number): string {
  if (plugins.length === 0) return 'It offers nothing that can be used.';
  const rows = plugins.map((plugin) => [
    plugin.pluginId,
    statusOf(plugin),
    plugin.installed ? (plugin.version ?? '') : '',
    sourceText(plugin.source),
  ]);
  return renderTable(['PLUGIN', 'STATUS', 'VERSION', 'SOURCE'], rows, columns);
}

function statusOf({ state, installPolicy }: PluginListing): string {
  if (state.kind === 'not_installed' && installPolicy === 'NOT_AVAILABLE') return 'not available';
  return stateText(state);
}

/** A few words; `plugin show` says where and why. */
function stateText(state: ListedState): string {
  switch (state.kind) {
    case 'not_installed':
      return 'not installed';
    case 'enabled':
      return 'installed';
    case 'disabled':
      return 'disabled';
    case 'missing':
      return 'files missing';
    case 'blocked':
      return `blocked (${state.reason})`;
    default:
      return state satisfies never;
  }
}

/** `plugin marketplace list`: the names of Codex first, then ours. */
export type ListedMarketplaces = {
  readonly schemaVersion: 1;
  readonly marketplaces: readonly MarketplaceListing[];
  readonly issues: readonly Issue[];
};

/** `plugin marketplace list` for people. */
export function renderMarketplaces({ marketplaces }: ListedMarketplaces, columns?: number): string {
  if (marketplaces.length === 0) return "No marketplaces yet. Try 'plugboard plugin marketplace add SOURCE'.";
  const rows = marketplaces.map(({ name, kind, root, pluginCount, revision, marketplaceSource, blockedBy }) => [
    name,
    kind,
    blockedBy === null ? (pluginCount === null ? 'unreadable' : String(pluginCount)) : 'not allowed',
    revision === null ? '-' : revision.slice(0, 12),
    root === marketplaceSource.source ? root : `${root} (${marketplaceSource.source})`,
  ]);
  return renderTable(['MARKETPLACE', 'KIND', 'PLUGINS', 'REVISION', 'ROOT'], rows, columns);
}

/** One receipt in `plugin show`. */
export type ShownReceipt = {
  readonly file: string;
  readonly digest: string;
  readonly action: ReceiptAction;
  readonly outcome: 'done' | 'failed';
  readonly at: string;
  readonly by: string;
  readonly version: string | null;
  readonly previousVersion: string | null;
  readonly revision: string | null;
  readonly contentSha256: string | null;
  readonly consentDigest: string | null;
  readonly errors: readonly { readonly code: string; readonly message: string; readonly where?: string }[];
};

/** `plugin show`. */
export type ShownPlugin = { readonly schemaVersion: 1 } & PluginListing & {
    /** Its settings as they are now; null of a plugin that is not installed, or cannot be read. */
    readonly settingStates: readonly SettingState[] | null;
    /** What was agreed to; of a plugin that is not installed, what would be asked. */
    readonly consent: (Pick<Consent, 'digest' | 'facts'> & Partial<Pick<Consent, 'how' | 'requestsAccepted'>>) | null;
    /** Its servers as they are now. */
    readonly servers: readonly PluginServerState[];
    /** Names of those whose entry has problems, so that they do not start. */
    readonly invalidServers: readonly string[];
    /** Oldest first. */
    readonly receipts: readonly ShownReceipt[];
    /** Versions that `plugin add --version` can go back to. */
    readonly cachedVersions: readonly string[];
    readonly issues: readonly Issue[];
  };

/** `plugin show` for people. */
export function renderPlugin(plugin: ShownPlugin, columns?: number): string {
  const { state, settingStates, consent, servers, invalidServers, receipts, cachedVersions, issues } = plugin;
  const blocks = [
    consent === null
      ? [`${plugin.pluginId} ${plugin.version ?? ''}`]
      : [
          renderConsent(consent.facts, {
            requestsAccepted: consent.requestsAccepted === true,
            invalid: invalidServers,
            withoutSettings: settingStates !== null,
          }),
        ],
    [`State: ${stateLine(state)}`, ...servers.map((server) => `  ${serverLine(server)}`), ...steps(plugin)],
    settingsLines(plugin, columns),
    policyLines(plugin),
    consentLines(plugin),
    receipts.length === 0 ? [] : ['Receipts:', ...receipts.map((receipt) => `  ${receiptLine(receipt)}`)],
    cachedVersions.length < 2 ? [] : [`Versions to go back to: ${cachedVersions.join(', ')}`],
    issues.length === 0 ? [] : ['Issues:', ...issues.map((issue) => `  ${renderIssue(issue)}`)],
  ];
  return printable(
    blocks
      .filter((block) => block.length > 0)
      .map((block) => block.join('\n'))
      .join('\n\n'),
  );
}

const BLOCKED: Readonly<Record<Extract<ListedState, { readonly kind: 'blocked' }>['reason'], string>> = {
  requirements: 'not allowed on this machine',
  tampered: 'a file was changed',
  consent: 'nobody has agreed to it here',
};

function stateLine(state: ListedState): string {
  switch (state.kind) {
    case 'not_installed':
    case 'enabled':
    case 'missing':
      return stateText(state);
    case 'disabled':
      return `disabled (${state.where})`;
    case 'blocked':
      return `blocked (${BLOCKED[state.reason]})${state.detail === null ? '' : `: ${state.detail}`}`;
    default:
      return state satisfies never;
  }
}

/** The settings that are missing are said with the settings. */
function steps({ pluginId, servers, settingStates }: ShownPlugin): readonly string[] {
  const said = missingSettings(settingStates ?? []).length > 0 ? `run: plugboard plugin configure ${pluginId}` : null;
  return servers.flatMap(({ name, nextStep }) =>
    nextStep === null || nextStep === said ? [] : [`  next, for ${name}: ${nextStep}`],
  );
}

function settingsLines({ pluginId, settingStates: states }: ShownPlugin, columns?: number): readonly string[] {
  if (states === null || states.length === 0) return [];
  const lines = [
    ...renderSettingTable(states, columns === undefined ? undefined : columns - 2).split('\n'),
    ...settingProblems(states),
    ...renderMissing(`plugboard plugin configure ${pluginId}`, missingSettings(states)),
  ];
  return ['Settings:', ...lines.map((line) => `  ${line}`)];
}

function policyLines({ policies }: ShownPlugin): readonly string[] {
  if (policies.length === 0) return [];
  return ['Your policies:', ...policies.map((policy) => `  ${policyText(policy)}`)];
}

function policyText({
  server,
  enabled,
  enabledTools,
  disabledTools,
  widen,
}: PluginListing['policies'][number]): string {
  const parts = [
    ...(enabled === null ? [] : [enabled ? 'enabled' : 'disabled']),
    ...(enabledTools === null
      ? []
      : [`tools ${enabledTools.join(', ') || 'none'}${widen ? ", also beyond the plugin's own list" : ''}`]),
    ...(disabledTools.length === 0 ? [] : [`without ${disabledTools.join(', ')}`]),
  ];
  return `server ${server}: ${parts.join('; ') || 'as the plugin says'}`;
}

function consentLines({ consent, installed, receipt }: ShownPlugin): readonly string[] {
  if (consent === null) return [];
  if (!installed) return [`To install it, you would be asked to agree to the above (${consent.digest.slice(0, 12)}).`];
  if (receipt === null) return [`Nobody has agreed to the above here (${consent.digest.slice(0, 12)}).`];
  const requests = consent.requestsAccepted === true ? ', with what it asks for' : '';
  const how = consent.how === undefined ? '' : `${CONSENT_HOW[consent.how]}${requests}`;
  return [`Consent: ${how}`, `  ${consent.digest}`];
}

function receiptLine({ at, by, action, outcome, version, file, errors }: ShownReceipt): string {
  const failed = outcome === 'failed' ? ` failed: ${errors.map(({ code }) => code).join(', ')}` : '';
  return printableLine(`${at}  ${action}${version === null ? '' : ` ${version}`}${failed}  by ${by}  ${file}`);
}
