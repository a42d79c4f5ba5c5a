import { AppError, nearest } from '../../kernel/index.ts';
import type { Plugin } from '../../plugins/index.ts';
import type { Setting } from '../../settings/index.ts';
import type { Input, OptionSpec } from '../command.ts';

/** The options that give values, each naming the setting it is for. */
export const SETTING_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'set',
    value: 'KEY=VALUE',
    many: true,
    help: 'set a setting that is not sensitive; once for each item of a list',
  },
  { name: 'stdin', value: 'KEY', many: true, help: 'take the value of this setting from standard input' },
  {
    name: 'from-env',
    value: 'KEY[=VARIABLE]',
    many: true,
    help: 'take a value from a variable of the environment (default: the one named as KEY in capitals)',
  },
  { name: 'from-file', value: 'KEY=PATH', many: true, help: 'take a value from a file' },
  { name: 'unset', value: 'KEY', many: true, help: 'take a value away' },
];

/** What the command line says of one setting. */
export type GivenSetting = { readonly setting: Setting } & (
  | { readonly how: 'set'; readonly texts: readonly string[] }
  | { readonly how: 'stdin' }
  /** `named`: whether the command line says which variable. */
  | { readonly how: 'env'; readonly variable: string; readonly named: boolean; readonly handedAs: string | null }
  | { readonly how: 'file'; readonly path: string }
  | { readonly how: 'unset' }
);

/** Whose settings they are, and the command that gives them. */
type GivenFor = { readonly pluginId: string; readonly plugin: Plugin; readonly command: string };

/**
 * Reads the options of {@link SETTING_OPTIONS}, in the order of the declarations. No message repeats what was given: it may
 * be a secret in the wrong place.
 *
 * @throws AppError `USAGE`, `PLUGIN_SETTING_VALUE` for a setting that the plugin does not have
 */
export function parseGiven({ lists }: Input, of: GivenFor): readonly GivenSetting[] {
  const { pluginId, plugin, command } = of;
  const { settings } = plugin;
  const named = (option: string, key: string): Setting => settingOf(key, { option, pluginId, settings });
  const set = (lists['set'] ?? []).map((text) => {
    const { key, rest } = split('--set', text);
    return { setting: unguarded(named('--set', key), command), text: rest };
  });
  const given: readonly GivenSetting[] = [
    ...settings.flatMap((setting): readonly GivenSetting[] => {
      const texts = set.filter((one) => one.setting === setting).map(({ text }) => text);
      if (texts.length > 1 && !setting.multiple)
        throw new AppError('USAGE', `--set gives '${setting.key}' several values, and it takes one`);
      return texts.length === 0 ? [] : [{ setting, how: 'set', texts }];
    }),
    ...(lists['stdin'] ?? []).map((key) => ({ setting: named('--stdin', key), how: 'stdin' }) as const),
    ...(lists['from-env'] ?? []).map((text): GivenSetting => {
      const [key, variable] = cut(text);
      const setting = named('--from-env', key);
      const handedAs = handedAsOf(plugin, setting);
      return {
        setting,
        how: 'env',
        variable: variable ?? variableOf(setting),
        named: variable !== undefined,
        handedAs,
      };
    }),
    ...(lists['from-file'] ?? []).map((text): GivenSetting => {
      const { key, rest } = split('--from-file', text);
      return { setting: named('--from-file', key), how: 'file', path: rest };
    }),
    ...(lists['unset'] ?? []).map((key) => ({ setting: named('--unset', key), how: 'unset' }) as const),
  ];
  refuseTwice(given);
  return given.toSorted((a, b) => settings.indexOf(a.setting) - settings.indexOf(b.setting));
}

function cut(text: string): readonly [string, string?] {
  const at = text.indexOf('=');
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function split(option: string, text: string): { readonly key: string; readonly rest: string } {
  const [key, rest] = cut(text);
  if (rest !== undefined) return { key, rest };
  const form = option === '--set' ? 'KEY=VALUE' : 'KEY=PATH';
  throw new AppError('USAGE', `what follows ${option} is not of the form ${form}`, { hint: `write ${option} ${form}` });
}

function settingOf(
  key: string,
  of: { readonly option: string; readonly pluginId: string; readonly settings: readonly Setting[] },
): Setting {
  const found = of.settings.find((setting) => setting.key === key);
  if (found !== undefined) return found;
  const keys = of.settings.map((setting) => setting.key);
  const near = nearest(key, keys);
  const hint =
    keys.length === 0
      ? 'it has no settings'
      : `${near === null ? '' : `did you mean '${near}'? `}Its settings: ${keys.join(', ')}`;
  throw new AppError(
    'PLUGIN_SETTING_VALUE',
    `'${of.pluginId}' has no setting of the name that ${of.option} gives; nothing was stored`,
    { hint },
  );
}

function unguarded(setting: Setting, command: string): Setting {
  if (!setting.sensitive) return setting;
  throw new AppError(
    'USAGE',
    `'${setting.key}' is sensitive, and --set would show it: other programs can read command lines, and shells keep them`,
    { hint: `pipe it to: ${command} --stdin ${setting.key}; consider this one as seen` },
  );
}

function refuseTwice(given: readonly GivenSetting[]): void {
  const piped = given.filter(({ how }) => how === 'stdin');
  if (piped.length > 1)
    throw new AppError('USAGE', '--stdin is given twice, and there is one standard input', {
      hint: 'use --from-file or --from-env for the others',
    });
  const keys = given.map(({ setting }) => setting.key);
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined)
    throw new AppError('USAGE', `'${twice}' is given twice`, { hint: 'leave one of the two out' });
}

/** The variable that is read where the command line names none. A plugin does not choose it, but by the name of the setting. */
export function variableOf({ key }: Setting): string {
  return key.toUpperCase().replaceAll('-', '_');
}

/** The one variable in which servers of the plugin get exactly this setting; null where there is none, or several. */
function handedAsOf({ servers }: Plugin, { key }: Setting): string | null {
  const names = servers.flatMap(({ entry: { transport } }) =>
    transport?.kind === 'stdio'
      ? Object.entries(transport.env).flatMap(([name, text]) => (text === `\${user_config.${key}}` ? [name] : []))
      : [],
  );
  const [only, ...others] = new Set(names);
  return only === undefined || others.length > 0 ? null : only;
}
