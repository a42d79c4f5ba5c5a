import { existsSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { privateFolder } from '../../api/node/index.ts';
import { isPluginName } from '../../config/index.ts';
import { type LoadedConfig, loadConfig } from '../../config/node/index.ts';
import { AppError, type ErrorCode, type Issue } from '../../kernel/index.ts';
import { type ConsentFacts, consentFacts, MANIFEST_PATHS } from '../../marketplace/index.ts';
import {
  type Bundle,
  invalidServers,
  issuesInForce,
  type Plugin,
  parsePlugin,
  pluginEnv,
} from '../../plugins/index.ts';
import { openBundle } from '../../plugins/node/index.ts';
import type { CliContext } from './context.ts';
import type { Serving } from './host-process.ts';

/** A plugin that is served from the folder it is written in. */
export type DevPlugin = {
  /** `NAME@dev`; stays the same while it is served. */
  readonly pluginId: string;
  /** For a host that serves it alone. */
  readonly serving: Serving;
  /** The files that declare something, as last in force: a change of another one is one of the programs. Relative. */
  readonly declarations: () => ReadonlySet<string>;
  /** What users would be asked to agree to, by what is in force; null before anything could be read. */
  readonly facts: () => ConsentFacts | null;
  /** Names of its servers that do not start as they are declared. */
  readonly invalid: () => readonly string[];
};

/** The folder of a plugin, absolute. @throws AppError `NOT_FOUND` when it is no folder, `PLUGIN_MANIFEST_INVALID` when it is that of a marketplace */
export function devFolder({ cwd }: CliContext, given: string): string {
  const dir = resolve(cwd, given);
  const facts = statSync(dir, { throwIfNoEntry: false });
  if (facts?.isDirectory() !== true)
    throw new AppError('NOT_FOUND', facts === undefined ? 'there is no such folder' : 'this is a file, and no folder', {
      where: dir,
      hint: 'give the folder of a plugin',
    });
  const has = (path: string): boolean => existsSync(join(dir, path));
  const own = ['.codex-plugin', '.claude-plugin', '.cursor-plugin', '.'].map((folder) => join(folder, 'plugin.json'));
  if (MANIFEST_PATHS.some(has) && ![...own, '.mcp.json'].some(has))
    throw new AppError('PLUGIN_MANIFEST_INVALID', 'this is the folder of a marketplace', {
      where: dir,
      hint: 'give the folder of one of its plugins',
    });
  return dir;
}

/** `NAME@dev`, also for a plugin whose name cannot be one. @param plugin null when it cannot be read. */
export function devPluginId({ root }: Bundle, plugin: Plugin | null): string {
  const name = plugin?.name ?? basename(root);
  return `${isPluginName(name) ? name : 'plugin'}@dev`;
}

/** What a host serves in place of what the configuration says: this plugin, under the requirements of the machine. */
export function createDevPlugin(context: CliContext, dir: string): DevPlugin {
  const bundle = openBundle(dir);
  const pluginId = devPluginId(bundle, parsePlugin({ bundle, entry: null, dataDir: dir }).plugin);
  const folders = { root: bundle.root, data: join(context.home, 'plugins', 'data', pluginId) };
  let good: Plugin | null = null;
  const read = (): { readonly plugin: Plugin | null; readonly issues: readonly Issue[] } => {
    if (good !== null && bundle.look('').kind === 'absent') return withoutFolder(good, bundle.root);
    const { plugin, issues } = parsePlugin({ bundle, entry: null, dataDir: folders.data });
    const isHalf = plugin === null || issues.some(({ code }) => UNREAD.includes(code));
    if (isHalf && good !== null) return { plugin: good, issues: issues.map(keptIssue) };
    if (!isHalf) good = plugin;
    return { plugin, issues };
  };
  const env = (plugin: Plugin): Readonly<Record<string, string>> =>
    pluginEnv(plugin, { root: folders.root, dataDir: folders.data });
  return {
    pluginId,
    serving: {
      load: async () => alone(await loadConfig(context.loadOptions), pluginId),
      plugins: () => {
        const { plugin, issues } = read();
        const facts = {
          knownServers: [],
          marketplaceSource: null,
          requestsAccepted: true,
          agreedVariables: null,
        } as const;
        const standing = { kind: 'ready' } as const;
        return Promise.resolve({
          removed: [],
          plugins: plugin === null ? [] : [{ pluginId, plugin, standing, ...facts, env: env(plugin) }],
          issues: issuesInForce(issues, facts.requestsAccepted).map((issue) => ({ ...issue, plugin: pluginId })),
          integrity: new Map(),
          beforeStart: async () => {
            privateFolder(folders.data);
            return { kind: 'intact', added: [] };
          },
        });
      },
    },
    declarations: () => (good === null ? new Set() : declarationsOf(bundle, good)),
    invalid: () => (good === null ? [] : invalidServers(good)),
    facts: () => (good === null ? null : factsOf(pluginId, good, folders)),
  };
}

/** The configuration without its own servers and other plugins, and without what is said of those. */
function alone(loaded: LoadedConfig, pluginId: string): LoadedConfig {
  const { config } = loaded;
  return {
    ...loaded,
    config: {
      ...config,
      servers: new Map(),
      plugins: new Map([...config.plugins].filter(([id]) => id === pluginId)),
      marketplaces: new Map(),
      pluginsEnabledByDefault: { ...config.pluginsEnabledByDefault, enabled: true, problems: [] },
      issues: config.issues.filter(({ server, plugin }) => server === undefined && (plugin ?? pluginId) === pluginId),
    },
  };
}

/** Files that were left half-written, as an editor may for a moment. */
const UNREAD: readonly ErrorCode[] = ['PLUGIN_NOT_JSON', 'PLUGIN_UNREADABLE'];

function keptIssue(issue: Issue): Issue {
  return issue.severity === 'error'
    ? { ...issue, message: `${issue.message}; what was read before stays in force` }
    : issue;
}

/** None of its servers can run while its folder is away. */
function withoutFolder(plugin: Plugin, root: string): { readonly plugin: Plugin; readonly issues: readonly Issue[] } {
  const gone: Issue = {
    code: 'NOT_FOUND',
    severity: 'error',
    message: 'the folder of the plugin is not there any more',
    hint: 'put it back, or end this command',
    file: root,
  };
  const servers = plugin.servers.map((server) => ({ ...server, entry: { ...server.entry, problems: [gone] } }));
  return { plugin: { ...plugin, servers }, issues: [gone] };
}

const MANIFESTS = ['plugin.json', 'mcp.json', '.mcp.json', '.app.json', 'hooks.json', 'hooks/hooks.json'];

function declarationsOf(bundle: Bundle, plugin: Plugin): ReadonlySet<string> {
  const folders = ['.codex-plugin', '.claude-plugin', '.cursor-plugin'].map((folder) => `${folder}/plugin.json`);
  const named = [plugin.manifestPath, plugin.mcpPath].filter((path) => path !== null);
  const parts = [...plugin.skills, ...plugin.commands, ...plugin.agents].map(({ path }) => path);
  const documents = bundle.list('').filter((name) => /\.md$/i.test(name));
  return new Set([...MANIFESTS, ...folders, ...named, ...parts, ...plugin.hooks.map(({ file }) => file), ...documents]);
}

function factsOf(
  pluginId: string,
  plugin: Plugin,
  folders: { readonly root: string; readonly data: string },
): ConsentFacts {
  const { root } = folders;
  return consentFacts({
    pluginId,
    version: plugin.version ?? 'local',
    marketplaceSource: { sourceType: 'local', source: root },
    source: { source: 'local', path: root },
    revision: null,
    installPolicy: 'AVAILABLE',
    authPolicy: 'ON_INSTALL',
    plugin,
    folders,
    scriptDigest: () => null,
  });
}
