import { join, posix, win32 } from 'node:path';
import { type JsonValue, shorten } from '../kernel/index.ts';
import type { Setting, SettingType } from './types.ts';

/*
 * Values of settings: as people type them, as config.toml and the secret store hold them, and as the texts that stand in
 * place of a reference. Problems complete "KEY …" and never hold a value. `pattern` is not tried here: one of a plugin may
 * take for ever, so whoever asks for a value tries it within a time limit.
 */

/** Where paths start that begin with `~` or, in defaults, a word of MCPB such as `${HOME}`. `homeDir` null: nobody knows. */
export type ValuePlaces = { readonly homeDir: string | null };

export type ParsedSettingValue =
  | { readonly kind: 'value'; readonly value: JsonValue }
  | { readonly kind: 'problem'; readonly problem: string };

/** What decides about one value. */
export type SettingRules = Pick<Setting, 'type' | 'min' | 'max' | 'enum'>;

/** Far more than a person gives, and what one reference may become. */
const MAX_ITEMS = 100;
const CHOICES_NAMED = 12;

const BOOLEANS: Readonly<Record<string, boolean>> = { true: true, yes: true, false: false, no: false };
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** Under which name the store holds a sensitive setting, for the plugin as its consumer. */
export function settingSecretName(key: string): string {
  return `user_config.${key}`;
}

/**
 * The value that texts mean, as they were typed or handed over.
 *
 * @param texts One; with `multiple` one for each item.
 */
export function parseSettingTexts(setting: Setting, texts: readonly string[], places: ValuePlaces): ParsedSettingValue {
  if (!setting.multiple && texts.length !== 1) return { kind: 'problem', problem: 'takes one value' };
  const items = texts.map((text) => parseText(setting.type, text, places));
  const unread = items.find((item) => item.kind === 'problem');
  if (unread !== undefined) return unread;
  const values = items.flatMap((item) => (item.kind === 'value' ? [item.value] : []));
  const value = setting.multiple ? values : (values[0] ?? null);
  const problem = checkSettingValue(setting, value);
  return problem === null ? { kind: 'value', value } : { kind: 'problem', problem };
}

function parseText(type: SettingType, text: string, places: ValuePlaces): ParsedSettingValue {
  switch (type) {
    case 'string':
      return { kind: 'value', value: text };
    case 'number':
      return NUMBER.test(text.trim())
        ? { kind: 'value', value: Number(text) }
        : { kind: 'problem', problem: 'must be a number' };
    case 'boolean': {
      const word = text.trim().toLowerCase();
      const value = Object.hasOwn(BOOLEANS, word) ? BOOLEANS[word] : undefined;
      return value === undefined
        ? { kind: 'problem', problem: 'must be true or false, or yes or no' }
        : { kind: 'value', value };
    }
    case 'directory':
    case 'file':
      return { kind: 'value', value: withHome(text, places) };
    default:
      return type satisfies never;
  }
}

/** What is wrong with a value that stands somewhere, such as in config.toml; null when nothing is. */
export function checkSettingValue(setting: Setting, value: JsonValue): string | null {
  if (!setting.multiple) {
    return isList(value) ? 'takes one value, and not a list' : userProblem(setting, value);
  }
  if (!isList(value)) return 'must be a list of values';
  if (value.length === 0) return 'must hold at least one value';
  if (value.length > MAX_ITEMS) return `may hold at most ${MAX_ITEMS} values`;
  for (const item of value) {
    const problem = userProblem(setting, item);
    if (problem !== null) return problem;
  }
  return null;
}

/** What is wrong with one value that a user gave. */
function userProblem(setting: Setting, value: JsonValue): string | null {
  const problem = settingProblem(setting, value);
  if (problem !== null || typeof value !== 'string') return problem;
  const isPath = setting.type === 'directory' || setting.type === 'file';
  if (value === '' && (isPath || setting.required)) return 'must not be empty';
  return isPath && !isAbsolute(value) && !/^~(?:[/\\]|$)/.test(value)
    ? 'must be an absolute path, or start with `~/`'
    : null;
}

