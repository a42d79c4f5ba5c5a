import {
  byPlace,
  type CheckContext,
  found,
  kindWord,
  type Located,
  type LocatedTable,
  plainValue,
  read,
} from '../config/index.ts';
import { AppError, type Issue, issueLocation, type JsonValue, limitIssues, nearest } from '../kernel/index.ts';
import { bundlePath, type EntryFacts, folderNameProblem, parseJson } from '../plugins/index.ts';
import { type EntryContext, JSON_WORDS, left, readSource } from './entry-source.ts';
import type { AuthPolicy, InstallPolicy, Marketplace, MarketplaceEntry } from './types.ts';

/** Where the manifest of a marketplace may be, relative to its root. The first that is there counts. */
export const MANIFEST_PATHS: readonly string[] = [
  '.agents/plugins/marketplace.json',
  '.claude-plugin/marketplace.json',
  '.cursor-plugin/marketplace.json',
];

/** What is known of a marketplace before its manifest is read. `file` is the manifest, absolute. */
export type ManifestOptions = { readonly file: string } & Pick<Marketplace, 'root' | 'kind' | 'source' | 'revision'>;

const TOP_KEYS = ['$schema', 'name', 'version', 'description', 'interface', 'owner', 'metadata', 'plugins'];
const COMPONENT_KEYS = ['hooks', 'skills', 'commands', 'agents', 'apps', 'userConfig'];
const ENTRY_KEYS = [
  ...['name', 'source', 'policy', 'version', 'description', 'category', 'mcpServers', ...COMPONENT_KEYS],
  // What other clients read.
  ...['id', 'displayName', 'interface', 'author', 'homepage', 'repository', 'license', 'keywords', 'tags', 'strict'],
  ...['lspServers', 'outputStyles', 'logo', 'relevance'],
];
const POLICY_KEYS = ['installation', 'authentication', 'products'];
const INSTALL_POLICIES = ['AVAILABLE', 'NOT_AVAILABLE', 'INSTALLED_BY_DEFAULT'] as const satisfies InstallPolicy[];
const AUTH_POLICIES = ['ON_INSTALL', 'ON_USE'] as const satisfies AuthPolicy[];

/**
 * Reads the manifest of a marketplace, in the format of Codex, Claude or Cursor.
 *
 * @returns Every entry that can be used. One that cannot is left out with an issue, and so is the second of two with one name.
 * @throws AppError `MARKETPLACE_INVALID` when it is not JSON, or has no usable name or no list of plugins.
 */
export function parseMarketplace(text: string, options: ManifestOptions): Marketplace {
  const { value, issues } = parseJson(text, options.file);
  const broken = value === null ? issues.at(-1) : undefined;
  if (value === null) throw unusable(broken?.message ?? 'not JSON', broken ?? { file: options.file });
  if (value.kind !== 'table') throw unusable(`must be an object, and is ${kindWord(value, JSON_WORDS)}`, value.at);
  const name = nameOf(value);
  const plugins = value.entries.get('plugins');
  if (plugins?.kind !== 'list') {
    const message = plugins === undefined ? 'has no `plugins`' : `\`plugins\` must be an array`;
    throw unusable(message, (plugins ?? value).at);
  }
  const all: Issue[] = [...issues];
  const report = (issue: Issue): void => void all.push(issue);
  misspelt(value, TOP_KEYS, { path: [], report });
  const entries = readEntries(plugins.items, {
    ...{ path: [], report, root: options.root, pluginRoot: pluginRootOf(value, report) },
    ...{ marketplace: name, file: options.file },
  });
  const { root, kind, source, revision, file } = options;
  const displayName = shownName(value);
  return {
    ...{ name, displayName, kind, root, manifestFile: file, source, revision, entries },
    issues: limitIssues(all.toSorted(byPlace)),
  };
}

/** The entry of that name; null when there is none. */
export function findEntry(marketplace: Marketplace, name: string): MarketplaceEntry | null {
  return marketplace.entries.find((entry) => entry.name === name) ?? null;
}

