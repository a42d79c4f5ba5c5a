import {
  type Config,
  type KeyPath,
  locate,
  parseLayer,
  setKey,
  type TomlInput,
  unsetKey,
} from '../../../config/index.ts';
import { loadConfig } from '../../../config/node/index.ts';
import { AppError, type JsonValue, type Secret } from '../../../kernel/index.ts';
import type { Plugin } from '../../../plugins/index.ts';
import type { Consumer, SecretSource } from '../../../secrets/index.ts';
import type { SecretStore } from '../../../secrets/node/index.ts';
import { type Setting, settingSecretName } from '../../../settings/index.ts';
import { missingSettings, type SettingState, settingStates } from '../../settings/setting-states.ts';
import type { CliContext } from '../context.ts';
import { withSecretStore } from '../secret-store.ts';
import { editUserConfig } from '../user-config.ts';
import type { CheckedSetting } from './check-setting.ts';

/** A plugin whose files could be read: an installed one, or one that is run from its folder. */
export type ConfigurablePlugin = {
  readonly pluginId: string;
  readonly plugin: Plugin;
  /** The command that this is for, such as `plugboard plugin configure poka@acme`. */
  readonly command: string;
  readonly isInstalled: boolean;
};

/** What becomes of one setting: a sensitive one goes into the store, every other as it is into config.toml. */
export type SettingChange = { readonly setting: Setting } & (
  | { readonly to: 'secret'; readonly value: Secret; readonly source: SecretSource }
  | { readonly to: 'plain'; readonly value: JsonValue }
  | { readonly to: 'unset' }
);

/** What becomes of a setting whose value was found to be right. @param source Where the value came from; kept of a secret. */
export function changeOf(
  setting: Setting,
  checked: Exclude<CheckedSetting, { readonly kind: 'wrong' }>,
  source: SecretSource | null,
): SettingChange {
  if (checked.kind === 'plain') return { setting, to: 'plain', value: checked.value };
  if (source === null) throw new Error('a secret from the command line');
  return { setting, to: 'secret', value: checked.value, source };
}

/** Where the settings of one plugin are looked at and changed. */
export type SettingsDesk = ConfigurablePlugin & {
  readonly context: CliContext;
  /** As they are now. */
  readonly states: () => Promise<readonly SettingState[]>;
  /** What the configuration says of those that are not sensitive. */
  readonly config: () => Promise<Config>;
  /**
   * Stores all of it: first what is sensitive, then the rest in one edit, so that a store that cannot be used leaves
   * everything as it was.
   *
   * @throws AppError what the store and the edit throw; the message says what was stored before that
   */
  readonly apply: (changes: readonly SettingChange[]) => Promise<void>;
  readonly notes: readonly string[];
};

/**
 * Runs `use` with the settings of a plugin. The secret store is opened only for a plugin with sensitive ones.
 *
 * @throws AppError what opening the store, and `use`, throw
 */
export async function withSettings<T>(
  context: CliContext,
  of: ConfigurablePlugin,
  use: (desk: SettingsDesk) => Promise<T>,
): Promise<T> {
  const { pluginId, plugin } = of;
  const notes: string[] = [];
  const run = (store: SecretStore | null, storeNotes: readonly string[]): Promise<T> => {
    const config = async (): Promise<Config> => (await loadConfig(context.loadOptions)).config;
    const states = async (): Promise<readonly SettingState[]> => {
      const secrets = store === null ? [] : (await store.open()).names(consumerOf(pluginId));
      const values = (await config()).plugins.get(pluginId)?.values ?? new Map();
      return settingStates(plugin.settings, { values, secrets: new Set(secrets) });
    };
    return use({
      ...{ ...of, context, states, config },
      apply: (changes) => apply(changes, { context, pluginId, store, note: (line) => void notes.push(line) }),
      get notes() {
        return [...storeNotes, ...notes];
      },
    });
  };
  if (!plugin.settings.some(({ sensitive }) => sensitive)) {
    if (context.globals.passphraseFile !== null)
      notes.push('--passphrase-file was not needed: the plugin has no sensitive setting');
    return run(null, []);
  }
  return withSecretStore(context, (opened) => run(opened.store, opened.notes));
}