function isAbsolute(path: string): boolean {
  return posix.isAbsolute(path) || win32.isAbsolute(path);
}

/** What is wrong with one value for a setting, whoever gave it, completing "KEY …"; null when nothing is. */
export function settingProblem(rules: SettingRules, value: JsonValue): string | null {
  const wanted = rules.type === 'number' || rules.type === 'boolean' ? rules.type : 'string';
  if (typeof value !== wanted || (typeof value === 'number' && !Number.isFinite(value))) return `must be a ${wanted}`;
  if (typeof value === 'string' && value.includes('\0')) return 'must not hold a NUL character';
  const size = typeof value === 'number' ? value : typeof value === 'string' ? value.length : 0;
  const unit = typeof value === 'string' ? ' characters' : '';
  if (rules.min !== null && size < rules.min) return `must be at least ${rules.min}${unit}`;
  if (rules.max !== null && size > rules.max) return `must be at most ${rules.max}${unit}`;
  return rules.enum === null || rules.enum.includes(value) ? null : `must be one of ${choices(rules.enum)}`;
}

function choices(values: readonly JsonValue[]): string {
  const named = values.slice(0, CHOICES_NAMED).map((value) => `\`${shorten(String(value), 40)}\``);
  return values.length > CHOICES_NAMED
    ? `${named.join(', ')} and ${values.length - CHOICES_NAMED} more`
    : named.join(', ');
}

/** The value of a setting that the user gave none; null when there is none. */
export function settingDefault(setting: Setting, places: ValuePlaces): JsonValue | null {
  const value = setting.default;
  if (isList(value)) {
    return value.length === 0 ? null : value.map((item) => placed(setting, item, places));
  }
  return value === null ? null : placed(setting, value, places);
}

/**
 * The texts that stand in place of a reference: one, or with `multiple` one for each item.
 *
 * @param value One that {@link checkSettingValue} finds nothing wrong with, or a default.
 */
export function settingValueTexts(setting: Setting, value: JsonValue, places: ValuePlaces): readonly string[] {
  const items = isList(value) ? value : [value];
  return items.map((item) => String(placed(setting, item, places)));
}

/** What stands between the items of a list where it is one text. */
export function settingSeparator({ type }: Pick<Setting, 'type'>, platform: NodeJS.Platform): string {
  if (type !== 'directory' && type !== 'file') return ',';
  return platform === 'win32' ? ';' : ':';
}

/** A sensitive value as the store holds it: the text itself, or with `multiple` a JSON array of texts. @see Secret.items */
export function settingSecretText(setting: Setting, value: JsonValue, places: ValuePlaces): string {
  const texts = settingValueTexts(setting, value, places);
  return setting.multiple ? JSON.stringify(texts) : (texts[0] ?? '');
}

/** Paths start where they say. */
function placed(setting: Pick<Setting, 'type'>, value: JsonValue, places: ValuePlaces): JsonValue {
  const isPath = setting.type === 'directory' || setting.type === 'file';
  return isPath && typeof value === 'string' ? withHome(value, places) : value;
}

/** The usual names; who has given these folders others writes the path. */
const USER_FOLDERS: Readonly<Record<string, string>> = {
  '~': '',
  '${HOME}': '',
  '${DESKTOP}': 'Desktop',
  '${DOCUMENTS}': 'Documents',
  '${DOWNLOADS}': 'Downloads',
};

function withHome(path: string, { homeDir }: ValuePlaces): string {
  const [, start, rest] = /^(~|\$\{(?:HOME|DESKTOP|DOCUMENTS|DOWNLOADS)\})(?:[/\\](.*))?$/s.exec(path) ?? [];
  if (start === undefined || homeDir === null) return path;
  return join(homeDir, USER_FOLDERS[start] ?? '', rest ?? '');
}

function isList(value: JsonValue | null): value is readonly JsonValue[] {
  return Array.isArray(value);
}
