import { type Located, type Origin, plainValue } from '../config/index.ts';
import { printableLine } from '../kernel/index.ts';
import { checkSettingValue, type Setting, settingSecretName } from '../plugins/index.ts';

/** Where the value of a setting comes from. `unknown`: only the secret store knows, and it was not opened. */
export type SettingOrigin = 'config' | 'secret' | 'default' | 'unset' | 'unknown';

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
export function settingStates(settings: readonly Setting[], stored: StoredSettings): readonly SettingState[] {
  return settings.map((setting) => {
    const { key, title, description, type, sensitive, required, multiple } = setting;
    const { from, where, problem } = placeOf(setting, stored);
    const set = from === 'unknown' ? null : from === 'config' || from === 'secret';
    return {
      ...{ key, title, description, type, sensitive, required, multiple, enum: setting.enum },
      ...{ set, from, where, problem },
    };
  });
}

type Placed = Pick<SettingState, 'from' | 'where' | 'problem'>;

function placeOf(setting: Setting, { values, secrets }: StoredSettings): Placed {
  const written = values.get(setting.key);
  const where = written === undefined ? null : originText(written.origin);
  if (setting.sensitive) {
    const from =
      secrets === null ? 'unknown' : secrets.has(settingSecretName(setting.key)) ? 'secret' : ('unset' as const);
    const problem =
      written === undefined
        ? null
        : 'stands in a configuration file, where it is not used and everybody with the file can read it';
    return { from, where, problem };
  }
  if (written !== undefined) {
    return { from: 'config', where, problem: checkSettingValue(setting, plainValue(written)) };
  }
  return { from: setting.default === null ? 'unset' : 'default', where: null, problem: null };
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
