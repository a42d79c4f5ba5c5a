import { type Dirent, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, type MarketplaceIdentity, type MarketplaceSettings, parsePluginId } from '../../config/index.ts';
import { AppError, type Issue } from '../../kernel/index.ts';
import type { InstalledPlugin, Integrity, PluginStore } from '../../marketplace/index.ts';
import type { EntryFacts, ParsedPlugin } from '../../plugins/index.ts';
import type { PluginInput, PluginStanding } from '../../servers/index.ts';
import type { LoadedPlugins } from '../types.ts';

/** Reads the plugins that are installed, and those that the configuration turns on and that lie in the cache. Never throws. */
export type PluginLoader = (config: Config) => Promise<LoadedPlugins>;

export type PluginLoaderOptions = {
  /** Absolute. */
  readonly home: string;
  /** Called when there is a plugin: without any, nothing about plugins is loaded. */
  readonly openStore: () => Promise<Pick<PluginStore, 'installed' | 'verify'>>;
  /** Makes a folder that only this user can enter. @throws AppError */
  readonly privateFolder: (folder: string) => void;
};

/** What is said of a plugin, or of a version, that is not installed any more. */
const GONE: Integrity = { kind: 'tampered', path: '.', change: 'removed' };

const NOTHING: LoadedPlugins = {
  plugins: [],
  removed: [],
  issues: [],
  integrity: new Map(),
  beforeStart: () => Promise.resolve(GONE),
};

/** The loader of a place without plugins. */
export const noPlugins: PluginLoader = () => Promise.resolve(NOTHING);

/** The folders in which something changes when a plugin is added, upgraded or removed. Absolute; need not be there. */
export function pluginFolders(home: string): readonly string[] {
  return [join(home, 'plugins', 'receipts')];
}

export function createPluginLoader(options: PluginLoaderOptions): PluginLoader {
  return async (config) => {
    const { home } = options;
    const copies = (without: ReadonlySet<string>): readonly Copy[] => copiesOf(home, config, without);
    const receipts = pluginFolders(home).some((folder) => entriesOf(folder).length > 0);
    if (!receipts && copies(new Set()).length === 0) return NOTHING;
    const reader = await openReader(options, config);
    const installed = receipts ? reader.store.installed() : { plugins: [], removed: [], issues: [] };
    const read = await Promise.all(installed.plugins.map((plugin) => readInstalled(plugin, reader)));
    const others = copies(new Set(installed.plugins.map(({ pluginId }) => pluginId)));
    const all = [...read, ...others.map((copy) => readCopy(copy, reader))];
    const byId = new Map(installed.plugins.map((plugin) => [plugin.pluginId, plugin]));
    return {
      plugins: all.map(({ input }) => input),
      removed: installed.removed,
      issues: [...installed.issues, ...all.flatMap(({ issues }) => issues)],
      integrity: new Map(
        read.flatMap(({ input, integrity }) => (integrity === null ? [] : [[input.pluginId, integrity]])),
      ),
      beforeStart: async ({ pluginId, root }) => {
        const plugin = byId.get(pluginId);
        if (plugin === undefined || plugin.root !== root) return GONE;
        const integrity = await reader.look(plugin);
        if (integrity.kind === 'intact') options.privateFolder(plugin.dataDir);
        return integrity;
      },
    };
  };
}

type ReadPlugin = {
  readonly input: PluginInput;
  readonly issues: readonly Issue[];
  readonly integrity: Integrity | null;
};

type Reader = {
  readonly store: Pick<PluginStore, 'installed' | 'verify'>;
  readonly look: (plugin: InstalledPlugin) => Promise<Integrity>;
  readonly parse: (of: {
    readonly root: string;
    readonly entry: EntryFacts | null;
    readonly dataDir: string;
    /** The files that count; left out for all. */
    readonly only?: readonly string[];
  }) => ParsedPlugin;
  readonly envOf: (of: {
    readonly plugin: ParsedPlugin['plugin'];
    readonly root: string;
    readonly dataDir: string;
  }) => Readonly<Record<string, string>>;
  readonly agreedVariables: (receipt: InstalledPlugin['filed']['receipt']) => readonly string[];
  readonly issuesInForce: (issues: readonly Issue[], requestsAccepted: boolean) => readonly Issue[];
  readonly marketplaces: Config['marketplaces'];
};

async function openReader({ openStore }: PluginLoaderOptions, { marketplaces }: Config): Promise<Reader> {
  const [store, { agreedVariables }, { openBundle }, { issuesInForce, parsePlugin, pluginEnv }] = await Promise.all([
    openStore(),
    import('../../marketplace/index.ts'),
    import('../../plugins/node/index.ts'),
    import('../../plugins/index.ts'),
  ]);
  return {
    store,
    look: (plugin) => lookAt(plugin, store),
    parse: ({ root, entry, dataDir, only }) => parsePlugin({ bundle: openBundle(root, only), entry, dataDir }),
    envOf: ({ plugin, root, dataDir }) =>
      plugin === null ? { PLUGIN_ROOT: root, PLUGIN_DATA: dataDir } : pluginEnv(plugin, { root, dataDir }),
    agreedVariables,
    issuesInForce,
    marketplaces,
  };
}

