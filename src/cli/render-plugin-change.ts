import { describeState, printableLine, renderIssue, stateLabel } from '../kernel/index.ts';
import type {
  AddedMarketplace,
  AddedPlugin,
  PlacedPlugin,
  PluginServerState,
  RemovedMarketplace,
  Upgraded,
  UpgradedPlugin,
} from './plugin-reports.ts';
import { renderMissing } from './settings/render-configure.ts';

/** `plugin add` for people: what became of it, where the evidence is, and what to do next. */
export function renderAddedPlugin(report: AddedPlugin): string {
  const { marketplaceName, installedPath, consent, receipt, servers, issues } = report;
  const requests = consent.requestsAccepted ? ', with what it asks for' : '';
  return lines(
    `${titleOf(report)}, from marketplace '${marketplaceName}'.`,
    `  files    ${installedPath}`,
    `  receipt  ${receipt.file}`,
    ...(report.outcome === 'unchanged' ? [] : [`  consent  ${CONSENT_HOW[consent.how]}${requests}`]),
    ...servers.map((server) => `  ${serverLine(server)}`),
    ...issues.map(renderIssue),
    ...nextSteps(report),
    ...grantStep(report),
  );
}

/** How to accept, later, what was not granted. */
function grantStep({ pluginId, issues }: Pick<PlacedPlugin, 'pluginId' | 'issues'>): readonly string[] {
  if (!issues.some(({ code }) => code === 'PLUGIN_REQUEST')) return [];
  return [`to grant what it asks for: plugboard plugin add ${pluginId} --accept-requests`];
}

/** How somebody came to agree. */
export const CONSENT_HOW: Readonly<Record<AddedPlugin['consent']['how'], string>> = {
  asked: 'you agreed',
  yes: 'by --yes, to what was shown',
  no_terminal: 'no terminal to ask in: to what was shown',
  requirements: 'by a requirements file of this machine',
  unchanged: 'nothing more than you agreed to before',
};

function titleOf({
  pluginId,
  version,
  previousVersion,
  outcome,
}: Pick<PlacedPlugin, 'pluginId' | 'version' | 'previousVersion' | 'outcome'>): string {
  const from = previousVersion === null || previousVersion === version ? '' : ` from ${previousVersion}`;
  switch (outcome) {
    case 'added':
      return `Added plugin '${pluginId}' ${version}`;
    case 'upgraded':
      return `Upgraded plugin '${pluginId}'${from} to ${version}`;
    case 'rolled_back':
      return `Switched plugin '${pluginId}'${from} to ${version}`;
    case 'reinstalled':
      return `Installed plugin '${pluginId}' ${version} again`;
    case 'repaired':
      return `Repaired plugin '${pluginId}' ${version}`;
    case 'unchanged':
      return `Plugin '${pluginId}' ${version} is already installed`;
    case 'declined':
      return `Plugin '${pluginId}' stays at ${previousVersion ?? version}: you did not agree`;
    default:
      return outcome satisfies never;
  }
}

/** `NAME  LABEL  facts`, with the name that agents see where that is another one. */
export function serverLine({ name, exposedAs, state }: PluginServerState): string {
  const known = exposedAs === name ? name : `${name} (as ${exposedAs})`;
  if (state === null) return `server ${known}: starts with the next use`;
  const facts = describeState(state);
  return `server ${known}: ${stateLabel(state)}${facts === '' ? '' : `, ${facts}`}`;
}

/** What to do now. Settings that are missing are said once, however many servers want them. */
function nextSteps({
  pluginId,
  servers,
  missingSettings,
}: Pick<AddedPlugin, 'pluginId' | 'servers' | 'missingSettings'>): readonly string[] {
  const configure = `plugboard plugin configure ${pluginId}`;
  const said = missingSettings.length > 0 ? `run: ${configure}` : null;
  return [
    ...servers.flatMap(({ name, nextStep }) =>
      nextStep === null || nextStep === said ? [] : [`next, for ${name}: ${nextStep}`],
    ),
    ...renderMissing(configure, missingSettings),
  ];
}