/** The error for a plugin that a marketplace does not offer. Says so where its entry was left out. Code: `PLUGIN_NOT_FOUND`. */
export function entryNotFound(marketplace: Marketplace, name: string): AppError {
  const id = pluginId(name, marketplace.name);
  const reason = marketplace.issues.find(({ plugin, severity }) => plugin === id && severity === 'error');
  const near = nearest(
    name,
    marketplace.entries.map((entry) => entry.name),
  );
  const where = reason === undefined ? undefined : issueLocation(reason);
  return new AppError('PLUGIN_NOT_FOUND', `plugin \`${name}\` was not found in marketplace \`${marketplace.name}\``, {
    ...(where === undefined ? {} : { where }),
    ...(reason === undefined ? {} : { hint: `it is listed there, and cannot be used: ${reason.message}` }),
    ...(reason === undefined && near !== null ? { hint: `did you mean \`${pluginId(near, marketplace.name)}\`?` } : {}),
  });
}

/** `name@marketplace`. */
export function pluginId(name: string, marketplaceName: string): string {
  return `${name}@${marketplaceName}`;
}

function nameOf(manifest: LocatedTable): string {
  const node = manifest.entries.get('name');
  if (node === undefined) throw unusable('has no `name`', manifest.at);
  const name = read.text(manifest, 'name');
  if (name === undefined) throw unusable(`\`name\` must be a string, and is ${kindWord(node, JSON_WORDS)}`, node.at);
  const problem = folderNameProblem(name, 'name');
  if (problem !== null) throw unusable(`\`name\` ${problem}`, node.at);
  return name;
}

function shownName(manifest: LocatedTable): string | null {
  const display = read.tableAt(manifest, 'interface');
  return (display === undefined ? undefined : read.text(display, 'displayName')) ?? null;
}

/** Claude's `metadata.pluginRoot`. One that leads out counts as absent. */
function pluginRootOf(manifest: LocatedTable, report: (issue: Issue) => void): string {
  const metadata = read.tableAt(manifest, 'metadata');
  const node = metadata?.entries.get('pluginRoot');
  if (metadata === undefined || node === undefined) return '';
  const text = read.text(metadata, 'pluginRoot');
  const inside = text === undefined ? null : bundlePath(text);
  if (inside?.kind === 'inside') return inside.path;
  found({ path: ['metadata', 'pluginRoot'], report }, node.at, {
    code: inside === null ? 'PLUGIN_WRONG_TYPE' : 'PLUGIN_PATH_ESCAPES',
    severity: 'warning',
    message: `${inside?.why ?? `must be a string, and is ${kindWord(node, JSON_WORDS)}`}; it has no effect`,
  });
  return '';
}

type EntriesContext = EntryContext & { readonly marketplace: string; readonly file: string };

/** `index` is the number of the entry in `plugins`. */
type OneContext = EntriesContext & { readonly index: number };

function readEntries(items: readonly Located[], context: EntriesContext): readonly MarketplaceEntry[] {
  const entries = new Map<string, MarketplaceEntry>();
  for (const [index, item] of items.entries()) {
    const here = { ...context, path: ['plugins', String(index)] };
    const name = entryName(item, here);
    if (item.kind !== 'table' || name === null) continue;
    const own = { ...here, index, plugin: pluginId(name, context.marketplace) };
    if (entries.has(name)) {
      const at = item.entries.get('name') ?? item;
      left({ at, path: ['name'], message: 'is the name of an entry above', hint: 'the first one counts' }, own);
      continue;
    }
    const entry = readEntry(name, item, own);
    if (entry !== null) entries.set(name, entry);
  }
  return [...entries.values()];
}

function entryName(item: Located, context: CheckContext): string | null {
  if (item.kind !== 'table') {
    return left({ at: item, path: [], message: `must be an object, and is ${kindWord(item, JSON_WORDS)}` }, context);
  }
  const node = item.entries.get('name');
  if (node === undefined) return left({ at: item, path: [], message: 'has no `name`' }, context);
  const name = read.text(item, 'name');
  const why =
    name === undefined ? `must be a string, and is ${kindWord(node, JSON_WORDS)}` : folderNameProblem(name, 'name');
  if (name === undefined || why !== null) return left({ at: node, path: ['name'], message: why ?? '' }, context);
  return name;
}

function readEntry(name: string, entry: LocatedTable, context: OneContext): MarketplaceEntry | null {
  const policy = readPolicy(entry.entries.get('policy'), context);
  if (policy === null) return null;
  const source = readSource(entry.entries.get('source'), context, entry);
  if (source === null) return null;
  misspelt(entry, ENTRY_KEYS, context);
  return { name, source, ...policy, facts: readFacts(name, entry, context) };
}

