import {
  escapeReferences,
  type Located,
  type LocatedTable,
  mapTexts,
  read,
  scanReferences,
} from '../../config/index.ts';
import { kindOf, type Reading, tell } from '../reading.ts';

/**
 * The manifest of an MCPB bundle (earlier DXT), unpacked: one program with its settings.
 *
 * @see MCPB Manifest Specification 0.4
 */
export const MCPB_FILE = 'manifest.json';

/** Keys that are read, and what a manifest calls them elsewhere. */
const READ: Readonly<Record<string, string>> = {
  name: 'name',
  version: 'version',
  description: 'description',
  homepage: 'homepage',
  display_name: 'displayName',
  user_config: 'user_config',
};
/** Keys of the standard that change nothing here. */
const OTHERS = (
  '$schema manifest_version dxt_version server author repository documentation support license keywords icon icons screenshots tools ' +
  'tools_generated prompts prompts_generated privacy_policies compatibility long_description localization _meta'
).split(' ');
const OF_PROGRAM = ['command', 'args', 'env'];
const HOME = '${env:HOME}';
const MEANINGS: Readonly<Record<string, string>> = {
  '${__dirname}': '${PLUGIN_ROOT}',
  '${HOME}': HOME,
  '${DESKTOP}': `${HOME}/Desktop`,
  '${DOCUMENTS}': `${HOME}/Documents`,
  '${DOWNLOADS}': `${HOME}/Downloads`,
  '${/}': '/',
  '${pathSeparator}': '/',
};

/** Whether a `manifest.json` is one of MCPB: other programs have files of that name, too. */
export function isMcpb(manifest: Located): manifest is LocatedTable {
  return (
    manifest.kind === 'table' &&
    ['manifest_version', 'dxt_version'].some((key) => read.text(manifest, key) !== undefined) &&
    manifest.entries.get('server')?.kind === 'table'
  );
}

/** The manifest as those of other families say it, with its program as the one server, called as the bundle. */
export function readMcpbManifest(reading: Reading, manifest: LocatedTable): LocatedTable {
  const entries = new Map<string, Located>();
  for (const [key, value] of manifest.entries) {
    const to = Object.hasOwn(READ, key) ? READ[key] : undefined;
    if (to !== undefined) entries.set(to, value);
    else if (!OTHERS.includes(key)) {
      const message = 'is not a key of MCPB, and has no effect';
      tell(reading, { key: [key], place: value.origin }, { code: 'PLUGIN_UNKNOWN_KEY', severity: 'warning', message });
    }
  }
  const server = programOf(reading, manifest);
  if (server !== null) {
    const name = read.text(manifest, 'name') ?? 'server';
    entries.set('mcpServers', { ...server, entries: new Map([[name, server]]) });
  }
  return { ...manifest, entries };
}

/** `server.mcp_config` under the keys of other families; null when there is none, which was reported. */
function programOf(reading: Reading, manifest: LocatedTable): LocatedTable | null {
  const server = read.tableAt(manifest, 'server');
  const config = server?.entries.get('mcp_config');
  if (config?.kind !== 'table') {
    const place = (config ?? server ?? manifest).at;
    const what = config === undefined ? 'is missing' : `must be an object, and is ${kindOf(config)}`;
    const message = `${what}; it says how the server is started, so there is none`;
    tell(reading, { key: ['server', 'mcp_config'], place }, { code: 'PLUGIN_WRONG_TYPE', message });
    return null;
  }
  const entries = new Map<string, Located>();
  for (const [key, value] of config.entries) {
    if (OF_PROGRAM.includes(key)) {
      entries.set(
        key,
        mapTexts(value, [key], (node, text) => ({ ...node, value: ourSpelling(text) })),
      );
      continue;
    }
    const message =
      key === 'platform_overrides'
        ? 'is not read: the server is started the same way on every platform'
        : 'is not a key of MCPB, and has no effect';
    const at = { key: ['server', 'mcp_config', key], place: value.origin };
    tell(reading, at, { code: 'PLUGIN_UNKNOWN_KEY', severity: 'warning', message });
  }
  return { ...config, entries };
}

/** A text of MCPB in the spelling of Codex's files: what it refers to is known there, too, and what is text stays text. */
function ourSpelling(text: string): string {
  return text.replaceAll(/\$\{[^${}]*\}/g, (reference) => {
    if (Object.hasOwn(MEANINGS, reference)) return MEANINGS[reference] ?? reference;
    const [piece] = scanReferences(reference, 'canonical');
    return piece?.kind === 'setting' ? reference : escapeReferences(reference);
  });
}
