/**
 * settings: what a setting of a plugin is, and what its value may be: texts → values → texts, and where the value that
 * counts comes from.
 *
 * It reads no manifest and no store. Small, since it is loaded at every start, and the parser of plugins is not.
 * Called by plugins, servers and cli.
 */
export { type SettingOrigin, type SettingValueState, settingState } from './state.ts';
export type { Setting, SettingType } from './types.ts';
export {
  type ParsedSettingValue,
  parseSettingTexts,
  type SettingRules,
  settingDefault,
  settingProblem,
  settingSecretName,
  settingSecretText,
  settingSeparator,
  settingValueTexts,
  type ValuePlaces,
} from './values.ts';
