import { existsSync } from 'node:fs';
import { printableLine } from '../../../kernel/index.ts';
import { dataFolder, pluginId as idOf } from '../../../marketplace/index.ts';
import type { Input } from '../../command.ts';
import type { RemovedPlugin, SwitchedPlugin } from '../../plugin-reports.ts';
import type { CliCommand, CliContext } from '../context.ts';
import { laidNotes } from '../given-values.ts';
import { findCopy, pluginCopies } from '../plugin-copies.ts';
import {
  atPluginDesk,
  findInstalled,
  idParts,
  MARKETPLACE_OPTION,
  notInstalled,
  PLUGIN_ARGUMENT,
  parseSelector,
} from '../plugin-desk.ts';
import { forgetPlugin, switchPlugin, whereEnabled } from '../plugin-switch.ts';
import { reloadRunning } from '../running.ts';
import { secretsOf } from '../settings/settings-desk.ts';
import { freshNotes } from '../user-config.ts';

export const pluginRemove: CliCommand<RemovedPlugin> = {
  name: 'plugin remove',
  summary: 'Uninstall a plugin and remove its files',
  examples: ['plugboard plugin remove sample@debug', 'plugboard plugin remove sample --marketplace debug'],
  args: [PLUGIN_ARGUMENT],
  options: [MARKETPLACE_OPTION],
  run: (context, input) => removePlugin(context, input),
  render: ({ pluginId, wasInstalled, notes }) =>
    lines(wasInstalled ? `Removed plugin '${pluginId}'.` : `Plugin '${pluginId}' is not installed.`, notes),
  exitCode: () => 0,
};

/** One that is not there is removed already; only without its marketplace nobody can say which one that would be. */
function removePlugin(context: CliContext, input: Input): Promise<RemovedPlugin> {
  const selector = parseSelector(input);
  return atPluginDesk(context, { changes: true, evenOff: true }, async (desk) => {
    const { plugins } = desk;
    const installed = plugins.installed().plugins;
    const found = findInstalled(installed, selector) ?? findCopy(pluginCopies(desk, installed), selector);
    if (found === null && selector.marketplace === null) throw notInstalled(selector, installed);
    const pluginId = found?.pluginId ?? idOf(selector.name, selector.marketplace ?? '');
    const wasThere = plugins.cached(pluginId).length > 0;
    const filed = await plugins.remove(pluginId);
    const wasInstalled = filed !== null || wasThere;
    const { name, marketplaceName: marketplace } = idParts(pluginId);
    const data = dataFolder(context.home, { name, marketplace });
    const kept = wasInstalled && existsSync(data) ? [`what it kept stays: ${data}`] : [];
    const secrets = wasInstalled ? await secretsOf(context, pluginId) : [];
    const notes = [...(await forgetPlugin(context, pluginId)), ...kept, ...secretNotes(pluginId, secrets)];
    if (wasInstalled) await reloadRunning(context);
    return {
      schemaVersion: 1,
      ...idParts(pluginId),
      wasInstalled,
      receipt: filed === null ? null : { file: filed.file, digest: filed.digest },
      notes,
    };
  });
}

function secretNotes(pluginId: string, [first, ...others]: readonly string[]): readonly string[] {
  if (first === undefined) return [];
  const names = [first, ...others].join(', ');
  return [`its secrets stay: ${names}; to take one away: plugboard secret unset ${first} --for ${pluginId}`];
}

export const pluginEnable: CliCommand<SwitchedPlugin> = {
  name: 'plugin enable',
  summary: 'Let the servers of a plugin run again',
  args: [PLUGIN_ARGUMENT],
  options: [MARKETPLACE_OPTION],
  run: (context, input) => setEnabled(context, input, true),
  ...switched(),
};

export const pluginDisable: CliCommand<SwitchedPlugin> = {
  name: 'plugin disable',
  summary: 'Keep the servers of a plugin from running; it stays installed',
  args: [PLUGIN_ARGUMENT],
  options: [MARKETPLACE_OPTION],
  run: (context, input) => setEnabled(context, input, false),
  ...switched(),
};

function setEnabled(context: CliContext, input: Input, enabled: boolean): Promise<SwitchedPlugin> {
  const selector = parseSelector(input);
  return atPluginDesk(context, { changes: true, evenOff: !enabled }, async ({ plugins }) => {
    const installed = plugins.installed().plugins;
    const found = findInstalled(installed, selector);
    if (found === null) throw notInstalled(selector, installed);
    const { pluginId } = found;
    const edit = await switchPlugin(context, pluginId, enabled);
    const given = enabled && edit.changed ? laidNotes(found, { config: edit.after.config, installed }) : [];
    return {
      schemaVersion: 1,
      ...idParts(pluginId),
      enabled,
      changed: edit.changed,
      where: edit.changed ? edit.file : (whereEnabled(edit.after.config, pluginId) ?? edit.file),
      notes: [...freshNotes(edit), ...given],
    };
  });
}

function switched(): Pick<CliCommand<SwitchedPlugin>, 'render' | 'exitCode'> {
  return {
    render: ({ pluginId, enabled, changed, where, notes }) => {
      const state = enabled ? 'enabled' : 'disabled';
      return lines(`Plugin '${pluginId}' is ${state} ${changed ? 'now' : 'already'}.`, notes, where);
    },
    exitCode: () => 0,
  };
}

function lines(message: string, notes: readonly string[], where?: string): string {
  return [
    message,
    ...(where === undefined ? [] : [`  ${where}`]),
    ...notes.map((note) => printableLine(`note: ${note}`)),
  ].join('\n');
}