/** The settings as they are, without asking anybody for anything: where the store does not open, it is not known which are set. */
export async function lookAtSettings(
  context: CliContext,
  of: ConfigurablePlugin,
): Promise<{ readonly settings: readonly SettingState[]; readonly missing: readonly string[] }> {
  const silent = { ...context, interactive: false };
  const settings = await withSettings(silent, of, ({ states }) => states()).catch(async (error: unknown) => {
    if (!(error instanceof AppError)) throw error;
    const { config } = await loadConfig(context.loadOptions);
    const values = config.plugins.get(of.pluginId)?.values ?? new Map();
    return settingStates(of.plugin.settings, { values, secrets: null });
  });
  return { settings, missing: missingSettings(settings) };
}

/** Names of the secrets that are stored for a plugin; none where the store does not open without asking anybody. */
export async function secretsOf(context: CliContext, pluginId: string): Promise<readonly string[]> {
  const silent = { ...context, interactive: false };
  return withSecretStore(silent, async ({ store }) => (await store.open()).names(consumerOf(pluginId))).catch(
    (error: unknown) => {
      if (error instanceof AppError) return [];
      throw error;
    },
  );
}

function consumerOf(id: string): Consumer {
  return { kind: 'plugin', id };
}

type Applying = {
  readonly context: CliContext;
  readonly pluginId: string;
  readonly store: SecretStore | null;
  readonly note: (line: string) => void;
};

async function apply(changes: readonly SettingChange[], applying: Applying): Promise<void> {
  const done: string[] = [];
  try {
    for (const change of changes) {
      if (change.to === 'plain' || !change.setting.sensitive) continue;
      await applySecret(change, applying);
      done.push(change.setting.key);
    }
    await applyValues(changes, applying);
  } catch (error) {
    if (!(error instanceof AppError) || done.length === 0) throw error;
    const left = changes.map(({ setting }) => setting.key).filter((key) => !done.includes(key));
    const { code, message, where, hint } = error;
    throw new AppError(code, `${message}; stored: ${done.join(', ')}; not stored: ${left.join(', ')}`, {
      ...(where === undefined ? {} : { where }),
      hint,
      cause: error,
    });
  }
}

async function applySecret(
  change: Exclude<SettingChange, { readonly to: 'plain' }>,
  { store, pluginId }: Applying,
): Promise<void> {
  if (store === null) throw new Error('a sensitive setting without a store');
  const name = settingSecretName(change.setting.key);
  const consumer = consumerOf(pluginId);
  switch (change.to) {
    case 'unset':
      await store.unset(name, consumer);
      return;
    case 'secret':
      await store.set({ name, consumers: [consumer], value: change.value, source: change.source });
      return;
    default:
      change satisfies never;
  }
}

/** A sensitive value that stands in the file is taken out of it, whatever becomes of the setting. */
async function applyValues(changes: readonly SettingChange[], { context, pluginId, note }: Applying): Promise<void> {
  const table = ['plugins', pluginId, 'user_config'];
  const config = (await loadConfig(context.loadOptions)).config.plugins.get(pluginId);
  const concerned = changes.filter(({ setting }) => !setting.sensitive || config?.values.has(setting.key) === true);
  if (concerned.length === 0) return;
  const { after } = await editUserConfig(context, (text) => {
    const next = concerned.reduce((now, change) => {
      const path = [...table, change.setting.key];
      return change.to === 'plain' ? setKey(now, path, change.value as TomlInput) : unsetKey(now, path);
    }, text);
    return isEmpty(next, table) ? unsetKey(next, table) : next;
  });
  const now = after.config.plugins.get(pluginId)?.values;
  for (const { setting, to } of concerned) {
    const { key, sensitive } = setting;
    const left = now?.get(key)?.origin;
    if (left === undefined) {
      if (sensitive) note(`'${key}' stood in config.toml as well, and is taken out of it; consider that value as seen`);
    } else if (left.layer !== 'user' || to === 'unset' || sensitive) {
      const where = left.file === null ? '-c' : `${left.file}:${left.line}`;
      note(`'${key}' is also set at ${where}, which counts more than config.toml of the user`);
    }
  }
}

function isEmpty(text: string, path: KeyPath): boolean {
  const found = locate(parseLayer(text, 'config.toml', 'user').table, path);
  return found?.kind === 'table' && found.entries.size === 0;
}
