import { AppError, commandLine, printableLine } from '../../../kernel/index.ts';
import { pluginId as idOf } from '../../../marketplace/index.ts';
import type { Plugin } from '../../../plugins/index.ts';
import type { Input } from '../../command.ts';
import { parseGiven, SETTING_OPTIONS, variableOf } from '../../settings/configure-arguments.ts';
import { type ConfiguredPlugin, renderConfigured } from '../../settings/render-configure.ts';
import { missingSettings, type SettingState } from '../../settings/setting-states.ts';
import type { CliCommand, CliContext } from '../context.ts';
import { allOffers } from '../list-plugins.ts';
import {
  atPluginDesk,
  findInstalled,
  idParts,
  MARKETPLACE_OPTION,
  notInstalled,
  PLUGIN_ARGUMENT,
  type PluginDesk,
  parseSelector,
  type Selector,
} from '../plugin-desk.ts';
import { askSettings } from '../settings/ask-settings.ts';
import { readGiven, readNotes } from '../settings/read-given.ts';
import {
  type ConfigurablePlugin,
  type SettingChange,
  type SettingsDesk,
  withSettings,
} from '../settings/settings-desk.ts';
import { effectOf } from '../settings/settings-effect.ts';
import { readConfigurable, readConfigurableFolder } from '../settings/settings-plugin.ts';

export const pluginConfigure: CliCommand<ConfiguredPlugin> = {
  name: 'plugin configure',
  summary: 'Give a plugin the settings it wants: access tokens, folders, choices',
  details: [
    'On a terminal it asks for each setting. What is sensitive is not shown, and is stored encrypted; the rest goes into',
    'config.toml. With an option that gives a value nothing is asked for; with --json alone it says which settings are set.',
    'Exit status 1: a required setting is still missing.',
  ].join(' '),
  examples: [
    'plugboard plugin configure poka@acme',
    'plugboard plugin configure poka@acme --browser',
    'plugboard plugin configure poka --set region=eu --set folders=~/docs --set folders=~/notes',
    'pass show acme/token | plugboard plugin configure poka --stdin token',
    'plugboard plugin configure poka --from-env token=ACME_TOKEN --unset region',
    'plugboard plugin configure poka --json',
    'plugboard plugin configure ./plugins/poka',
  ],
  args: [{ ...PLUGIN_ARGUMENT, help: `${PLUGIN_ARGUMENT.help}; or the folder of one that \`plugin dev\` runs` }],
  options: [
    MARKETPLACE_OPTION,
    ...SETTING_OPTIONS,
    { name: 'browser', help: 'fill them in on a page that this machine alone can open, once' },
  ],
  run: async (context, input) => {
    const found = await pluginOf(context, input);
    const given = parseGiven(input, found);
    const browser = input.flags.has('browser');
    if (browser && given.length > 0)
      throw new AppError('USAGE', '--browser asks for the values itself', { hint: 'leave the other options out' });
    const changes = await readGiven(context, given, found);
    return withSettings(context, found, async (desk) => {
      if (browser && found.plugin.settings.length > 0) {
        const { askInBrowser } = await import('../settings/settings-page-server.ts');
        return reportOf(desk, await askInBrowser(desk), { notes: [], notSet: [] });
      }
      const asked = given.length > 0 ? changes : await askFor(desk);
      const notSet = await unsetInVain(desk, asked);
      const made = asked.filter(({ setting }) => !notSet.includes(setting.key));
      if (made.length > 0) await desk.apply(made);
      return reportOf(desk, made, { notes: readNotes(given), notSet });
    });
  },
  render: (report, { out }) => renderConfigured(report, out.isTty ? out.columns : undefined),
  exitCode: ({ missing }) => (missing.length > 0 ? 1 : 0),
};

/** The installed plugin, or with a path one that is run from its folder. */
async function pluginOf(context: CliContext, input: Input): Promise<ConfigurablePlugin> {
  const given = input.args['PLUGIN'] ?? '';
  if (isPath(given)) {
    if (input.values['marketplace'] !== undefined)
      throw new AppError('USAGE', '--marketplace goes with the name of a plugin, and this is a folder');
    return readConfigurableFolder(context, given);
  }
  return atPluginDesk(context, { changes: true, evenOff: true }, async (desk) => {
    const selector = parseSelector(input);
    const installed = desk.plugins.installed().plugins;
    const found = findInstalled(installed, selector);
    if (found === null) throw onlyOffered(desk, selector) ?? notInstalled(selector, installed);
    return readConfigurable(context, desk.loaded.config, found.pluginId);
  });
}

