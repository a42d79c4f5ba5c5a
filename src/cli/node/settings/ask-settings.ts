import { type Located, plainValue } from '../../../config/index.ts';
import { AppError, printableLine, shorten } from '../../../kernel/index.ts';
import { type Setting, settingDefault, settingValueTexts } from '../../../settings/index.ts';
import { settingIntro } from '../../settings/render-configure.ts';
import { missingSettings, type SettingState } from '../../settings/setting-states.ts';
import { type AskedLine, askLine, withoutEcho } from '../ask-line.ts';
import { checkSetting, wrongText } from './check-setting.ts';
import { placesOf } from './read-given.ts';
import { changeOf, type SettingChange, type SettingsDesk } from './settings-desk.ts';

const MAX_SHOWN = 40;

/**
 * Asks for each setting of a plugin, one after the other; Enter keeps what is set, or leaves the default. What is wrong is
 * explained, and asked again; of a list that item alone. Nothing is stored here. Only where a person can be asked (`CliContext.interactive`).
 *
 * @throws AppError `SECRET_CANCELLED` at Ctrl-C and the end of input
 */
export async function askSettings(desk: SettingsDesk): Promise<readonly SettingChange[]> {
  const { context, plugin, pluginId } = desk;
  // Opening the store may take a while, in which Ctrl-C is to work as ever.
  const states = new Map((await desk.states()).map((state) => [state.key, state]));
  const values = (await desk.config()).plugins.get(pluginId)?.values;
  context.err.write(
    `Settings of ${pluginId}. Enter keeps what is set, or takes the default. Ctrl-C stops, and nothing is stored.\n`,
  );
  return withoutEcho(async () => {
    const changes: SettingChange[] = [];
    for (const setting of plugin.settings) {
      const state = states.get(setting.key);
      if (state === undefined) continue;
      const lines = ['', ...settingIntro(state), ...choiceLines(setting)];
      context.err.write(lines.map((line) => `${line}\n`).join(''));
      const shown = shownValue(desk, { setting, state, written: values?.get(setting.key) });
      const change = await askOne(desk, { setting, state, enter: enterText(state, shown) });
      if (change !== null) changes.push(change);
    }
    return changes;
  });
}

/** What is set, or the default; null where there is nothing, or nothing to be shown. */
function shownValue(
  { context }: SettingsDesk,
  of: { readonly setting: Setting; readonly state: SettingState; readonly written: Located | undefined },
): string | null {
  const { setting, state, written } = of;
  const places = placesOf(context);
  const isUsed = state.from === 'config' && state.problem === null && written !== undefined;
  const known = isUsed ? plainValue(written) : settingDefault(setting, places);
  return known === null ? null : settingValueTexts(setting, known, places).join(', ');
}

type Asking = { readonly setting: Setting; readonly state: SettingState; readonly enter: string };

/** What Enter alone does. @param shown What is set, or the default. */
function enterText({ from, required, problem }: SettingState, shown: string | null): string {
  const text = shown === null ? '' : ` ${shorten(printableLine(shown), MAX_SHOWN)}`;
  switch (from) {
    case 'secret':
      return 'Enter keeps it';
    case 'config':
      if (problem === null) return `Enter keeps${text}`;
      return text === '' && required ? 'required' : `Enter leaves it as it is`;
    case 'default':
      return `Enter takes${text}`;
    case 'unset':
    case 'unknown':
      return required ? 'required' : 'Enter leaves it unset';
    default:
      return from satisfies never;
  }
}

function choiceLines(setting: Setting): readonly string[] {
  return (setting.enum ?? []).map((choice, index) => printableLine(`  ${index + 1}) ${String(choice)}`));
}

/** Asks until there is something that can be stored; null when nothing is to be. */
async function askOne(desk: SettingsDesk, asking: Asking): Promise<SettingChange | null> {
  const { context } = desk;
  const { setting, state } = asking;
  for (;;) {
    const answer = await askTexts(desk, asking);
    const wrong = (problem: string): void => sayWrong(desk, setting, problem);
    if (answer.length > 0) {
      const checked = await checkSetting(setting, answer, placesOf(context));
      if (checked.kind !== 'wrong') return changeOf(setting, checked, { how: 'prompt' });
      wrong(wrongText(checked));
    } else if (missingSettings([state]).length > 0) {
      wrong('is required; Ctrl-C stops, and nothing is stored');
    } else return null;
  }
}

function sayWrong({ context }: SettingsDesk, { key }: Setting, problem: string): void {
  context.err.write(`  ${printableLine(`'${key}' ${problem}`)}\n`);
}

/** One line, or of a list one line for each item until an empty one. An item that is wrong is asked for again. */
async function askTexts(desk: SettingsDesk, { setting, enter }: Asking): Promise<readonly string[]> {
  const { context } = desk;
  const texts: string[] = [];
  for (;;) {
    const more = texts.length > 0 ? 'Enter ends the list' : enter;
    const number = setting.multiple ? ` ${texts.length + 1}` : '';
    const question = `Value${number} of ${setting.key} [${more}${kindHint(setting)}]`;
    const line = await askLine(context, question, { hidden: setting.sensitive });
    if (line.kind === 'several_lines') {
      sayWrong(desk, setting, `is given in one line; for a value of several: --from-file ${setting.key}=PATH`);
      continue;
    }
    const text = textOf(line, setting);
    if (text === '') return texts;
    if (!setting.multiple) return [text];
    const checked = await checkSetting(setting, [...texts, text], placesOf(context));
    if (checked.kind === 'wrong') sayWrong(desk, setting, wrongText(checked));
    else texts.push(text);
  }
}

function kindHint({ type, enum: choices }: Setting): string {
  if (choices !== null) return '; number or value';
  return type === 'boolean' ? '; yes or no' : '';
}

/** @throws AppError `SECRET_CANCELLED` */
function textOf(line: Exclude<AskedLine, { readonly kind: 'several_lines' }>, setting: Setting): string {
  if (line.kind === 'stopped') throw new AppError('SECRET_CANCELLED', 'stopped; nothing was stored');
  const text = setting.sensitive ? line.text : line.text.trim();
  const choices = setting.enum?.map(String);
  if (choices !== undefined && !choices.includes(text)) return choices[Number(text) - 1] ?? text;
  if (setting.type === 'boolean' && /^(?:y|yes|n|no)$/i.test(text)) return /^y/i.test(text) ? 'true' : 'false';
  return text;
}
