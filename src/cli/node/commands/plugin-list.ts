import { type Issue, renderIssue } from '../../../kernel/index.ts';
import type { InstalledPlugin } from '../../../marketplace/index.ts';
import type { Input } from '../../command.ts';
import { type ListedMarketplaces, type ListedPlugins, renderMarketplaces, renderPlugins } from '../../render-plugin.ts';
import type { CliCommand, CliContext } from '../context.ts';
import { noSuchMarketplace } from '../known-marketplaces.ts';
import { listAvailable, listCopy, listInstalled, listMarketplaces, namedOnly } from '../list-plugins.ts';
import { pluginCopies } from '../plugin-copies.ts';
import { atPluginDesk, idParts, MARKETPLACE_OPTION, type PluginDesk } from '../plugin-desk.ts';
import { statusOfOurs } from '../running.ts';

export const pluginList: CliCommand<ListedPlugins> = {
  name: 'plugin list',
  summary: 'List plugins: those that are installed, and those that marketplaces offer',
  examples: [
    'plugboard plugin list',
    'plugboard plugin list --marketplace debug',
    'plugboard plugin list --json',
    'plugboard plugin list --available --json',
  ],
  details: 'What is in the files of a plugin is checked by plugin show, doctor and at each start.',
  args: [],
  options: [
    { ...MARKETPLACE_OPTION, help: 'only the plugins of this marketplace' },
    { name: 'available', help: 'with --json: also those that are not installed' },
  ],
  run: (context, input) => atPluginDesk(context, { changes: false }, (desk) => listPlugins(desk, input)),
  render: (report, { out }) => renderPlugins(report, out.isTty ? out.columns : undefined),
  exitCode: () => 0,
};

async function listPlugins(all: PluginDesk, input: Input): Promise<ListedPlugins> {
  const { context } = all;
  const { plugins, issues } = all.plugins.installed();
  const { marketplace } = input.values;
  const copies = pluginCopies(all, plugins);
  const desk = marketplace === undefined ? all : narrowed(all, marketplace, [...plugins, ...copies]);
  const isOfIt = (plugin: { readonly marketplaceName: string }): boolean =>
    marketplace === undefined || plugin.marketplaceName === marketplace;
  const installed = plugins.filter(isOfIt);
  const shownCopies = copies.filter(isOfIt);
  const running = installed.length === 0 ? null : await statusOfOurs(context);
  const { json } = context.globals;
  const report: ListedPlugins = {
    schemaVersion: 1,
    installed: [...listInstalled(desk, installed, running), ...shownCopies.map((copy) => listCopy(desk, copy))],
    available:
      input.flags.has('available') || !json
        ? listAvailable(desk, [...installed, ...shownCopies], { inside: json })
        : [],
    marketplaces: listMarketplaces(desk),
    issues: [
      ...desk.known.issues,
      ...[...issues, ...namedOnly(all, plugins, copies)].filter(
        ({ plugin }) => plugin === undefined || isOfIt(idParts(plugin)),
      ),
    ],
  };
  sayIssues(context, report.issues);
  return report;
}

/** @throws AppError `MARKETPLACE_NOT_FOUND` for a name that neither a marketplace nor an installed plugin has */
function narrowed(
  desk: PluginDesk,
  name: string,
  installed: readonly Pick<InstalledPlugin, 'marketplaceName'>[],
): PluginDesk {
  const all = desk.known.all.filter((one) => one.name === name);
  if (all.length === 0 && !installed.some(({ marketplaceName }) => marketplaceName === name))
    throw noSuchMarketplace(
      name,
      desk.known.all.map((one) => one.name),
    );
  return { ...desk, known: { all, issues: all.flatMap(({ issues }) => issues) } };
}

export const marketplaceList: CliCommand<ListedMarketplaces> = {
  name: 'plugin marketplace list',
  summary: 'List the marketplaces that count: those that were added, your own and that of the repository',
  args: [],
  options: [],
  run: (context) =>
    atPluginDesk(context, { changes: false }, async (desk) => {
      sayIssues(context, desk.known.issues);
      return { schemaVersion: 1, marketplaces: listMarketplaces(desk), issues: desk.known.issues };
    }),
  render: (report, { out }) => renderMarketplaces(report, out.isTty ? out.columns : undefined),
  exitCode: () => 0,
};

/** `--json` has them in its report. */
function sayIssues({ err, globals }: CliContext, issues: readonly Issue[]): void {
  if (!globals.json) for (const issue of issues) err.write(`plugboard: ${renderIssue(issue)}\n`);
}
