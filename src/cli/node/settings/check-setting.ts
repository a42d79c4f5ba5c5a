import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { runInNewContext } from 'node:vm';
import { AppError, type JsonValue, printableLine, type Secret, shorten } from '../../../kernel/index.ts';
import { parseValue } from '../../../secrets/index.ts';
import {
  parseSettingTexts,
  type Setting,
  settingSecretName,
  settingSecretText,
  settingValueTexts,
} from '../../../settings/index.ts';

/** A pattern comes from a plugin, and may be one that never ends. Milliseconds. */
const PATTERN_MS = 100;
const MAX_SHOWN = 200;

export type CheckPlaces = {
  /** Where relative paths start. Absolute. */
  readonly cwd: string;
  /** What `~` stands for; null where there is no home. */
  readonly homeDir: string | null;
};

/** As it is stored; a sensitive one is a `Secret` from here on. */
type SettingValue =
  | { readonly kind: 'plain'; readonly value: JsonValue }
  | { readonly kind: 'secret'; readonly value: Secret };

export type WrongSetting = {
  readonly kind: 'wrong';
  /** Completes "KEY …", and never quotes the value. */
  readonly problem: string;
  /** Which item of a list it is about, from 1 on; null where there is no list, or it is about all of it. */
  readonly item: number | null;
};

export type CheckedSetting = SettingValue | WrongSetting;

/** What is wrong as one text that completes "KEY …". @param shown The wrong item, where it may be shown. */
export function wrongText({ problem, item }: WrongSetting, shown?: string): string {
  if (item === null) return problem;
  const text = shown === undefined ? '' : `, \`${shorten(printableLine(shown), MAX_SHOWN)}\``;
  return `(item ${item}${text}) ${problem}`;
}

/** Makes of what a person wrote the value of a setting: one text, or one for each item of a list. Paths become absolute. */
export async function checkSetting(
  setting: Setting,
  texts: readonly string[],
  places: CheckPlaces,
): Promise<CheckedSetting> {
  const isPath = setting.type === 'directory' || setting.type === 'file';
  const full = isPath ? texts.map((text) => fullPath(text, places)) : texts;
  const parsed = parseSettingTexts(setting, full, places);
  const numbered = (index: number): number | null => (setting.multiple && index >= 0 ? index + 1 : null);
  if (parsed.kind === 'problem') {
    const index = full.findIndex((text) => parseSettingTexts(setting, [text], places).kind === 'problem');
    return { kind: 'wrong', problem: parsed.problem, item: numbered(index) };
  }
  for (const [index, text] of settingValueTexts(setting, parsed.value, places).entries()) {
    const problem =
      (setting.pattern === null ? null : patternProblem(setting.pattern, text)) ??
      (isPath ? await pathProblem(setting.type, text) : null);
    if (problem !== null) return { kind: 'wrong', problem, item: numbered(index) };
  }
  return setting.sensitive ? secretOf(setting, parsed.value, places) : { kind: 'plain', value: parsed.value };
}

function secretOf(setting: Setting, value: JsonValue, places: CheckPlaces): CheckedSetting {
  try {
    const text = settingSecretText(setting, value, places);
    return { kind: 'secret', value: parseValue(settingSecretName(setting.key), text) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const problem = `cannot be stored: ${error.message.replace(/; nothing was stored$/, '')}`;
    return { kind: 'wrong', problem, item: null };
  }
}

function fullPath(text: string, { cwd }: CheckPlaces): string {
  return text === '' || /^[~$]/.test(text) ? text : resolve(cwd, text);
}

/** The pattern is for the whole of the text. In a context of its own, so that it can be interrupted. */
function patternProblem(pattern: string, text: string): string | null {
  try {
    const fits = runInNewContext(
      'new RegExp(`^(?:${pattern})$`, "u").test(text)',
      { pattern, text },
      {
        timeout: PATTERN_MS,
      },
    ) as unknown;
    if (fits === true) return null;
    const shown = shorten(printableLine(pattern), MAX_SHOWN);
    return `does not have the form that the plugin wants, the pattern \`${shown}\``;
  } catch (error) {
    // Of the other context, and so no instance of the class of errors here.
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
    const late = code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
    if (late)
      return `cannot be checked: the pattern of the plugin takes longer than ${PATTERN_MS} ms with it; tell its maintainer`;
    return 'cannot be checked: the pattern of the plugin does not work; tell its maintainer';
  }
}

async function pathProblem(type: Setting['type'], path: string): Promise<string | null> {
  const found = await stat(path).catch(() => null);
  if (found === null) return `must be a ${type} that exists and that you may read`;
  const fits = type === 'directory' ? found.isDirectory() : found.isFile();
  return fits ? null : `must be a ${type}, and what is there is none`;
}
