import {
  type Config,
  get,
  type KeyPath,
  parseLayer,
  removeServer,
  renderKey,
  setKey,
  unsetKey,
} from '../../config/index.ts';
import { AppError, isJsonObject } from '../../kernel/index.ts';
import { namesMeaning, pluginServerSwitch } from '../../servers/index.ts';
import { type ServerEdited, switchedReport } from '../server-edited.ts';
import type { CliContext } from './context.ts';
import { calledByPlugins, type KnownServers, type PluginServerKnown } from './known-servers.ts';
import { editUserConfig, freshNotes } from './user-config.ts';

/**
 * Writes `enabled` into the policy for a server of a plugin, in the user's file; to enable, first by taking out what turned
 * it off. What turned off others of its name as well is then written into the policy of each of those.
 *
 * @throws AppError `CONFIG_EDIT_REFUSED` when a file that counts more says otherwise
 */
export async function setPluginServerEnabled(
  context: CliContext,
  {
    known,
    server,
    wanted,
  }: { readonly known: KnownServers; readonly server: PluginServerKnown; readonly wanted: boolean },
): Promise<ServerEdited> {
  const { name, owner } = server;
  const key = enabledKey(server);
  const namesakes = calledByPlugins(known, owner.server).filter((other) => other.owner.pluginId !== owner.pluginId);
  const switchIn = (config: Config) => switchOf(config, known, server);
  const edit = await editUserConfig(context, (text, evaluate) => {
    const isSo = (next: string): boolean => switchIn(evaluate(next).config).enabled === wanted;
    if (isSo(text)) return text;
    const named = withoutSwitches(text, [...new Set([...namesMeaning(owner), name])], !wanted);
    const without = wanted ? withoutEmpty(unsetKey(named, key), key) : named;
    const own = isSo(without) ? without : setKey(without, key, wanted);
    const { config: before } = evaluate(text);
    const { config: after } = evaluate(own);
    const next = namesakes
      .filter((other) => !switchOf(before, known, other).enabled && switchOf(after, known, other).enabled)
      .reduce((so, other) => setKey(so, enabledKey(other), false), own);
    if (isSo(next)) return next;
    const state = wanted ? 'disabled' : 'enabled';
    throw new AppError('CONFIG_EDIT_REFUSED', `'${name}' is ${state} by what counts more than the user's file`, {
      where: placeOf(switchIn(evaluate(next).config).origin) ?? '-c',
      hint: 'change it there',
    });
  });
  const said = placeOf(switchIn(edit.after.config).origin);
  const notes = [...freshNotes(edit), ...(wanted ? pluginOffNotes(edit.after.config, owner.pluginId) : [])];
  return switchedReport({ name, wanted }, { ...edit, said }, notes);
}

function enabledKey({ owner }: PluginServerKnown): KeyPath {
  return ['plugins', owner.pluginId, 'mcp_servers', owner.server, 'enabled'];
}

function switchOf(config: Config, known: KnownServers, { name, owner }: PluginServerKnown) {
  const input = known.plugins.plugins.find(({ pluginId }) => pluginId === owner.pluginId);
  const declared = input?.plugin?.servers.find(({ entry }) => entry.name === owner.server)?.entry ?? null;
  return pluginServerSwitch(config, { name, owner, declared });
}

/** An enabled server of a plugin that is off does not run all the same. */
function pluginOffNotes(config: Config, pluginId: string): readonly string[] {
  if (config.pluginsOff !== null) return ['all plugins are turned off by features.plugins'];
  const isOn = config.plugins.get(pluginId)?.enabled ?? config.pluginsEnabledByDefault.enabled;
  return isOn ? [] : [`the plugin ${pluginId} is disabled; run: plugboard plugin enable ${pluginId}`];
}

/** Without what the entries of these names say of being on or off, where that is `state`; an entry that says no more goes. */
function withoutSwitches(text: string, names: readonly string[], state: boolean): string {
  return names.reduce((next, name) => {
    const entry = valueAt(next, ['mcp_servers', name]);
    if (!isJsonObject(entry) || entry['enabled'] !== state || 'command' in entry || 'url' in entry) return next;
    return Object.keys(entry).length === 1
      ? removeServer(next, name)
      : unsetKey(next, ['mcp_servers', name, 'enabled']);
  }, text);
}

/** Without the tables around a key that are empty now, from the innermost. */
function withoutEmpty(text: string, key: KeyPath): string {
  const around = [4, 3, 2].map((length) => key.slice(0, length));
  return around.reduce((next, path) => {
    const left = valueAt(next, path);
    return isJsonObject(left) && Object.keys(left).length === 0 ? unsetKey(next, path) : next;
  }, text);
}

function valueAt(text: string, path: KeyPath): unknown {
  return get({ layers: [parseLayer(text, 'config.toml')] }, renderKey(path));
}

function placeOf(origin: { readonly file: string | null; readonly line: number | null } | null): string | null {
  if (origin === null || origin.file === null) return null;
  return [origin.file, origin.line].filter((part) => part !== null).join(':');
}
