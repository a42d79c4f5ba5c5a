import { type Piece, scanReferences } from '../../config/index.ts';
import { commandLine, type Issue, Secret } from '../../kernel/index.ts';
import { consumerText } from '../../secrets/index.ts';
import { settingSecretName } from '../../settings/index.ts';
import type { Lookups, ServerSetting, ValueSources } from '../types.ts';
import type { TextKey } from './launch-texts.ts';
import { isToken, isUnclearName, mayNameSecret, namesCredential } from './secret-names.ts';

/** A text with its values in it; null where an optional setting in it is not set. */
export type FilledText = string | Secret | null;

/** The values of one launch, and what is found out on the way. */
export type Filling = {
  readonly sources: ValueSources;
  readonly lookups: Lookups;
  /** What must be set first: name → the command or sentence that says how. */
  readonly missing: Map<string, string>;
  readonly issues: Issue[];
  readonly warnings: Issue[];
  /** Every value that nobody should read. */
  readonly secrets: Set<Secret>;
};

export type TextPlace = {
  readonly key: TextKey;
  /** Of the variable or header; null elsewhere. */
  readonly name: string | null;
};

/** Where one text stands for each item of a list: the setting, and the item at hand. */
type Item = { readonly key: string; readonly part: string | Secret };

/** What an unset optional setting does there, and whether a secret may stand there. */
const RULES: Readonly<
  Record<TextKey, { readonly optional: 'dropped' | 'needed'; readonly secret: 'fine' | 'with_leave' | 'never' }>
> = {
  command: { optional: 'needed', secret: 'never' },
  args: { optional: 'dropped', secret: 'with_leave' },
  env: { optional: 'dropped', secret: 'fine' },
  cwd: { optional: 'needed', secret: 'never' },
  url: { optional: 'needed', secret: 'with_leave' },
  http_headers: { optional: 'dropped', secret: 'fine' },
};

/** Fills one text in. What was filled in is not looked at again. */
export function fillText(filling: Filling, place: TextPlace, text: string): FilledText {
  return join(filling, place, { pieces: scanReferences(text, 'canonical'), item: null });
}

/** One argument as it is handed over: none where an optional setting is unset, several where it holds a list. */
export function fillArgument(filling: Filling, text: string): readonly (string | Secret)[] {
  const place: TextPlace = { key: 'args', name: null };
  const pieces = scanReferences(text, 'canonical');
  const list = listIn(filling, pieces);
  const items = list === null ? [null] : list.parts.map((part) => ({ key: list.key, part }));
  return items.flatMap((item) => join(filling, place, { pieces, item }) ?? []);
}

/** The value of a variable: of the environment, else of the store. Where that has none, an empty one counts. */
export function lookUp({ lookups }: Filling, name: string): string | Secret | undefined {
  const value = lookups.variable(name);
  return value === undefined || value === '' ? (lookups.secret(name) ?? value) : value;
}

/** Warns of a variable that is not set anywhere, and that the server may do without. */
export function warnOfUnset(filling: Filling, name: string): void {
  const { server } = filling.sources;
  filling.warnings.push({
    code: 'ENV_VAR_UNSET',
    severity: 'warning',
    message: `${name}, which ${server} is to get, is not set anywhere`,
    hint: setCommand(filling, name),
    key: `${tableOf(filling)}.env_vars`,
    server,
  });
}

/** Notes that a variable is not set anywhere. */
export function missVariable(filling: Filling, name: string): void {
  filling.missing.set(name, setCommand(filling, name));
}

/** A value as a secret of that label, known to whoever shows what the server prints. */
export function keep({ secrets }: Filling, label: string, value: string | Secret): Secret {
  const secret = typeof value === 'string' ? new Secret(label, value) : value;
  secrets.add(secret);
  return secret;
}

/** The first list among the settings that a text refers to, with its items. */
function listIn(
  filling: Filling,
  pieces: readonly Piece[],
): { key: string; parts: readonly (string | Secret)[] } | null {
  for (const piece of pieces) {
    const setting = piece.kind === 'setting' ? settingOf(filling, piece.key) : undefined;
    if (setting === undefined || !setting.multiple) continue;
    const parts = settingParts(filling, setting);
    if (parts !== null) return { key: setting.key, parts };
  }
  return null;
}

function join(
  filling: Filling,
  place: TextPlace,
  { pieces, item }: { readonly pieces: readonly Piece[]; readonly item: Item | null },
): FilledText {
  const parts: (string | Secret)[] = [];
  let dropped = false;
  for (const piece of pieces) {
    const value = partOf(filling, place, { piece, item });
    if (value === null) dropped = true;
    else parts.push(value);
  }
  if (dropped) return null;
  const label = place.name ?? place.key;
  const whole = Secret.join(label, parts);
  if (typeof whole !== 'string') refuseSecret(filling, place);
  else if (place.name === null || whole === '' || !(mayNameSecret(place.name) || isToken(whole))) return whole;
  return keep(filling, label, whole);
}

/** What stands for one piece; null for an optional setting without a value. Of what is missing, an empty text. */
function partOf(
  filling: Filling,
  place: TextPlace,
  { piece, item }: { readonly piece: Piece; readonly item: Item | null },
): FilledText {
  switch (piece.kind) {
    case 'text':
      return piece.text;
    case 'setting':
      return item?.key === piece.key ? item.part : settingValue(filling, place, piece.key);
    case 'env':
      return variableValue(filling, place, piece);
    case 'secret':
      return storedValue(filling, piece);
    case 'provided':
      return providedValue(filling, piece);
    case 'folder':
    case 'broken':
      refuseReference(filling, place);
      return '';
    default:
      return piece satisfies never;
  }
}

