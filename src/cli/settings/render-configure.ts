import { printableLine, shorten } from '../../kernel/index.ts';
import type { PluginIdJson } from '../plugin-reports.ts';
import { renderNotes } from '../render-secrets.ts';
import { renderTable } from '../render-table.ts';
import { type SettingState, settingTitle } from './setting-states.ts';

/** `plugin configure`. */
export type ConfiguredPlugin = { readonly schemaVersion: 1 } & PluginIdJson & {
    /** Keys whose value was stored by this command. */
    readonly stored: readonly string[];
    /** Keys whose value was taken away by it. */
    readonly removed: readonly string[];
    /** Keys whose value was to be taken away, and there was none. */
    readonly notSet: readonly string[];
    readonly settings: readonly SettingState[];
    /** Keys of required settings that have no value that can be used. */
    readonly missing: readonly string[];
    /** Servers of the plugin that the running host starts again with the new values, by the names agents see. */
    readonly restarts: readonly string[];
    readonly notes: readonly string[];
    /** What sets the rest. */
    readonly command: string;
  };

/** `plugin configure` for people. */
export function renderConfigured(report: ConfiguredPlugin, columns?: number): string {
  const { pluginId, stored, removed, notSet, settings, missing, restarts, notes, command } = report;
  if (settings.length === 0) return `Plugin '${pluginId}' has no settings.`;
  const changed = stored.length + removed.length > 0;
  const next =
    restarts.length > 0
      ? [`${restarts.join(', ')} ${restarts.length === 1 ? 'restarts' : 'restart'} in the running host.`]
      : [`${stored.length + removed.length === 1 ? 'It counts' : 'They count'} from the next start of its servers on.`];
  return [
    ...(stored.length === 0 ? [] : [`Stored for '${pluginId}': ${stored.join(', ')}.`]),
    ...(removed.length === 0 ? [] : [`Removed for '${pluginId}': ${removed.join(', ')}.`]),
    ...(notSet.length === 0 ? [] : [`Was not set for '${pluginId}': ${notSet.join(', ')}.`]),
    ...(changed ? (missing.length === 0 ? next : []) : notSet.length > 0 ? [] : [renderSettings(settings, columns)]),
    ...settingProblems(settings),
    ...renderMissing(command, missing),
    ...renderNotes(notes),
  ].join('\n');
}

/** What is still to be set, and how; nothing where nothing is. */
export function renderMissing(command: string, missing: readonly string[]): readonly string[] {
  if (missing.length === 0) return [];
  return [printableLine(`still to be set: ${missing.join(', ')}; run: ${command}`)];
}

/** A table of settings with what is known of them. */
export function renderSettings(settings: readonly SettingState[], columns?: number): string {
  return renderTable(
    ['SETTING', 'TYPE', 'STATE', 'DESCRIPTION'],
    settings.map((state) => [
      printableLine(state.key),
      kindText(state),
      stateText(state),
      printableLine(state.description === '' ? state.title : state.description),
    ]),
    columns,
  );
}

/** Such as `required secret string`. */
function kindText({ type, required, sensitive, multiple }: SettingState): string {
  const marks = [...(required ? ['required'] : []), ...(sensitive ? ['secret'] : []), type];
  return `${marks.join(' ')}${multiple ? ' list' : ''}`;
}

function stateText({ from, problem }: SettingState): string {
  switch (from) {
    case 'config':
      return problem === null ? 'set' : 'set, not usable';
    case 'secret':
      return 'set, encrypted';
    case 'default':
      return 'default';
    case 'unset':
      return 'unset';
    case 'unknown':
      return 'not known';
    default:
      return from satisfies never;
  }
}

/** What is wrong with what is written, one line each. */
export function settingProblems(settings: readonly SettingState[]): readonly string[] {
  return settings.flatMap(({ key, where, problem }) =>
    problem === null ? [] : [printableLine(`${where === null ? '' : `${where}: `}'${key}' ${problem}`)],
  );
}

/** A table of settings in the detail of `plugin show`. */
export function renderSettingTable(settings: readonly SettingState[], columns?: number): string {
  return renderTable(
    ['SETTING', 'TYPE', 'REQUIRED', 'SENSITIVE', 'STATE'],
    settings.map((state) => [
      printableLine(state.key),
      `${state.type}${state.multiple ? ' list' : ''}`,
      state.required ? 'yes' : 'no',
      state.sensitive ? 'yes' : 'no',
      stateText(state),
    ]),
    columns,
  );
}

/** What a person reads before a setting is asked for, one line each. */
export function settingIntro(state: SettingState): readonly string[] {
  const title = settingTitle(state);
  const name = title === state.key ? title : `${title} (${printableLine(state.key)})`;
  const text = printableLine(state.description);
  return [
    `${name}: ${state.required ? 'required' : 'optional'}, ${stateText(state)}`,
    ...(text === '' ? [] : [`  ${shorten(text, 500)}`]),
  ];
}
