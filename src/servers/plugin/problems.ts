import { renderKey } from '../../config/index.ts';
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