type Policy = Pick<MarketplaceEntry, 'installPolicy' | 'authPolicy'>;

/** A policy that cannot be read keeps the plugin out: it may have said that the plugin is not to be installed. */
function readPolicy(node: Located | undefined, context: CheckContext): Policy | null {
  if (node === undefined) return { installPolicy: 'AVAILABLE', authPolicy: 'ON_INSTALL' };
  if (node.kind !== 'table') {
    const message = `must be an object, and is ${kindWord(node, JSON_WORDS)}`;
    return left({ at: node, path: ['policy'], message }, context);
  }
  misspelt(node, POLICY_KEYS, { ...context, path: [...context.path, 'policy'] });
  const installPolicy = oneOf(node, { key: 'installation', known: INSTALL_POLICIES }, context);
  const authPolicy = oneOf(node, { key: 'authentication', known: AUTH_POLICIES }, context);
  return installPolicy === null || authPolicy === null ? null : { installPolicy, authPolicy };
}

/** The first of `known` is the default. */
function oneOf<T extends string>(
  policy: LocatedTable,
  { key, known }: { readonly key: string; readonly known: readonly [T, ...T[]] },
  context: CheckContext,
): T | null {
  const node = policy.entries.get(key);
  if (node === undefined) return known[0];
  const text = read.text(policy, key);
  const value = known.find((candidate) => candidate === text);
  if (value !== undefined) return value;
  const message = `must be one of ${known.map((candidate) => `"${candidate}"`).join(', ')}`;
  return left({ at: node, path: ['policy', key], message }, context);
}

function readFacts(name: string, entry: LocatedTable, context: OneContext): EntryFacts {
  const components = COMPONENT_KEYS.flatMap((key) => {
    const node = entry.entries.get(key);
    return node === undefined ? [] : [[key, plainValue(node)] as const];
  });
  const { line, column } = entry.at;
  return {
    name,
    version: textOf(entry, 'version', context),
    description: textOf(entry, 'description', context),
    category: textOf(entry, 'category', context),
    mcpServers: mcpServersOf(entry, context),
    components: Object.fromEntries(components),
    file: context.file,
    ...(line === null || column === null ? {} : { place: { index: context.index, line, column } }),
  };
}

function textOf(entry: LocatedTable, key: string, context: CheckContext): string | null {
  const text = read.text(entry, key);
  const node = entry.entries.get(key);
  if (node === undefined || text !== undefined) return text ?? null;
  found({ ...context, path: [...context.path, key] }, node.at, {
    code: 'PLUGIN_WRONG_TYPE',
    severity: 'warning',
    message: `must be a string, and is ${kindWord(node, JSON_WORDS)}; it has no effect`,
  });
  return null;
}

/** Also under the spelling of config.toml. */
function mcpServersOf(entry: LocatedTable, context: CheckContext): JsonValue | undefined {
  const node = entry.entries.get('mcpServers');
  const wrong = entry.entries.get('mcp_servers');
  if (wrong !== undefined) {
    found({ ...context, path: [...context.path, 'mcp_servers'] }, wrong.origin, {
      code: 'PLUGIN_MCP_WRONG_KEY',
      severity: 'warning',
      message: `is the spelling of config.toml; ${node === undefined ? 'it is read all the same' : 'it has no effect beside `mcpServers`'}`,
      hint: 'rename the key to `mcpServers`',
    });
  }
  const used = node ?? wrong;
  return used === undefined ? undefined : plainValue(used);
}

/** Keys that look like one that counts. Others belong to other clients, and nobody is told of them. */
function misspelt(table: LocatedTable, known: readonly string[], context: CheckContext): void {
  for (const [key, value] of table.entries) {
    const near = known.includes(key) || key === 'mcp_servers' ? null : nearest(key, known);
    if (near === null || table.entries.has(near)) continue;
    found({ ...context, path: [...context.path, key] }, value.origin, {
      code: 'PLUGIN_UNKNOWN_KEY',
      severity: 'warning',
      message: 'is not known, and has no effect',
      hint: `did you mean \`${near}\`?`,
    });
  }
}

function unusable(
  message: string,
  at: { readonly file?: string | null; readonly line?: number | null; readonly column?: number | null },
): AppError {
  const where = [at.file, at.line, at.column].filter((part) => part !== undefined && part !== null).join(':');
  return new AppError('MARKETPLACE_INVALID', `the manifest of the marketplace cannot be used: ${message}`, { where });
}
