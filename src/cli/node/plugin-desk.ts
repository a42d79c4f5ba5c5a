import { parsePluginId, pluginsRequirementFor } from '../../config/index.ts';
import { type LoadedConfig, loadConfig } from '../../config/node/index.ts';
import { AppError, nearest, printable } from '../../kernel/index.ts';
import type { FetchOptions, InstalledPlugin } from '../../marketplace/index.ts';
import type { Input } from '../command.ts';
import type { ChangeError } from '../plugin-reports.ts';
import type { CliContext } from './context.ts';
import { type KnownMarketplaces, knownMarketplaces } from './known-marketplaces.ts';
import { openStores, type Stores } from './plugin-stores.ts';
import { createProgress, interruptible, type Progress } from './progress.ts';
import { brokenFile, sayBroken } from './user-config.ts';

/** What the commands about plugins and marketplaces work with. */
export type PluginDesk = Stores & {
  readonly context: CliContext;
  readonly loaded: LoadedConfig;
  readonly known: KnownMarketplaces;
  readonly progress: Progress;
  /** Runs what fetches: progress is shown, and Ctrl-C ends it with nothing left behind. */
  readonly fetching: <T>(work: (options: FetchOptions) => Promise<T>) => Promise<T>;
};

/**
 * Opens the desk, and closes it whatever happens.
 *
 * @param how `changes`: the command will write. A configuration that cannot be read then ends it before anything is done,
 *   and so does a requirements file that turns plugins off, unless `evenOff`: it takes something away.
 * @throws AppError what `work` throws, `PLUGIN_BLOCKED`, and what loading the configuration refuses with
 */
export async function atPluginDesk<T>(
  context: CliContext,
  how: { readonly changes: boolean; readonly evenOff?: boolean },
  work: (desk: PluginDesk) => Promise<T>,
): Promise<T> {
  const loaded = await loadConfig(context.loadOptions);
  if (how.changes) refuseChanges(loaded, how.evenOff === true);
  else sayBroken(context, loaded.brokenFiles);
  const stores = openStores(context);
  const progress = createProgress(context);
  try {
    const known = await knownMarketplaces(context, loaded, stores.marketplaces);
    return await work({
      ...stores,
      context,
      loaded,
      known,
      progress,
      fetching: (fetch) =>
        interruptible((signal) => fetch({ signal, onProgress: progress.show })).finally(progress.clear),
    });
  } finally {
    await stores.close();
  }
}

function refuseChanges({ brokenFiles, requirements }: LoadedConfig, evenOff: boolean): void {
  const broken = brokenFile(brokenFiles);
  if (broken !== null) throw broken;
  const file = evenOff ? null : pluginsRequirementFor(requirements);
  if (file !== null) {
    throw new AppError('PLUGIN_BLOCKED', 'plugins are turned off on this machine', { where: file });
  }
}

/** What went wrong beside what did not, on standard error; `--json` has it in its report. */
export function sayErrors({ err, globals }: CliContext, errors: readonly ChangeError[]): void {
  if (globals.json) return;
  for (const { marketplaceName, pluginId, ...error } of errors) {
    const what = pluginId === null ? `marketplace '${marketplaceName}'` : `plugin '${pluginId}'`;
    const where = error.where === undefined ? '' : `${error.where}: `;
    const text = `plugboard: failed for ${what}: ${where}${error.message}\n  ${error.hint} [${error.code}]\n`;
    err.write(printable(text));
  }
}

/** The argument that names a plugin, and the option that goes with it. */
export const PLUGIN_ARGUMENT = {
  name: 'PLUGIN',
  help: 'name of the plugin, as NAME or NAME@MARKETPLACE',
  required: true,
} as const;
export const MARKETPLACE_OPTION = {
  name: 'marketplace',
  short: 'm',
  value: 'MARKETPLACE',
  help: 'its marketplace, where PLUGIN does not say it',
} as const;

/** A plugin as the command line names it. */
export type Selector = { readonly name: string; readonly marketplace: string | null };

/** @throws AppError `USAGE` */
export function parseSelector(input: Input): Selector {
  const text = input.args['PLUGIN'] ?? '';
  const option = input.values['marketplace'] ?? null;
  const at = text.lastIndexOf('@');
  const name = at === -1 ? text : text.slice(0, at);
  const own = at === -1 ? null : text.slice(at + 1);
  if (own !== null && option !== null && own !== option) {
    throw new AppError('USAGE', `the plugin is named with marketplace '${own}', and --marketplace says '${option}'`, {
      hint: 'leave one of the two out',
    });
  }
  const marketplace = own ?? option;
  if (parsePluginId(`${name}@${marketplace ?? 'any'}`) === null) {
    throw new AppError('USAGE', 'this is not the name of a plugin', {
      hint: text.includes('/')
        ? `plugins come from marketplaces; to add this as one: plugboard plugin marketplace add ${text}`
        : 'write NAME or NAME@MARKETPLACE, with letters, digits, `-`, `_` and `.`',
    });
  }
  return { name, marketplace };
}

/** The parts of an id, in the order of `--json`. */
export function idParts(pluginId: string): {
  readonly pluginId: string;
  readonly name: string;
  readonly marketplaceName: string;
} {
  const at = pluginId.lastIndexOf('@');
  return { pluginId, name: pluginId.slice(0, at), marketplaceName: pluginId.slice(at + 1) };
}

/**
 * The installed plugin that a selector names; null when there is none.
 *
 * @throws AppError `PLUGIN_AMBIGUOUS`
 */
export function findInstalled(
  installed: readonly InstalledPlugin[],
  { name, marketplace }: Selector,
): InstalledPlugin | null {
  const found = installed.filter(
    (plugin) => plugin.name === name && (marketplace === null || plugin.marketplaceName === marketplace),
  );
  if (found.length > 1)
    throw ambiguous(
      name,
      found.map(({ pluginId }) => pluginId),
    );
  return found[0] ?? null;
}

export function ambiguous(name: string, ids: readonly string[]): AppError {
  return new AppError('PLUGIN_AMBIGUOUS', `several marketplaces have a plugin '${name}': ${ids.join(', ')}`, {
    hint: `write one of these names`,
  });
}

/** The error of every command that is asked about a plugin that is not there. */
export function notInstalled(selector: Selector, installed: readonly InstalledPlugin[]): AppError {
  const shown = selector.marketplace === null ? selector.name : `${selector.name}@${selector.marketplace}`;
  const ids = installed.map(({ pluginId }) => pluginId);
  const near = nearest(shown, [...ids, ...installed.map(({ name }) => name)]);
  return new AppError('PLUGIN_NOT_FOUND', `plugin '${shown}' is not installed`, {
    hint: near === null ? 'see: plugboard plugin list' : `did you mean '${near}'? See: plugboard plugin list`,
  });
}
