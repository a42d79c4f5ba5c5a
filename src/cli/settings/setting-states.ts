import type { Located, Origin } from '../../config/index.ts';
import { printableLine } from '../../kernel/index.ts';
import { type Setting, type SettingOrigin, settingSecretName, settingState } from '../../settings/index.ts';

/** One setting of a plugin as it is now. Never its value. */
export type SettingState = Pick<
  Setting,
  'key' | 'title' | 'description' | 'type' | 'sensitive' | 'required' | 'multiple' | 'enum'
> & {
  /** Whether the user gave it a value; null where that is not known. */
  readonly set: boolean | null;
  readonly from: SettingOrigin;
  /** `file:line` of the value in a configuration file, or `-c`; else null. */
  readonly where: string | null;
  /** Why what is written cannot be used, completing "KEY …"; null when it can. */
  readonly problem: string | null;
};

/** What is stored of a plugin: the values of its table `user_config`, and the names in the secret store. */
export type StoredSettings = {
  readonly values: ReadonlyMap<string, Located>;
  /** null: the store was not opened. */
  readonly secrets: ReadonlySet<string> | null;
};

/** Every declared setting, in the order of the manifest. */
export function settingStates(
  settings: readonly Setting[],
  { values, secrets }: StoredSettings,
): readonly SettingState[] {
  return settings.map((setting) => {
    const { key, title, description, type, sensitive, required, multiple } = setting;
    const written = values.get(key);
    const stored = secrets === null ? null : secrets.has(settingSecretName(key));
    const { from, problem } = settingState(setting, { written, stored });
    const set = from === 'unknown' ? null : from === 'config' || from === 'secret';
    const where = written === undefined ? null : originText(written.origin);
    return {
      ...{ key, title, description, type, sensitive, required, multiple, enum: setting.enum },
      ...{ set, from, where, problem },
    };
  });
}

function originText({ file, line, layer }: Origin): string {
  if (layer === 'flag' || file === null) return '-c';
  return line === null ? file : `${file}:${line}`;
}

/** Keys of the required ones without a value that can be used. */
export function missingSettings(states: readonly SettingState[]): readonly string[] {
  return states
    .filter(({ required, from, problem }) => required && (from === 'unset' || (from === 'config' && problem !== null)))
    .map(({ key }) => key);
}

/** What people call it: its title, else its key. One safe line. */
export function settingTitle({ title, key }: Pick<Setting, 'title' | 'key'>): string {
  return printableLine(title.trim() === '' ? key : title);
}
