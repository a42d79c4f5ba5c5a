import { isLoopback } from '../config/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../kernel/index.ts';
import type { Bundle } from '../plugins/index.ts';
import {
  type ClientCell,
  type ClientReading,
  ignores,
  keyList,
  LOADS,
  loadsWith,
  readJsonFile,
  refusedReading,
  stringsIn,
} from './clients-reading.ts';

const SCHEMAS = 'https://agent-plugins.org/schemas/';
const PLUGIN_SCHEMA = `${SCHEMAS}1.0.0/plugin.schema.json`;
const MCP_SCHEMA = `${SCHEMAS}1.0.0/mcp.schema.json`;

const MANIFEST = 'plugin.json';
const MCP_FILE = 'mcp.json';

/** The closed keys of a manifest, with what they must be. */
const MANIFEST_KEYS: ReadonlyMap<string, (value: JsonValue) => boolean> = new Map([
  ...['$schema', 'name', 'version', 'description', 'homepage', 'repository', 'license'].map(
    (key) => [key, isText] as const,
  ),
  ['keywords', (value: JsonValue) => Array.isArray(value) && value.every(isText)],
  ['author', isAuthor],
  // Anything but an object is passed over, without harm to the rest.
  ['extensions', () => true],
]);

function isAuthor(value: JsonValue): boolean {
  const isKnown = ([key, text]: [string, JsonValue | undefined]): boolean =>
    ['name', 'email', 'url'].includes(key) && isText(text);
  return isJsonObject(value) && Object.entries(value).every(isKnown);
}

