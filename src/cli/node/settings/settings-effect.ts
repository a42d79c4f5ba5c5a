import type { Consumer } from '../../../secrets/index.ts';
import { serversReading } from '../../../servers/index.ts';
import { settingSecretName } from '../../../settings/index.ts';
import type { CliContext } from '../context.ts';
import { loadServers } from '../known-servers.ts';
import { isEnabled } from '../plugin-switch.ts';
import { statusOfOurs } from '../running.ts';

/** What comes of changed settings. */
export type SettingsEffect = {
  /** Servers that the running host starts again, by the names agents see. It follows the files by itself. */
  readonly restarts: readonly string[];
  readonly notes: readonly string[];
};

/** @param keys Those that were changed. */
export async function effectOf(
  context: CliContext,
  pluginId: string,
  keys: readonly string[],
): Promise<SettingsEffect> {
  const [{ servers, loaded }, running] = await Promise.all([loadServers(context), statusOfOurs(context)]);
  const enable = `'${pluginId}' is disabled; to enable it: plugboard plugin enable ${pluginId}`;
  const notes = isEnabled(loaded.config, pluginId) ? [] : [enable];
  if (running === null) return { restarts: [], notes };
  const shown = new Set(running.servers.map(({ name }) => name));
  const consumer: Consumer = { kind: 'plugin', id: pluginId };
  const { restarts } = serversReading(
    servers,
    keys.map((key) => ({ name: settingSecretName(key), consumer })),
  );
  return { restarts: restarts.filter((name) => shown.has(name)), notes };
}
