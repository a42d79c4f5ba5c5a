import { loadConfig } from '../../../config/node/index.ts';
import { AppError, printable } from '../../../kernel/index.ts';
import { renderNotes } from '../../render-secrets.ts';
import { missingSettings, type SettingState } from '../../settings/setting-states.ts';
import { askYesNo } from '../ask.ts';
import type { CliContext } from '../context.ts';
import { askSettings } from './ask-settings.ts';
import { type ConfigurablePlugin, lookAtSettings, withSettings } from './settings-desk.ts';
import { readConfigurable } from './settings-plugin.ts';

/** The settings of an installed plugin as they are now, without a question; null when its files cannot be read. */
export async function settingsNow(context: CliContext, pluginId: string): Promise<readonly SettingState[] | null> {
  const found = await readOrNull(context, pluginId);
  return found === null ? null : (await lookAtSettings(context, found)).settings;
}

/** Keys of required settings without a value, of a plugin that was just installed or upgraded. */
export async function missingNow(context: CliContext, pluginId: string): Promise<readonly string[]> {
  return missingSettings((await settingsNow(context, pluginId)) ?? []);
}

/**
 * Asks for the settings of a plugin that was just installed, when required ones have no value. Whatever is answered, the
 * plugin stays installed. Only where a person can be asked (`CliContext.interactive`).
 *
 * @returns Keys of required settings that have no value then.
 */
export async function askOnInstall(context: CliContext, pluginId: string): Promise<readonly string[]> {
  const found = await readOrNull(context, pluginId);
  const missing = found === null ? [] : (await lookAtSettings(context, found)).missing;
  if (found === null || missing.length === 0) return missing;
  const say = (text: string): void => context.err.write(printable(`${text}\n`));
  say(`\n'${pluginId}' is installed, and needs settings: ${missing.join(', ')}.`);
  if ((await askYesNo('Set them now?', 'yes')) !== 'yes') return missing;
  try {
    return await askNow(context, found, say);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === 'SECRET_CANCELLED') say(`\nStopped: nothing was set. Later: ${found.command}\n`);
    else say(`plugboard: ${error.message}\n  ${error.hint} [${error.code}]`);
    return missing;
  }
}

function askNow(
  context: CliContext,
  found: ConfigurablePlugin,
  say: (text: string) => void,
): Promise<readonly string[]> {
  return withSettings(context, found, async (desk) => {
    await desk.apply(await askSettings(desk));
    for (const note of renderNotes(desk.notes)) say(note);
    say('');
    return missingSettings(await desk.states());
  });
}

/** What is wrong with its files is told by whoever shows the plugin. */
async function readOrNull(context: CliContext, pluginId: string): Promise<ConfigurablePlugin | null> {
  const { config } = await loadConfig(context.loadOptions);
  return readConfigurable(context, config, pluginId).catch((error: unknown) => {
    if (error instanceof AppError) return null;
    throw error;
  });
}