/** The error about a plugin that exactly one marketplace offers; null for every other. */
function onlyOffered(desk: PluginDesk, { name, marketplace }: Selector): AppError | null {
  const ids = allOffers(desk)
    .filter((offer) => offer.entry.name === name && (marketplace ?? offer.marketplace.name) === offer.marketplace.name)
    .map((offer) => idOf(offer.entry.name, offer.marketplace.name));
  const [id, ...others] = new Set(ids);
  if (id === undefined || others.length > 0) return null;
  return new AppError('PLUGIN_NOT_FOUND', `plugin '${id}' is offered, and not installed`, {
    hint: `install it first: plugboard plugin add ${id}`,
  });
}

/** No name of a plugin has such a mark. */
function isPath(text: string): boolean {
  return /[/\\]|^\.{1,2}$/.test(text);
}

/** What a person says; nothing where only the state is wanted. @throws AppError `PLUGIN_NEEDS_SETTINGS`, `SECRET_CANCELLED` */
async function askFor(desk: SettingsDesk): Promise<readonly SettingChange[]> {
  const { context, plugin } = desk;
  if (plugin.settings.length === 0 || context.globals.json) return [];
  if (context.interactive) return askSettings(desk);
  const states = await desk.states();
  if (missingSettings(states).length > 0) throw needsSettings(desk, states);
  return [];
}

function needsSettings({ pluginId, plugin, command }: SettingsDesk, states: readonly SettingState[]): AppError {
  const missing = missingSettings(states);
  const lines = missing.map((key) => `  ${command} ${exampleOf(plugin, key)}`);
  return new AppError(
    'PLUGIN_NEEDS_SETTINGS',
    `'${pluginId}' needs ${missing.join(', ')}, and there is no terminal to ask on`,
    { hint: ['give each of them by an option; several may stand in one command:', ...lines].join('\n') },
  );
}

/** An option that gives a value of this kind. */
function exampleOf(plugin: Plugin, key: string): string {
  const setting = plugin.settings.find((one) => one.key === key);
  if (setting === undefined) return `--stdin ${key}`;
  if (setting.sensitive)
    return `--stdin ${key}    (or --from-env ${key}=${variableOf(setting)}, or --from-file ${key}=PATH)`;
  const [choice] = setting.enum ?? [];
  const example: Readonly<Record<typeof setting.type, string>> = {
    string: 'VALUE',
    number: 'NUMBER',
    boolean: 'true',
    directory: 'FOLDER',
    file: 'FILE',
  };
  const value = choice === undefined ? example[setting.type] : printableLine(String(choice));
  return `--set ${commandLine([`${key}=${value}`])}`;
}

/** Keys that a value is to be taken away from, where no value is. */
async function unsetInVain(desk: SettingsDesk, changes: readonly SettingChange[]): Promise<readonly string[]> {
  const keys = changes.filter(({ to }) => to === 'unset').map(({ setting }) => setting.key);
  if (keys.length === 0) return [];
  const without = (await desk.states()).filter(({ set, where }) => set === false && where === null);
  return without.map(({ key }) => key).filter((key) => keys.includes(key));
}

async function reportOf(
  desk: SettingsDesk,
  made: readonly SettingChange[],
  { notes, notSet }: { readonly notes: readonly string[]; readonly notSet: readonly string[] },
): Promise<ConfiguredPlugin> {
  const { context, pluginId, command } = desk;
  const settings = await desk.states();
  const keys = (unset: boolean): readonly string[] =>
    made.filter(({ to }) => (to === 'unset') === unset).map(({ setting }) => setting.key);
  const changed = made.map(({ setting }) => setting.key);
  // What runs a plugin from its folder is no host of the home, and follows the files by itself.
  const isConcerned = made.length > 0 && desk.isInstalled;
  const effect = isConcerned ? await effectOf(context, pluginId, changed) : { restarts: [], notes: [] };
  return {
    schemaVersion: 1,
    ...idParts(pluginId),
    stored: keys(false),
    removed: keys(true),
    notSet,
    settings,
    missing: missingSettings(settings),
    restarts: effect.restarts,
    notes: [...notes, ...desk.notes, ...effect.notes],
    command,
  };
}
