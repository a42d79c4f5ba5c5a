import { type Located, plainValue } from '../config/index.ts';
import type { Setting } from './types.ts';
import { checkSettingValue } from './values.ts';

/** Where the value of a setting comes from. `unknown`: only the secret store knows, and it was not opened. */
export type SettingOrigin = 'config' | 'secret' | 'default' | 'unset' | 'unknown';

export type SettingValueState = {
  readonly from: SettingOrigin;
  /** Why what is written in a configuration file cannot be used, completing "KEY …"; null when it can, or nothing is. */
  readonly problem: string | null;
};

const IN_CONFIG = 'stands in a configuration file, where it is not used and everybody with the file can read it';

/**
 * What there is of one setting.
 *
 * @param there `written`: what a configuration file says of it. `stored`: whether the secret store has it; null where it
 *   was not opened.
 */
export function settingState(
  setting: Setting,
  { written, stored }: { readonly written: Located | undefined; readonly stored: boolean | null },
): SettingValueState {
  if (setting.sensitive) {
    const from = stored === null ? 'unknown' : stored ? 'secret' : 'unset';
    return { from, problem: written === undefined ? null : IN_CONFIG };
  }
  if (written !== undefined) return { from: 'config', problem: checkSettingValue(setting, plainValue(written)) };
  return { from: setting.default === null ? 'unset' : 'default', problem: null };
}
