import { isAbsolute, resolve, sep } from 'node:path';
import { type Piece, renderKey, scanReferences } from '../../config/index.ts';
import { type Issue, nearest } from '../../kernel/index.ts';
import type { ResolveInput } from '../types.ts';
import { settingUses, variablesOfFiles } from '../values/value-sources.ts';
import { atPlace } from '../verdict-parts.ts';
import type { PluginClaim } from './claims.ts';
import type { LaidTable, MergedServer } from './merge.ts';
import type { PluginValues } from './setting-values.ts';

/** What is wrong with the entries of config.toml that are laid over a server. */
export function overlayProblems(laid: readonly LaidTable[], { config }: ResolveInput): readonly Issue[] {
  return laid
    .flatMap(({ path }) => (path[0] === 'mcp_servers' ? (config.servers.get(path[1] ?? '')?.problems ?? []) : []))
    .filter(({ code }) => code !== 'CONFIG_NO_TRANSPORT');
}

/** What is wrong with the values of the settings that a server refers to. */
export function wrongValues(merged: MergedServer | null, { wrong }: PluginValues): readonly Issue[] {
  const keys = new Set(merged === null ? [] : settingUses(merged.table).map(({ setting }) => setting));
  return [...keys].flatMap((key) => wrong.get(key) ?? []);
}

/** Settings that a server refers to and the plugin does not declare: in the plugin's files, and in what the user wrote. */
export function undeclaredIn(
  merged: MergedServer | null,
  { claim, values }: { readonly claim: PluginClaim; readonly values: PluginValues },
): { readonly undeclared: readonly string[]; readonly unknown: readonly Issue[] } {
  const uses = (merged === null ? [] : settingUses(merged.table)).filter(
    ({ setting }) => !values.settings.has(setting),
  );
  const ofFiles = uses.filter(({ at }) => at.layer === 'plugin').map(({ setting }) => setting);
  const unknown = uses
    .filter(({ at }) => at.layer !== 'plugin')
    .map(({ setting, path, at }): Issue => {
      const near = nearest(setting, values.settings.keys());
      const key = renderKey(['mcp_servers', claim.server, ...path]);
      return {
        code: 'PLUGIN_REFERENCE',
        severity: 'error',
        message: `${key} refers to a setting that ${claim.pluginId} does not declare`,
        hint:
          near === null ? `see: plugboard plugin show ${claim.pluginId}` : `did you mean \`\${user_config.${near}}\`?`,
        ...atPlace(at),
        key,
      };
    });
  return { undeclared: [...new Set(ofFiles)].sort(), unknown };
}

/**
 * Where a plugin's own files leave their working folder or program to a setting or a variable, and what they put in its place
 * as long as the user says nothing leads out of the plugin. A value of the user may lead anywhere.
 */
export function defaultsOutside(
  merged: MergedServer | null,
  { claim, values }: { readonly claim: PluginClaim; readonly values: PluginValues },
): readonly Issue[] {
  const { PLUGIN_ROOT: root, PLUGIN_DATA: data } = claim.input.env;
  if (merged === null || root === undefined || data === undefined) return [];
  const inside = (path: string): boolean =>
    [root, data].some((folder) => path === folder || path.startsWith(folder + sep));
  return (['command', 'cwd'] as const).flatMap((name): readonly Issue[] => {
    const node = merged.table.entries.get(name);
    if (node?.kind !== 'scalar' || typeof node.value !== 'string' || node.at.layer !== 'plugin') return [];
    const pieces = scanReferences(node.value, 'canonical');
    const next = pieces[0] === undefined ? null : stepInstead(pieces[0], { claim, values });
    const path = pieces.map((piece) => textOf(piece, values)).join('');
    // A program that is found by its name, or has an absolute path, may stand in the files of a plugin, too.
    const isFree = name === 'command' && (isAbsolute(path) || !/[/\\]/.test(path));
    if (next === null || isFree || inside(resolve(root, path))) return [];
    return [
      {
        code: 'PLUGIN_PATH_ESCAPES',
        severity: 'error',
        message: `the ${name} of ${claim.server} leads out of its plugin as long as you say nothing else`,
        hint: next,
        ...atPlace(node.at),
        key: renderKey(['mcpServers', claim.server, name]),
      },
    ];
  });
}

/** How a user says something else than the plugin does for a reference; null where the plugin says nothing for it. */
function stepInstead(
  piece: Piece,
  { claim, values }: { readonly claim: PluginClaim; readonly values: PluginValues },
): string | null {
  if (piece.kind === 'setting')
    return values.byDefault.has(piece.key) ? `run: plugboard plugin configure ${claim.pluginId}` : null;
  if (piece.kind !== 'env' || piece.fallback === null) return null;
  return `write a \`cwd\` or \`command\` of your own into [plugins."${claim.pluginId}".mcp_servers.${claim.server}]`;
}

/** What a plugin puts in the place of a part of a text. */
function textOf(piece: Piece, { settings }: PluginValues): string {
  if (piece.kind === 'text') return piece.text;
  if (piece.kind === 'setting') return settings.get(piece.key)?.values?.join('') ?? '';
  return piece.kind === 'env' ? (piece.fallback ?? 'x') : 'x';
}

/** Variables that the plugin's own files name and that nobody was shown. */
export function unagreedIn(
  merged: MergedServer | null,
  { input: { agreedVariables } }: PluginClaim,
): readonly string[] {
  if (merged === null || agreedVariables === null) return [];
  return variablesOfFiles(merged.table).filter((name) => !agreedVariables.includes(name));
}

/**
 * What is wrong in the files of a plugin. Those of an installed one are not for its user to correct: a changed file would
 * block it, so only the maintainer is told how. One that comes from no marketplace is served where it is written.
 */
export function inBundle({ input }: PluginClaim, problems: readonly Issue[]): readonly Issue[] {
  if (input.marketplaceSource === null) return problems;
  return problems.map(({ hint: _hint, ...problem }) => problem);
}

/** What is wrong in what the user wrote is for the user to correct. */
export function ofUser(problem: Issue): Issue {
  const { key, file, line } = problem;
  if (problem.hint !== undefined || key === undefined) return problem;
  const where = [file, line].filter((part) => part !== undefined).join(':');
  return { ...problem, hint: `correct ${key}${where === '' ? '' : ` in ${where}`}` };
}

/** Why a plugin whose files are as they were installed has no declaration to show. */
export function unreadable({ pluginId, input }: PluginClaim, issues: readonly Issue[]): readonly Issue[] {
  if (input.standing.kind !== 'ready') return [];
  return issues.filter(({ plugin, severity }) => plugin === pluginId && severity === 'error');
}
