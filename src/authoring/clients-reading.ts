import { isDeeperThan, isJsonObject, type JsonObject, type JsonValue, shorten } from '../kernel/index.ts';
import type { Bundle } from '../plugins/index.ts';

/**
 * What a client makes of something. `loads`: it is used as written. `partly`: it is used, and something of it is not.
 * `fails`: it is taken, and cannot start. `ignores`: it is left out. `refuses`: the plugin as a whole is not installed.
 */
export type ClientVerdict = 'loads' | 'partly' | 'fails' | 'ignores' | 'refuses';

/** `notes` are sentences without a full stop; they hold keys and never values of the files. */
export type ClientCell = { readonly verdict: ClientVerdict; readonly notes: readonly string[] };

/** Parts of a bundle besides its servers. */
export const PARTS = ['skills', 'hooks', 'commands', 'agents', 'apps', 'user_config'] as const;
export type Part = (typeof PARTS)[number];

/** A bundle as one client sees it. */
export type ClientReading = {
  readonly plugin: ClientCell;
  /** By name: every server the client finds declared, those that it drops too. */
  readonly servers: ReadonlyMap<string, ClientCell>;
  /** Why a server that others find is not among them. */
  readonly elsewhere: string;
  readonly readPart: (part: Part, paths: readonly string[]) => ClientCell;
};

export const LOADS: ClientCell = { verdict: 'loads', notes: [] };

export function refuses(...notes: readonly string[]): ClientCell {
  return { verdict: 'refuses', notes };
}

export function ignores(...notes: readonly string[]): ClientCell {
  return { verdict: 'ignores', notes };
}

/** `loads`, or `partly` when there is something to say. */
export function loadsWith(notes: readonly string[]): ClientCell {
  return notes.length === 0 ? LOADS : { verdict: 'partly', notes };
}

/** A plugin that is not installed: nothing else of it counts. */
export function refusedReading(...notes: readonly string[]): ClientReading {
  return { plugin: refuses(...notes), servers: new Map(), elsewhere: '', readPart: () => refuses() };
}

export type JsonFile =
  | { readonly kind: 'absent' }
  | { readonly kind: 'unusable'; readonly reason: string }
  | { readonly kind: 'object'; readonly value: JsonObject };

/** Where Codex stops, and far from what recursion here can bear. */
const MAX_DEPTH = 127;

/** A file with one JSON object, read as strictly as these clients do: no comments, no trailing commas. */
export function readJsonFile(bundle: Bundle, path: string): JsonFile {
  const found = bundle.read(path);
  if (found.kind === 'absent') return found;
  if (found.kind === 'unreadable') return { kind: 'unusable', reason: `\`${path}\` cannot be read` };
  try {
    const value = JSON.parse(found.text) as JsonValue;
    if (isDeeperThan(value, MAX_DEPTH)) return { kind: 'unusable', reason: `\`${path}\` is nested too deeply` };
    return isJsonObject(value)
      ? { kind: 'object', value }
      : { kind: 'unusable', reason: `\`${path}\` holds no object` };
  } catch {
    return { kind: 'unusable', reason: `\`${path}\` is not valid JSON` };
  }
}

/** Every string in a value. */
export function stringsIn(value: JsonValue | undefined): readonly string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(stringsIn);
  return isJsonObject(value) ? Object.values(value).flatMap(stringsIn) : [];
}

const KEYS_NAMED = 8;

/** `a`, `b` and `c`, each in back quotes. */
export function keyList(keys: readonly string[]): string {
  const named = keys.slice(0, KEYS_NAMED).map((key) => `\`${shorten(key, 60)}\``);
  const parts = keys.length > KEYS_NAMED ? [...named, `${keys.length - KEYS_NAMED} more`] : named;
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}
