import {
  type CheckContext,
  found,
  type KeyPath,
  type Located,
  type LocatedTable,
  type Origin,
  plainValue,
  read,
} from '../../config/index.ts';
import type { JsonValue } from '../../kernel/index.ts';
import { type Setting, type SettingRules, type SettingType, settingProblem } from '../../settings/index.ts';
import { NAMESPACE } from '../agent/manifest.ts';
import { keyAt, kindOf, type Reading, tell, withoutNulls } from '../reading.ts';
import type { Manifest } from './manifest.ts';
import { patternProblem } from './pattern.ts';
import { SETTING_KEYS } from './schema-keys.ts';

const TYPES: readonly SettingType[] = ['string', 'number', 'boolean', 'directory', 'file'];
const KEYS: readonly string[] = SETTING_KEYS.map(({ key }) => key);
const NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const MAX_NAME = 64;
const MAX_SETTINGS = 64;
const MAX_DEFAULTS = 20;

/**
 * The settings that a plugin declares, under `user_config` or Claude's `userConfig`. A setting that is declared wrongly is
 * left out with the error `PLUGIN_SETTING_INVALID`; a key without effect is a warning.
 */
export function readSettings(reading: Reading, manifest: Manifest): readonly Setting[] {
  const prefix = manifest.family === 'agent_plugins' ? ['extensions', NAMESPACE] : [];
  const snake = manifest.table.entries.get('user_config');
  const camel = manifest.table.entries.get('userConfig');
  if (snake !== undefined && camel !== undefined) {
    const message = 'is left out: it means the same as `user_config`, which is there too';
    const at = { key: [...prefix, 'userConfig'], place: camel.origin };
    tell(reading, at, { code: 'PLUGIN_DUPLICATE_KEY', severity: 'warning', message });
  }
  const key = [...prefix, snake === undefined ? 'userConfig' : 'user_config'];
  const value = snake ?? camel;
  if (value === undefined) return [];
  if (value.kind !== 'table') {
    const message = `must be an object with a setting under each name, and is ${kindOf(value)}; there are no settings`;
    tell(reading, { key, place: value.at }, { code: 'PLUGIN_SETTING_INVALID', message });
    return [];
  }
  const declared = [...withoutNulls(value, keyAt(reading, key)).entries];
  if (declared.length > MAX_SETTINGS) {
    const message = `has ${declared.length} settings; those after the first ${MAX_SETTINGS} are left out`;
    tell(reading, { key, place: value.at }, { code: 'PLUGIN_SETTING_INVALID', message });
  }
  return declared
    .slice(0, MAX_SETTINGS)
    .flatMap(([name, node]) => readSetting(name, node, keyAt(reading, [...key, name])) ?? []);
}

/** What the checks of one setting share. A problem leaves the setting out. */
type Checking = {
  readonly table: LocatedTable;
  readonly type: SettingType;
  readonly refuse: (key: string | null, message: string) => void;
};

function readSetting(name: string, node: Located, context: CheckContext): Setting | null {
  let fine = true;
  const refuseAt = (path: KeyPath, place: Origin, message: string): void => {
    fine = false;
    found({ ...context, path }, place, { code: 'PLUGIN_SETTING_INVALID', message });
  };
  if (name.length > MAX_NAME || !NAME.test(name)) {
    const rule = `has a name that cannot be used: up to ${MAX_NAME} letters, digits, \`_\` and \`-\`, not starting with a digit`;
    refuseAt(context.path, node.origin, rule);
  }
  if (node.kind !== 'table') {
    refuseAt(context.path, node.at, `must be an object, and is ${kindOf(node)}`);
    return null;
  }
  const table = withoutNulls(node, context);
  const refuse: Checking['refuse'] = (key, message) => {
    const place = key === null ? table.at : (table.entries.get(key)?.at ?? table.at);
    refuseAt(key === null ? context.path : [...context.path, key], place, message);
  };
  warnOfUnknown(table, context);
  const type = typeOf(table, refuse);
  const setting = { key: name, ...rulesOf({ table, type, refuse }) };
  return fine ? setting : null;
}

function warnOfUnknown(table: LocatedTable, context: CheckContext): void {
  for (const [key, value] of table.entries) {
    if (KEYS.includes(key)) continue;
    const message = 'is not known and has no effect';
    found({ ...context, path: [...context.path, key] }, value.origin, {
      code: 'PLUGIN_UNKNOWN_KEY',
      severity: 'warning',
      message,
    });
  }
}

/** `string` when it is left out. */
function typeOf(table: LocatedTable, refuse: Checking['refuse']): SettingType {
  if (!table.entries.has('type')) return 'string';
  const type = TYPES.find((one) => one === read.text(table, 'type'));
  if (type === undefined) refuse('type', `must be one of ${TYPES.join(', ')}`);
  return type ?? 'string';
}