/** Files that cannot be looked at are not as they were installed. */
async function lookAt(plugin: InstalledPlugin, store: Pick<PluginStore, 'verify'>): Promise<Integrity> {
  try {
    return await store.verify(plugin);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { kind: 'tampered', path: error.where ?? '.', change: 'changed' };
  }
}

/**
 * Of a plugin that was changed nothing is read but what its receipt says. A file that was added is not read either: it
 * could declare servers that nobody agreed to.
 */
async function readInstalled(plugin: InstalledPlugin, reader: Reader): Promise<ReadPlugin> {
  const { pluginId, root, dataDir, filed } = plugin;
  const { receipt } = filed;
  const isThere = statSync(root, { throwIfNoEntry: false })?.isDirectory() === true;
  const integrity = isThere ? await reader.look(plugin) : null;
  const intact = integrity?.kind === 'intact';
  const only = receipt.files.map(({ path }) => path);
  const parsed = intact ? reader.parse({ root, entry: receipt.entry, dataDir, only }) : { plugin: null, issues: [] };
  const input: PluginInput = {
    pluginId,
    plugin: parsed.plugin,
    standing: standingOf(integrity, receipt.consent !== null),
    knownServers:
      receipt.consent?.facts.servers.map(({ name }) => name) ?? receipt.capabilitySummary?.mcp_server_names ?? [],
    marketplaceSource: identityOf(receipt.marketplaceSource, reader.marketplaces.get(receipt.marketplaceName)),
    requestsAccepted: receipt.consent?.requestsAccepted ?? false,
    agreedVariables: reader.agreedVariables(receipt),
    env: reader.envOf({ plugin: parsed.plugin, root, dataDir }),
  };
  const issues = reader.issuesInForce(parsed.issues, input.requestsAccepted);
  return { input, issues: ofPlugin(pluginId, issues), integrity };
}

function standingOf(integrity: Integrity | null, agreed: boolean): PluginStanding {
  if (integrity === null) return { kind: 'missing' };
  if (integrity.kind === 'tampered') return integrity;
  return { kind: agreed ? 'ready' : 'unconsented' };
}

/** The ref is in no receipt: it is that of the marketplace, as long as that still has the same source. */
function identityOf(
  { sourceType, source }: Pick<MarketplaceIdentity, 'sourceType' | 'source'>,
  settings: MarketplaceSettings | undefined,
): MarketplaceIdentity {
  const same = settings !== undefined && settings.sourceType === sourceType && settings.source === source;
  return { sourceType, source, ref: same ? settings.ref : null };
}

function ofPlugin(pluginId: string, issues: readonly Issue[]): readonly Issue[] {
  return issues.map((issue) => ({ ...issue, plugin: pluginId }));
}

/** A plugin in the cache that no receipt speaks of: a home of Codex, or a part of one. */
type Copy = {
  readonly pluginId: string;
  readonly root: string;
  readonly dataDir: string;
  readonly marketplace: string;
};

/** Those that the configuration names and does not turn off; of several versions the newest. */
function copiesOf(home: string, config: Config, without: ReadonlySet<string>): readonly Copy[] {
  return [...config.plugins.values()].flatMap(({ pluginId, enabled }) => {
    const id = parsePluginId(pluginId);
    if (enabled === false || id === null || without.has(pluginId)) return [];
    const folder = join(home, 'plugins', 'cache', id.marketplace, id.name);
    const versions = entriesOf(folder).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
    const newest = versions.toSorted(byVersion).at(-1);
    if (newest === undefined) return [];
    const dataDir = join(home, 'plugins', 'data', id.marketplace, id.name);
    return [{ pluginId, root: join(folder, newest), dataDir, marketplace: id.marketplace }];
  });
}

/** Made when it is needed: it takes longer than the rest of a start without plugins. */
function byVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

function readCopy({ pluginId, root, dataDir, marketplace }: Copy, reader: Reader): ReadPlugin {
  const { plugin, issues } = reader.parse({ root, entry: null, dataDir });
  const settings = reader.marketplaces.get(marketplace);
  const input: PluginInput = {
    pluginId,
    plugin,
    standing: { kind: 'unconsented' },
    knownServers: [],
    marketplaceSource: settings === undefined ? null : identityOf(settings, settings),
    requestsAccepted: false,
    agreedVariables: null,
    env: reader.envOf({ plugin, root, dataDir }),
  };
  return { input, issues: ofPlugin(pluginId, issues), integrity: null };
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];
  } catch {
    return [];
  }
}
