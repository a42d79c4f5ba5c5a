import { byPlace } from '../config/index.ts';
import { type Issue, limitIssues, shorten } from '../kernel/index.ts';
import type { Setting } from '../settings/index.ts';
import { readAgentDeclarations } from './agent/declarations.ts';
import { readApps, readParts } from './manifest/components.ts';
import { placeInEntry } from './manifest/entry-key.ts';
import { readHooks } from './manifest/hooks.ts';
import { readIdentity, readPresentation } from './manifest/identity.ts';
import { type Manifest, readManifest } from './manifest/manifest.ts';
import { readSettings } from './manifest/settings.ts';
import { fileOf, type Reading } from './reading.ts';
import { readDeclarations } from './server/declarations.ts';
import { readServer } from './server/plugin-server.ts';
import { describeRequests } from './server/server-requests.ts';
import type { EntryFacts, ParsedPlugin, ParseOptions, Plugin, PluginServer } from './types.ts';

/**
 * Reads a bundle of any family. Never throws, and runs nothing: what is wrong with a part becomes an issue with its place,
 * and the rest works. A server with errors is in the plugin, with its `problems`.
 *
 * @returns `plugin` null when the manifest cannot be used, or there is neither a manifest nor anything to bring.
 */
export function parsePlugin({ bundle, entry, dataDir }: ParseOptions): ParsedPlugin {
  const issues: Issue[] = [];
  const reading: Reading = { bundle, report: (issue) => void issues.push(issue) };
  const manifest = readManifest(reading, entry);
  const plugin = manifest === null ? null : readPlugin(reading, manifest, { entry, dataDir });
  return placeInEntry({ plugin, issues: inOrder(issues) }, entry);
}

type Around = { readonly entry: EntryFacts | null; readonly dataDir: string };

function readPlugin(reading: Reading, manifest: Manifest, { entry, dataDir }: Around): Plugin | null {
  const identity = readIdentity(reading, manifest, entry);
  if (identity === null) return null;
  const settings = readSettings(reading, manifest);
  const { servers, mcpPath } = readServers(reading, manifest, { entry, dataDir, settings });
  const plugin: Plugin = {
    family: manifest.family,
    ...identity,
    ...readPresentation(reading, manifest, entry),
    manifestPath: manifest.path,
    mcpPath,
    servers,
    settings,
    hooks: readHooks(reading, manifest),
    skills: readParts(reading, manifest, 'skills'),
    commands: readParts(reading, manifest, 'commands'),
    agents: readParts(reading, manifest, 'agents'),
    apps: readApps(reading, manifest),
  };
  if (manifest.path === null && isEmpty(plugin)) {
    reading.report({
      code: 'PLUGIN_MANIFEST_INVALID',
      severity: 'error',
      message: 'the folder has no manifest of a plugin, and nothing that a plugin brings',
      hint: 'add `.codex-plugin/plugin.json`, or name the folder of a plugin',
      file: fileOf(reading.bundle, ''),
    });
    return null;
  }
  return plugin;
}

function isEmpty({ servers, hooks, skills, commands, agents, apps }: Plugin): boolean {
  return [servers, hooks, skills, commands, agents, apps].every((parts) => parts.length === 0);
}

function readServers(
  reading: Reading,
  manifest: Manifest,
  { entry, dataDir, settings }: Around & { readonly settings: readonly Setting[] },
): { readonly servers: readonly PluginServer[]; readonly mcpPath: string | null } {
  const { agentVersion } = manifest;
  const family = isClaudeEntry(manifest, entry) ? 'claude' : manifest.family;
  const declared =
    agentVersion === null
      ? { ...readDeclarations(reading, manifest, entry), refusal: null }
      : readAgentDeclarations(reading, agentVersion);
  const options = {
    reading,
    family,
    agentVersion,
    dataDir,
    settings: new Map(settings.map((setting) => [setting.key, setting])),
    refusal: declared.refusal,
  };
  const servers = declared.servers.flatMap((declaration) => readServer(declaration, options) ?? []);
  noteRequests(reading, servers);
  return { servers, mcpPath: declared.mcpPath };
}

/** Whether a plugin without a manifest is written for Claude: it is listed where Claude lists plugins. */
function isClaudeEntry({ path }: Manifest, entry: EntryFacts | null): boolean {
  return path === null && entry !== null && /[\\/]\.claude-plugin[\\/]marketplace\.json$/.test(entry.file);
}

/** One note for all that the servers ask for. */
function noteRequests(reading: Reading, servers: readonly PluginServer[]): void {
  const asking = servers.flatMap(({ entry, requests }) => {
    const wants = describeRequests(requests);
    return wants.length === 0 ? [] : [{ entry, text: `${entry.name}: ${wants.join(', ')}` }];
  });
  const [first] = asking;
  if (first === undefined) return;
  const { file, line, column } = first.entry.origin;
  reading.report({
    code: 'PLUGIN_REQUEST',
    severity: 'note',
    message: shorten(
      `it asks for what is not in force until you accept it. ${asking.map(({ text }) => text).join('; ')}`,
      2000,
    ),
    ...(file === null ? {} : { file }),
    ...(line === null || column === null ? {} : { line, column }),
  });
}

/** File by file as they were read, each as one reads it. */
function inOrder(issues: readonly Issue[]): readonly Issue[] {
  const files = [...new Set(issues.map(({ file }) => file))];
  const rank = new Map(files.map((file, index) => [file, index]));
  const sorted = issues.toSorted((a, b) => (rank.get(a.file) ?? 0) - (rank.get(b.file) ?? 0) || byPlace(a, b));
  return limitIssues(sorted);
}