/** Everything of a setting but its name. */
function rulesOf(checking: Checking): Omit<Setting, 'key'> {
  const { table, type, refuse } = checking;
  const sensitive = flag(checking, 'sensitive');
  const multiple = flag(checking, 'multiple');
  const bounds = boundsOf(checking);
  const choices = choicesOf(checking, bounds);
  const pattern = patternOf(checking);
  const rules = { type, ...bounds, enum: choices };
  const value = table.entries.get('default');
  if (value !== undefined && sensitive)
    refuse('default', 'may not stand beside `sensitive`: a secret does not belong into a plugin');
  else if (value !== undefined) checkDefault(checking, { rules, multiple });
  return {
    type,
    title: text(checking, 'title') ?? '',
    description: text(checking, 'description') ?? '',
    sensitive,
    required: flag(checking, 'required'),
    multiple,
    default: value === undefined ? null : plainValue(value),
    ...bounds,
    enum: choices,
    pattern,
  };
}

function flag({ table, refuse }: Checking, key: string): boolean {
  const value = table.entries.get(key);
  const flagged = read.boolean(table, key);
  if (value !== undefined && flagged === undefined) refuse(key, `must be true or false, and is ${kindOf(value)}`);
  return flagged ?? false;
}

function text({ table, refuse }: Checking, key: string): string | null {
  const value = table.entries.get(key);
  const written = read.text(table, key);
  if (value !== undefined && written === undefined) refuse(key, `must be a string, and is ${kindOf(value)}`);
  return written ?? null;
}

type Bounds = { readonly min: number | null; readonly max: number | null };

/** `min` and `max`: of a number, or of the length of a string. */
function boundsOf({ table, type, refuse }: Checking): Bounds {
  const bound = (key: 'min' | 'max'): number | null => {
    const value = table.entries.get(key);
    if (value === undefined) return null;
    if (type !== 'number' && type !== 'string')
      refuse(key, `is for numbers and strings, and this setting is a ${type}`);
    else if (value.kind !== 'scalar' || typeof value.value !== 'number' || !Number.isFinite(value.value)) {
      refuse(key, `must be a number, and is ${kindOf(value)}`);
    } else if (type === 'string' && (!Number.isInteger(value.value) || value.value < 0)) {
      refuse(key, 'must be a whole number, 0 or more: it is the length of a string');
    } else return value.value;
    return null;
  };
  const bounds = { min: bound('min'), max: bound('max') };
  if (bounds.min !== null && bounds.max !== null && bounds.min > bounds.max) refuse('min', 'is larger than `max`');
  return bounds;
}

/** `enum`, or Claude's `options`. */
function choicesOf({ table, type, refuse }: Checking, bounds: Bounds): readonly JsonValue[] | null {
  const key = table.entries.has('enum') ? 'enum' : 'options';
  const value = table.entries.get(key);
  if (value === undefined) return null;
  if (value.kind !== 'list' || value.items.length === 0) {
    refuse(key, 'must be an array with at least one value');
    return null;
  }
  const choices = value.items.map(plainValue);
  const rules = { type, ...bounds, enum: null };
  const wrong = choices.map((choice) => settingProblem(rules, choice)).find((problem) => problem !== null);
  if (wrong !== undefined) refuse(key, `has a value that ${wrong}`);
  if (new Set(choices.map((choice) => JSON.stringify(choice))).size < choices.length) refuse(key, 'has a value twice');
  return choices;
}

function patternOf({ table, type, refuse }: Checking): string | null {
  const value = table.entries.get('pattern');
  if (value === undefined) return null;
  const pattern = read.text(table, 'pattern');
  if (pattern === undefined) refuse('pattern', `must be a string, and is ${kindOf(value)}`);
  else if (type !== 'string') refuse('pattern', `is for strings, and this setting is a ${type}`);
  else {
    const problem = patternProblem(pattern);
    if (problem === null) return pattern;
    refuse('pattern', problem);
  }
  return null;
}

/** Each value of the default, as if a user gave it. */
function checkDefault(
  { table, refuse }: Checking,
  how: { readonly rules: SettingRules; readonly multiple: boolean },
): void {
  const node = table.entries.get('default');
  if (node === undefined) return;
  if (how.multiple !== (node.kind === 'list')) {
    refuse(
      'default',
      how.multiple ? `must be an array, and is ${kindOf(node)}` : `may be an array only with \`multiple\``,
    );
    return;
  }
  const values = node.kind === 'list' ? node.items.map(plainValue) : [plainValue(node)];
  if (values.length > MAX_DEFAULTS) refuse('default', `has more than ${MAX_DEFAULTS} values`);
  const wrong = values
    .slice(0, MAX_DEFAULTS)
    .map((value) => settingProblem(how.rules, value))
    .find((problem) => problem !== null);
  if (wrong !== undefined) refuse('default', wrong);
}
