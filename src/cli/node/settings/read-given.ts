import { resolve } from 'node:path';
import { AppError, printableLine, variableIn } from '../../../kernel/index.ts';
import { type SecretSource, valueText } from '../../../secrets/index.ts';
import type { GivenSetting } from '../../settings/configure-arguments.ts';
import type { CliContext } from '../context.ts';
import { readStdin, readValueFile } from '../read-secret.ts';
import { checkSetting, wrongText } from './check-setting.ts';
import { changeOf, type SettingChange } from './settings-desk.ts';

/**
 * Reads the values that the command line gives or names, and checks all of them.
 *
 * @throws AppError `PLUGIN_SETTING_VALUE` that names every wrong one; `USAGE`, `SECRET_VALUE`, `SECRET_STORE_UNREADABLE`
 */
export async function readGiven(
  context: CliContext,
  given: readonly GivenSetting[],
  { command }: { readonly command: string },
): Promise<readonly SettingChange[]> {
  const wrong: string[] = [];
  const about = new Set<string>();
  const changes: SettingChange[] = [];
  for (const one of given) {
    const { setting } = one;
    if (one.how === 'unset') {
      changes.push({ setting, to: 'unset' });
      continue;
    }
    const { texts, source } = await textsOf(context, one);
    const checked = await checkSetting(setting, texts, placesOf(context));
    if (checked.kind === 'wrong') {
      // Only what stood on the command line, where no sensitive value may be.
      const shown = one.how === 'set' && checked.item !== null ? texts[checked.item - 1] : undefined;
      wrong.push(`'${setting.key}' ${wrongText(checked, shown)}`);
      if (setting.description !== '') about.add(`  ${setting.key}: ${printableLine(setting.description)}`);
    } else changes.push(changeOf(setting, checked, source));
  }
  if (wrong.length === 0) return changes;
  throw new AppError('PLUGIN_SETTING_VALUE', `${wrong.join('; ')}; nothing was stored`, {
    hint: [`give another value: ${command}`, ...about].join('\n'),
  });
}

/** As variables are called by convention, and values that are made to be secret are not. */
const VARIABLE = /^[A-Z][A-Z0-9_]{0,63}$/;

export function placesOf({ cwd, env }: Pick<CliContext, 'cwd' | 'env'>): Parameters<typeof checkSetting>[2] {
  return { cwd, homeDir: env['HOME'] || env['USERPROFILE'] || null };
}

type GivenTexts = {
  readonly texts: readonly string[];
  /** null for the command line, which gives no secret. */
  readonly source: SecretSource | null;
};

async function textsOf(
  { cwd, env }: CliContext,
  given: Exclude<GivenSetting, { readonly how: 'unset' }>,
): Promise<GivenTexts> {
  const { setting } = given;
  const split = (text: string): readonly string[] => (setting.multiple ? linesOf(text) : [text]);
  switch (given.how) {
    case 'set':
      return { texts: given.texts, source: null };
    case 'stdin':
      return { texts: split(valueText(await readStdin())), source: { how: 'stdin' } };
    case 'env': {
      const value = variableIn(env, given.variable);
      if (value !== undefined) return { texts: split(value), source: { how: 'env', what: given.variable } };
      throw notSet(given);
    }
    case 'file': {
      const path = resolve(cwd, given.path);
      return { texts: split(valueText(await readValueFile(path))), source: { how: 'file', what: path } };
    }
    default:
      return given satisfies never;
  }
}

/** A name that does not look like one of a variable is not shown: it may be a secret in the wrong place. */
function notSet({ setting: { key }, variable, named, handedAs }: GivenSetting & { readonly how: 'env' }): AppError {
  const which = named && !VARIABLE.test(variable) ? '' : ` ${variable}`;
  const other = named || handedAs === null || handedAs === variable ? 'VARIABLE' : handedAs;
  return new AppError('USAGE', `--from-env: the variable${which} for '${key}' is not set`, {
    hint: `set it, or name another: --from-env ${key}=${other}`,
  });
}

/** Says which variables values came from. */
export function readNotes(given: readonly GivenSetting[]): readonly string[] {
  return given.flatMap((one) =>
    one.how === 'env' ? [`'${one.setting.key}' was taken from the variable ${one.variable}`] : [],
  );
}

/** A list is given with one item in each line. */
export function linesOf(text: string): readonly string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== '');
}
