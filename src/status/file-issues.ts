import { join } from 'node:path';
import type { Issue } from '../kernel/index.ts';
import type { Integrity } from '../marketplace/index.ts';
import type { PluginInput } from '../servers/index.ts';

/** Of files that were added, so many are named; the rest is counted. */
const MOST_NAMED = 5;

/** What the last look at the files of each plugin found, as issues. */
export function issuesOfFiles(
  plugins: readonly PluginInput[],
  integrity: ReadonlyMap<string, Integrity>,
): readonly Issue[] {
  return plugins.flatMap(({ pluginId, env }) => {
    const found = integrity.get(pluginId);
    return found === undefined ? [] : integrityIssues(pluginId, env['PLUGIN_ROOT'] ?? '', found);
  });
}

/** @param root Absolute folder of its files. */
function integrityIssues(pluginId: string, root: string, integrity: Integrity): readonly Issue[] {
  switch (integrity.kind) {
    case 'tampered':
      return [
        {
          code: 'PLUGIN_TAMPERED',
          severity: 'error',
          message: `${integrity.path} of ${pluginId} was ${integrity.change} after it was installed; its servers are not started`,
          hint: `run: plugboard plugin add ${pluginId}`,
          file: join(root, integrity.path),
          plugin: pluginId,
        },
      ];
    case 'intact':
      return integrity.added.length === 0 ? [] : [addedIssue(pluginId, root, integrity.added)];
    default:
      return integrity satisfies never;
  }
}

function addedIssue(pluginId: string, root: string, added: readonly string[]): Issue {
  const named = added.slice(0, MOST_NAMED).join(', ');
  const more = added.length > MOST_NAMED ? ` and ${added.length - MOST_NAMED} more` : '';
  return {
    code: 'PLUGIN_FILE_ADDED',
    severity: 'warning',
    message: `${pluginId} has files that were not installed with it: ${named}${more}`,
    hint: `remove them, or run: plugboard plugin add ${pluginId}`,
    file: join(root, added[0] ?? ''),
    plugin: pluginId,
  };
}
