import { type KeyPath, type Located, type LocatedTable, read } from '../../config/index.ts';
import { shorten } from '../../kernel/index.ts';
import { firstOf, kindOf, pathValue, type Reading, readJson, tell } from '../reading.ts';
import type { HookDeclaration } from '../types.ts';
import type { Manifest } from './manifest.ts';

/** Where hooks are when the manifest does not say so. */
const DEFAULT_FILES: readonly string[] = ['hooks/hooks.json', 'hooks.json'];

/** More files than any plugin has, each of which is read. */
const MAX_SOURCES = 64;

/** Where hooks are written: the file for the list, the object and its key. */
type Source = { readonly file: string; readonly value: Located; readonly key: KeyPath };

/**
 * The hooks that a plugin brings: in the manifest, in the files it names, or in `hooks/hooks.json`. In Claude's format the
 * last is read in any case.
 */
export function readHooks(reading: Reading, manifest: Manifest): readonly HookDeclaration[] {
  if (manifest.family === 'agent_plugins' || manifest.family === 'mcpb') return [];
  const value = manifest.table.entries.get('hooks');
  const named = value === undefined ? [] : sourcesOf(reading, value, { manifest, key: ['hooks'] });
  const fallback = value === undefined || manifest.family === 'claude' ? defaults(reading) : [];
  const sources = [...named, ...fallback.filter(({ file }) => !named.some((one) => one.file === file))];
  return sources.flatMap((source) => hooksIn(reading, source));
}

/** The first usual file that is there and can be read. */
function defaults(reading: Reading): readonly Source[] {
  for (const path of DEFAULT_FILES) {
    const outcome = readJson(reading, path);
    if (outcome.kind === 'value') return [{ file: path, value: outcome.value, key: [] }];
  }
  return [];
}

type Place = { readonly manifest: Manifest; readonly key: KeyPath };

/** What `hooks` of a manifest stands for: a path, an object, or a list of both. */
function sourcesOf(reading: Reading, value: Located, { manifest, key }: Place): readonly Source[] {
  if (value.kind === 'list' && key.length === 1) {
    const items = firstOf(value.items, { reading, key, place: value.at, max: MAX_SOURCES });
    return items.flatMap((item, index) => sourcesOf(reading, item, { manifest, key: [...key, String(index)] }));
  }
  if (value.kind === 'table') return [{ file: manifest.path ?? '', value, key }];
  const path = pathValue(value, { reading, key, instead: 'it is left out' });
  if (path === null) return [];
  const outcome = readJson(reading, path);
  if (outcome.kind === 'absent') {
    const message = 'names a file that is not there';
    tell(reading, { key, place: value.at }, { code: 'PLUGIN_PATH_MISSING', severity: 'warning', message });
  }
  return outcome.kind === 'value' ? [{ file: path, value: outcome.value, key: [] }] : [];
}

/** The hooks in an object of lists by event, which may stand under `hooks`. */
function hooksIn(reading: Reading, { file, value, key }: Source): readonly HookDeclaration[] {
  const events = value.kind === 'table' ? (read.tableAt(value, 'hooks') ?? value) : null;
  if (events === null) {
    wrong(
      reading,
      { key: key.length === 0 ? ['hooks'] : key, place: value.at },
      `must be an object, and is ${kindOf(value)}`,
    );
    return [];
  }
  const inner = events === value ? key : [...key, 'hooks'];
  return [...events.entries].flatMap(([event, list]) => {
    if (list.kind === 'list') {
      return list.items.flatMap((item, index) =>
        entriesOf(reading, { file, event, item, key: [...inner, event, String(index)] }),
      );
    }
    const aside = ['description', 'version', '$schema'].includes(event);
    if (!aside) wrong(reading, { key: [...inner, event], place: list.at }, `must be an array, and is ${kindOf(list)}`);
    return [];
  });
}

type Entry = { readonly file: string; readonly event: string; readonly item: Located; readonly key: KeyPath };

/** One entry of an event: a matcher with its hooks, or (Cursor) the hook itself. */
function entriesOf(reading: Reading, { file, event, item, key }: Entry): readonly HookDeclaration[] {
  if (item.kind !== 'table') {
    wrong(reading, { key, place: item.at }, `must be an object, and is ${kindOf(item)}`);
    return [];
  }
  const matcher = read.text(item, 'matcher') ?? null;
  const hooks = item.entries.get('hooks');
  const listed = hooks === undefined ? [item] : hooks.kind === 'list' ? hooks.items : [hooks];
  return listed.flatMap((hook) => {
    const command = hook.kind === 'table' ? commandOf(hook) : null;
    if (command !== null) return [{ event, matcher, command, file }];
    wrong(reading, { key, place: hook.at }, 'has a hook that says nothing of what it runs');
    return [];
  });
}

/** What a hook does, as written: a command with its arguments, or the kind of hook with what it asks or calls. */
function commandOf(hook: LocatedTable): string | null {
  const command = read.text(hook, 'command');
  if (command !== undefined) return [command, ...(read.textList(hook, 'args') ?? [])].join(' ');
  const type = read.text(hook, 'type') ?? 'hook';
  const what = ['url', 'prompt', 'tool', 'server']
    .map((key) => read.text(hook, key))
    .find((text) => text !== undefined);
  return what === undefined ? null : `${type}: ${shorten(what, 200)}`;
}

function wrong(reading: Reading, at: { readonly key: KeyPath; readonly place: Located['at'] }, message: string): void {
  tell(reading, at, { code: 'PLUGIN_WRONG_TYPE', severity: 'warning', message: `${message}; it is left out` });
}
