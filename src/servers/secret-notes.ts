import {
  type Config,
  hasReferences,
  type LocatedTable,
  type Origin,
  read,
  renderKey,
  type ServerEntry,
} from '../config/index.ts';
import type { Issue } from '../kernel/index.ts';
import { type Consumer, consumerText } from '../secrets/index.ts';
import { isToken, mayNameSecret } from './values/secret-names.ts';
import { atPlace } from './verdict-parts.ts';

const SCHEME = /^(?:bearer|basic|token)\s+/i;
const PATH = /^(?:~|\.{1,2})?[/\\]|^[A-Za-z]:[/\\]/;
const MIN_LENGTH = 16;

/** A literal value of `env` or `http_headers`, and where it is written. */
type Literal = {
  readonly key: 'env' | 'http_headers';
  readonly name: string;
  readonly value: string;
  readonly path: readonly string[];
  readonly at: Origin;
  /** Whether its entry is a server, and not laid over one. */
  readonly whole: boolean;
  readonly consumer: Consumer;
};

/**
 * One note for each value that the user wrote as it is, and that looks like a secret. Never names the value.
 *
 * @param settled The plugin that an entry without command and address is or was for, by its name; null where it is for several.
 */
export function secretNotes(config: Config, settled: ReadonlyMap<string, string | null>): readonly Issue[] {
  const whole = [...config.servers.values()].filter(({ name }) => !config.overlays.has(name));
  const overlays = [...config.overlays.values()].flatMap(({ name, table }) => {
    const id = settled.get(name);
    const consumer: Consumer = typeof id === 'string' ? { kind: 'plugin', id } : { kind: 'server', name };
    return id === null ? [] : literalsIn(table, { path: ['mcp_servers', name], consumer });
  });
  const policies = [...config.plugins.values()].flatMap(({ pluginId, servers }) =>
    [...servers.values()].flatMap(({ server, table }) =>
      literalsIn(table, {
        path: ['plugins', pluginId, 'mcp_servers', server],
        consumer: { kind: 'plugin', id: pluginId },
      }),
    ),
  );
  return [...whole.flatMap(literalsOf), ...overlays, ...policies]
    .filter(({ name, value }) => looksSecret(name, value))
    .map(noteOf);
}

function literalsOf({ name: server, origin, transport }: ServerEntry): readonly Literal[] {
  if (transport === null) return [];
  const key = transport.kind === 'stdio' ? 'env' : 'http_headers';
  return Object.entries(transport.kind === 'stdio' ? transport.env : transport.headers).map(([name, value]) => ({
    ...{ key, name, value, at: origin, whole: true },
    path: ['mcp_servers', server, key, name],
    consumer: { kind: 'server', name: server },
  }));
}

function literalsIn(
  table: LocatedTable,
  of: { readonly path: readonly string[]; readonly consumer: Consumer },
): readonly Literal[] {
  return (['env', 'http_headers'] as const).flatMap((key) => {
    const entries = table.entries.get(key);
    if (entries === undefined) return [];
    return read.texts(entries, [...of.path, key]).map(({ path, node }) => ({
      ...{ key, path, consumer: of.consumer, value: node.value, at: node.at, whole: false },
      name: path.at(-1) ?? '',
    }));
  });
}

function looksSecret(name: string, written: string): boolean {
  const value = written.replace(SCHEME, '');
  if (hasReferences(written)) return false;
  if (isToken(value)) return true;
  return mayNameSecret(name) && value.length >= MIN_LENGTH && isMixed(value) && !isPlain(value);
}

/** Of letters and digits, without blanks, as nobody types a word. */
function isMixed(value: string): boolean {
  return /[A-Za-z]/.test(value) && /\d/.test(value) && !/\s/.test(value);
}

function isPlain(value: string): boolean {
  return PATH.test(value) || /^[A-Za-z][\w+.-]*:\/\//.test(value);
}

function noteOf({ key, name, value, path, at, whole, consumer }: Literal): Issue {
  const shown = renderKey(path);
  const secret = /^[A-Za-z_]/.test(name) ? name.replaceAll(/[^A-Za-z0-9_]/g, '_') : `_${name}`;
  const scheme = SCHEME.exec(value)?.[0] ?? '';
  // A list that is laid over a plugin's server takes the place of the one that the plugin has.
  const instead =
    key === 'env' && secret === name && whole
      ? `env_vars = ["${name}"]`
      : `${renderKey([key, name])} = "${scheme}\${secret:${secret}}"`;
  return {
    code: 'SECRET_IN_CONFIG',
    severity: 'note',
    message: `${shown} looks like a secret, and everybody with the file can read it`,
    hint: `run: plugboard secret set ${secret} --for ${consumerText(consumer)}; then write ${instead} in place of the value`,
    ...atPlace(at),
    key: shown,
    ...(consumer.kind === 'server' ? { server: consumer.name } : { plugin: consumer.id }),
  };
}