/** `plugin upgrade` for people. */
export function renderUpgraded({ plugins, errors, skipped, notFetched }: Upgraded): string {
  const changed = plugins.filter(({ outcome }) => outcome !== 'unchanged');
  const left = skipped.map(
    ({ pluginId, marketplaceName, marketplaceSource }) =>
      `Plugin '${pluginId}' stays as it is: its marketplace '${marketplaceName}' (${marketplaceSource.source}) does not count here.`,
  );
  const idle = changed.length === 0 && errors.length === 0 && (plugins.length > 0 || left.length === 0);
  return lines(...changed.flatMap(upgradedLines), ...(idle ? [idleText(plugins.length, notFetched)] : []), ...left);
}

function idleText(plugins: number, notFetched: readonly string[]): string {
  if (plugins === 0) return 'No plugins are installed.';
  if (notFetched.length === 0) return 'All installed plugins are already up to date.';
  return "All installed plugins are up to date as of the last fetch of their marketplaces; 'plugboard plugin marketplace upgrade' fetches.";
}

/** What became of it; where it was changed also the evidence, its servers, and what to do next. */
function upgradedLines(plugin: UpgradedPlugin): readonly string[] {
  const { outcome, receipt, servers, issues } = plugin;
  if (outcome === 'declined') return [`${titleOf(plugin)}.`];
  return [
    `${titleOf(plugin)}.`,
    ...(receipt === null ? [] : [`  receipt  ${receipt.file}`]),
    ...servers.map((server) => `  ${serverLine(server)}`),
    ...issues.map(renderIssue),
    ...nextSteps(plugin),
    ...grantStep(plugin),
  ];
}

/** `plugin marketplace upgrade` for people. */
export function renderUpgradedMarketplaces(report: Upgraded): string {
  const { selectedMarketplaces, upgradedRoots, plugins, errors } = report;
  const changed = plugins.filter(({ outcome }) => outcome !== 'unchanged');
  if (upgradedRoots.length > 0 || changed.length > 0) {
    const count = upgradedRoots.length === 1 ? '1 marketplace' : `${upgradedRoots.length} marketplaces`;
    const roots = upgradedRoots.length === 0 ? [] : [`Upgraded ${count}:`, ...upgradedRoots.map((root) => `  ${root}`)];
    return lines(...roots, ...changed.flatMap(upgradedLines));
  }
  if (errors.length > 0) return '';
  return selectedMarketplaces.length === 0
    ? 'No Git marketplaces are configured.'
    : 'All configured Git marketplaces are already up to date.';
}

/** `plugin marketplace add` for people. */
export function renderAddedMarketplace(report: AddedMarketplace): string {
  const { marketplaceName, installedRoot, alreadyAdded, marketplaceSource, revision, pluginCount } = report;
  const { offered, notes, plugins, issues } = report;
  const verb = alreadyAdded
    ? `Marketplace '${marketplaceName}' is already added`
    : `Added marketplace '${marketplaceName}'`;
  return lines(
    `${verb} from ${marketplaceSource.source}.`,
    `  root      ${installedRoot}`,
    ...(revision === null ? [] : [`  revision  ${revision}`]),
    `  plugins   ${pluginCount}; see: plugboard plugin list -m ${marketplaceName}`,
    ...plugins.map((plugin) => `${titleOf(plugin)}, as a requirements file of this machine says.`),
    ...offered.map((id) => `It would like to have '${id}' installed. If you want that: plugboard plugin add ${id}`),
    ...notes.map((note) => `note: ${note}`),
    ...issues.map(renderIssue),
  );
}

/** `plugin marketplace remove` for people. */
export function renderRemovedMarketplace(report: RemovedMarketplace): string {
  const { marketplaceName, installedRoot, plugins, notes } = report;
  return lines(
    `Removed marketplace '${marketplaceName}'.`,
    ...(installedRoot === null ? [] : [`  its files are gone: ${installedRoot}`]),
    ...plugins.map((id) => `Plugin '${id}' came from it and stays. To remove it: plugboard plugin remove ${id}`),
    ...notes.map((note) => `note: ${note}`),
  );
}

function lines(...all: readonly string[]): string {
  return all.map(printableLine).join('\n');
}
