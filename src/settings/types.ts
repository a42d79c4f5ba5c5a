import type { JsonValue } from '../kernel/index.ts';

export type SettingType = 'string' | 'number' | 'boolean' | 'directory' | 'file';

/** One declared setting: a key of `user_config` (Claude: `userConfig`). */
export type Setting = {
  readonly key: string;
  readonly type: SettingType;
  readonly title: string;
  readonly description: string;
  readonly sensitive: boolean;
  readonly required: boolean;
  readonly multiple: boolean;
  readonly default: JsonValue | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly enum: readonly JsonValue[] | null;
  readonly pattern: string | null;
};
