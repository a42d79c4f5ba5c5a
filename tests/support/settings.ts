import type { Setting } from '../../src/settings/index.ts';

/** A setting as a manifest declares it, with what matters to a test. */
export function setting(key: string, more: Partial<Setting> = {}): Setting {
  return {
    ...{ key, type: 'string', title: '', description: '', sensitive: false, required: false, multiple: false },
    ...{ default: null, min: null, max: null, enum: null, pattern: null },
    ...more,
  };
}