/** The setting of that key; undefined when the plugin does not declare it. */
function settingOf({ sources: { settings } }: Filling, key: string): ServerSetting | undefined {
  return Object.hasOwn(settings, key) ? settings[key] : undefined;
}

function settingValue(filling: Filling, place: TextPlace, key: string): FilledText {
  const setting = settingOf(filling, key);
  const parts = setting === undefined ? null : settingParts(filling, setting);
  if (setting !== undefined && parts !== null) return Secret.join(settingSecretName(key), separated(parts, setting));
  if (setting !== undefined && !setting.required && RULES[place.key].optional === 'dropped') return null;
  filling.missing.set(settingSecretName(key), configureCommand(filling));
  return '';
}

/** The values of a setting, one for each item; null when it is unset. */
function settingParts(filling: Filling, setting: ServerSetting): readonly (string | Secret)[] | null {
  const { key, sensitive, multiple, values, problem } = setting;
  const name = settingSecretName(key);
  if (problem !== null) {
    const { server } = filling.sources;
    filling.issues.push({
      code: 'PLUGIN_SETTING_VALUE',
      severity: 'error',
      message: `${name} ${problem}`,
      hint: configureCommand(filling),
      key: name,
      server,
    });
    return [''];
  }
  const stored = sensitive ? filling.lookups.secret(name) : undefined;
  const items = stored !== undefined && multiple ? stored.items() : [stored ?? []].flat();
  if (items.length > 0) return items.map((item) => keep(filling, name, item));
  if (values === null || values.length === 0) return null;
  return sensitive ? values.map((value) => keep(filling, name, value)) : values;
}

function separated(parts: readonly (string | Secret)[], { separator }: ServerSetting): readonly (string | Secret)[] {
  return parts.flatMap((part, index) => (index === 0 ? [part] : [separator, part]));
}

function variableValue(filling: Filling, { key }: TextPlace, { name, fallback }: Piece & { kind: 'env' }): FilledText {
  const value = lookUp(filling, name);
  if (fallback !== null && (value === undefined || value === '')) return fallback;
  if (value === undefined) {
    missVariable(filling, name);
    return '';
  }
  if (typeof value !== 'string') return keep(filling, name, value);
  return value !== '' && isSecretThere(filling, key, name) ? keep(filling, name, value) : value;
}

/** Whether a variable of the environment is held to be a secret under a key, by its name alone. */
function isSecretThere({ sources }: Filling, key: TextKey, name: string): boolean {
  switch (RULES[key].secret) {
    case 'never':
      // A program or folder may be named by any variable.
      return false;
    case 'with_leave':
      // A plugin chooses what it names, and what is laid over its server cannot be told from its own text any more.
      return sources.consumer.kind === 'plugin' ? isUnclearName(name) : namesCredential(name);
    case 'fine':
      return namesCredential(name);
    default:
      return RULES[key].secret satisfies never;
  }
}

function storedValue(filling: Filling, { name }: { readonly name: string }): string | Secret {
  const value = filling.lookups.secret(name);
  if (value !== undefined) return keep(filling, name, value);
  filling.missing.set(`secret ${name}`, setCommand(filling, name));
  return '';
}

function providedValue(
  filling: Filling,
  { scheme, reference }: { readonly scheme: string; readonly reference: string },
): string | Secret {
  const value = filling.lookups.provided(reference);
  if (value !== undefined) return keep(filling, reference, value);
  filling.missing.set(`secret ${reference}`, `see that the command of secret_providers.${scheme} gives it`);
  return '';
}

/** The table of the server, as a dotted key. */
export function tableOf({ sources: { allowKey } }: Filling): string {
  return allowKey.slice(0, allowKey.lastIndexOf('.'));
}

function keyOf(filling: Filling, { key, name }: TextPlace): string {
  return [tableOf(filling), key, ...(name === null ? [] : [name])].join('.');
}

/** Notes a secret that stands where it may not. */
function refuseSecret(filling: Filling, place: TextPlace): void {
  const { allowSecretInArgs, allowKey, server } = filling.sources;
  const rule = RULES[place.key].secret;
  if (rule === 'fine' || (rule === 'with_leave' && allowSecretInArgs)) return;
  const key = keyOf(filling, place);
  if (filling.issues.some((issue) => issue.code === 'SECRET_IN_ARGS' && issue.key === key)) return;
  const allow = commandLine(['plugboard', 'config', 'set', allowKey, 'true']);
  const elsewhere = 'hand it over in `env` or a header';
  filling.issues.push({
    code: 'SECRET_IN_ARGS',
    severity: 'error',
    message:
      rule === 'never'
        ? `a secret would stand in the ${place.key} of ${server}, which is never allowed`
        : `a secret would stand in the ${place.key} of ${server}, where other programs can see it`,
    hint: rule === 'never' ? elsewhere : `${elsewhere}; or, to allow it, run: ${allow}`,
    key,
    server,
  });
}

function refuseReference(filling: Filling, place: TextPlace): void {
  const key = keyOf(filling, place);
  filling.issues.push({
    code: filling.sources.consumer.kind === 'plugin' ? 'PLUGIN_REFERENCE' : 'CONFIG_LITERAL_REFERENCE',
    severity: 'error',
    message: `${key} holds a reference that stands for nothing here`,
    hint: 'write `$${` for a literal `${`',
    key,
    server: filling.sources.server,
  });
}

function configureCommand({ sources: { configure } }: Filling): string {
  return configure === null ? 'take the reference away: only a plugin has settings' : `run: ${configure}`;
}

function setCommand({ sources: { consumer } }: Filling, name: string): string {
  return `run: plugboard secret set ${name} --for ${consumerText(consumer)}`;
}