const NAME = /^(?!.*(?:--|\.\.))[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/;
const MAX_NAME_LENGTH = 64;

/** Whether a bundle says that it follows the standard, in whatever version. */
export function isAgentPlugins(bundle: Bundle): boolean {
  const file = readJsonFile(bundle, MANIFEST);
  const schema = file.kind === 'object' ? file.value['$schema'] : undefined;
  return typeof schema === 'string' && schema.startsWith(SCHEMAS);
}

/**
 * A bundle with the eyes of a client that follows Agent Plugins 1.0.0.
 *
 * @param how `sse`: whether it may know the older HTTP transport, which the standard leaves open.
 * @see https://agent-plugins.org, 1.0.0: §5.2 manifest, §6.1 fixed locations, §7.2 servers
 */
export function readAsAgentPlugins(bundle: Bundle, how: { readonly sse: boolean } = { sse: true }): ClientReading {
  const file = readJsonFile(bundle, MANIFEST);
  if (file.kind === 'absent') return refusedReading('there is no `plugin.json` at the top of the bundle');
  if (file.kind === 'unusable') return refusedReading(file.reason);
  const problem = manifestProblem(file.value);
  if (problem !== null) return refusedReading(problem);
  const unknown = Object.keys(file.value).filter((key) => !MANIFEST_KEYS.has(key));
  const mcp = mcpServers(bundle);
  const notes = [
    ...(unknown.length === 0
      ? []
      : [`${keyList(unknown)} in \`plugin.json\` ${unknown.length === 1 ? 'has' : 'have'} no effect`]),
    ...mcp.notes,
  ];
  return {
    plugin: loadsWith(notes),
    servers: new Map(
      Object.entries(mcp.servers).map(([name, value]): [string, ClientCell] => [
        name,
        serverCell(value ?? null, { bundle, ...how }),
      ]),
    ),
    elsewhere: 'only `mcp.json` at the top of the bundle is read for servers',
    readPart: (part, paths) => {
      if (part !== 'skills') return ignores('the standard has no such part');
      return paths.every((path) => /^skills\/[^/]+(?:\/(?:SKILL\.md)?)?$/.test(path))
        ? LOADS
        : ignores('only folders in `skills/` are read');
    },
  };
}

function manifestProblem(manifest: JsonObject): string | null {
  const { $schema, name } = manifest;
  if ($schema !== PLUGIN_SCHEMA)
    return $schema === undefined
      ? '`$schema` is missing in `plugin.json`'
      : '`$schema` in `plugin.json` names another version than 1.0.0';
  if (typeof name !== 'string' || name.length > MAX_NAME_LENGTH || !NAME.test(name))
    return '`name` must have lower-case letters, digits, single `-` and single `.`, at most 64 characters';
  const wrong = Object.entries(manifest).find(([key, value]) => MANIFEST_KEYS.get(key)?.(value ?? null) === false);
  return wrong === undefined ? null : `\`${wrong[0]}\` in \`plugin.json\` has a value that it does not take`;
}

function mcpServers(bundle: Bundle): { readonly servers: JsonObject; readonly notes: readonly string[] } {
  const none = (reason: string): ReturnType<typeof mcpServers> => ({
    servers: {},
    notes: [`${reason}, so there are no servers`],
  });
  const file = readJsonFile(bundle, MCP_FILE);
  if (file.kind === 'absent') return { servers: {}, notes: [] };
  if (file.kind === 'unusable') return none(file.reason);
  const { $schema, mcpServers: servers, ...others } = file.value;
  if ($schema !== MCP_SCHEMA) return none('`mcp.json` does not have the `$schema` of 1.0.0');
  if (Object.keys(others).length > 0)
    return none(`\`mcp.json\` has ${keyList(Object.keys(others))}, which is not allowed there`);
  return isJsonObject(servers) ? { servers, notes: [] } : none('`mcpServers` in `mcp.json` is no object');
}

const VARIANTS: ReadonlyMap<JsonValue | undefined, readonly string[]> = new Map([
  ['stdio', ['type', 'command', 'args', 'env', 'cwd']],
  ['streamable-http', ['type', 'url', 'headers']],
  ['sse', ['type', 'url', 'headers']],
]);

function serverCell(
  server: JsonValue,
  { bundle, sse }: { readonly bundle: Bundle; readonly sse: boolean },
): ClientCell {
  if (!isJsonObject(server)) return ignores('it is no object');
  const { type } = server;
  const keys = VARIANTS.get(type);
  if (keys === undefined) return ignores('`type` must be "stdio", "streamable-http" or "sse"');
  const others = Object.keys(server).filter((key) => !keys.includes(key));
  if (others.length > 0) return ignores(`${keyList(others)} ${others.length === 1 ? 'is' : 'are'} not allowed there`);
  const problem = type === 'stdio' ? stdioProblem(server, bundle) : httpProblem(server);
  if (problem !== null) return ignores(problem);
  if (type === 'sse')
    return sse ? loadsWith(['support for `sse` is left to each client']) : ignores('the transport `sse` is not known');
  return loadsWith(type === 'stdio' ? literally(server) : []);
}

function stdioProblem({ command, args = [], env = {}, cwd }: JsonObject, bundle: Bundle): string | null {
  if (typeof command !== 'string' || command === '' || /\s/.test(command)) return '`command` must be one word';
  if (!isContained(command, bundle) && /[/\\]/.test(command))
    return '`command` must be a bare name, or a path in the bundle that starts with `./`';
  if (!Array.isArray(args) || !args.every(isText)) return '`args` must be an array of strings';
  if (!isJsonObject(env) || !Object.values(env).every(isText)) return '`env` must be an object of strings';
  if ('PLUGIN_ROOT' in env || 'PLUGIN_DATA' in env) return '`env` may not set `PLUGIN_ROOT` or `PLUGIN_DATA`';
  if (cwd === undefined) return null;
  const inside = typeof cwd === 'string' && (isContained(cwd, bundle) || isRooted(cwd, bundle));
  return inside ? null : '`cwd` must be in the bundle and start with `./`, `${PLUGIN_ROOT}` or `${PLUGIN_DATA}`';
}

/** True for `./…` that stays in the bundle, links followed. */
function isContained(path: string, bundle: Bundle): boolean {
  if (!path.startsWith('./') || path.split('/').includes('..')) return false;
  const inner = path.replace(/^(?:\.\/)+/, '');
  return inner === '' || bundle.look(inner).kind !== 'outside';
}

function isRooted(path: string, bundle: Bundle): boolean {
  const [, folder, rest = ''] = /^\$\{PLUGIN_(ROOT|DATA)\}(\/.*)?$/.exec(path) ?? [];
  if (folder === undefined || rest.split('/').includes('..')) return false;
  return folder === 'DATA' || isContained(`.${rest === '' ? '/' : rest}`, bundle);
}

function httpProblem({ url, headers = {} }: JsonObject): string | null {
  if (typeof url !== 'string' || !URL.canParse(url)) return '`url` must be an absolute address';
  const { protocol, username, password, hash, hostname } = new URL(url);
  if (username !== '' || password !== '' || hash !== '')
    return '`url` may have neither a user name, nor a password, nor a fragment';
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback(hostname.replaceAll(/[[\]]/g, ''))))
    return '`url` must be https, but on this machine';
  if (!isJsonObject(headers) || !Object.values(headers).every(isText)) return '`headers` must be an object of strings';
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  return new Set(names).size === names.length ? null : '`headers` has one name in two spellings';
}

function literally(server: JsonObject): readonly string[] {
  const known = /\$\{PLUGIN_(?:ROOT|DATA)\}/g;
  const keys = ['args', 'env'].filter((key) =>
    stringsIn(server[key]).some((text) => /\$\{/.test(text.replaceAll(known, ''))),
  );
  return keys.length === 0
    ? []
    : [`placeholders in ${keyList(keys)} are used as they stand, but \`\${PLUGIN_ROOT}\` and \`\${PLUGIN_DATA}\``];
}

function isText(value: JsonValue | undefined): value is string {
  return typeof value === 'string';
}
