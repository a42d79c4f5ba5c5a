import { createHash } from 'node:crypto';
import { type HttpTransport, isLoopback, type StdioTransport } from '../config/index.ts';
import { canonicalJson } from '../kernel/index.ts';
import {
  bundlePath,
  describeRequests,
  type HookDeclaration,
  type Plugin,
  type PluginPart,
  type PluginServer,
} from '../plugins/index.ts';
import type { Setting } from '../settings/index.ts';
import { shellWords, unpinnedLauncher } from './launchers.ts';
import type { ConsentFacts, ConsentServer, ConsentSetting, Receipt } from './types.ts';

/** What consent facts are made of, besides the plugin itself. */
export type ConsentSubject = Pick<
  ConsentFacts,
  'pluginId' | 'version' | 'marketplaceSource' | 'source' | 'revision' | 'installPolicy' | 'authPolicy'
> & {
  readonly plugin: Plugin;
  /** The folders that the plugin was parsed with. Absolute. */
  readonly folders: { readonly root: string; readonly data: string };
  /** SHA-256 of a file of the bundle, by its path there; null when there is none. */
  readonly scriptDigest: (path: string) => string | null;
};

/**
 * Everything a user is shown before a plugin is enabled. The same for the same bundle wherever it lies: its own folders
 * appear as `${PLUGIN_ROOT}` and `${PLUGIN_DATA}`. Lists are sorted.
 */
export function consentFacts(subject: ConsentSubject): ConsentFacts {
  const { plugin, folders, scriptDigest } = subject;
  return {
    pluginId: subject.pluginId,
    version: subject.version,
    marketplaceSource: subject.marketplaceSource,
    source: subject.source,
    revision: subject.revision,
    installPolicy: subject.installPolicy,
    authPolicy: subject.authPolicy,
    servers: byText(plugin.servers, ({ entry }) => entry.name).map((server) => serverFacts(server, folders)),
    settings: byText(plugin.settings, ({ key }) => key).map(settingFacts),
    hooks: sorted(plugin.hooks.map((hook) => hookText(hook, scriptDigest))),
    skills: names(plugin.skills),
    commands: names(plugin.commands),
    agents: names(plugin.agents),
    apps: sorted(plugin.apps),
  };
}

/** More than anybody reads through. Characters. */
const MAX_DEFAULT_LENGTH = 400;

function settingFacts({ key, sensitive, required, default: value }: Setting): ConsentSetting {
  const json = value === null ? null : canonicalJson(value);
  const isLong = json !== null && json.length > MAX_DEFAULT_LENGTH;
  return { key, sensitive, required, default: isLong ? `sha256 ${sha256(value)}` : json };
}

/**
 * What stands in the place of a setting as long as the user gives nothing, for people; null when nothing does, or nobody wrote
 * it down.
 */
export function consentDefault({ default: fact = null }: Pick<ConsentSetting, 'default'>): string | null {
  if (fact === null) return null;
  if (fact.startsWith('sha256 ')) return `a long value, ${fact}`;
  const value: unknown = JSON.parse(fact);
  return typeof value === 'string' && /^[^\s"[\]]+$/.test(value) ? value : fact;
}

/** SHA-256 over consent facts, whatever the order of their keys. 64 hex digits. */
export function consentDigest(facts: ConsentFacts): string {
  return sha256(facts);
}

/**
 * Names of the variables that the user was shown when they agreed: the files of the plugin get no others. Sorted.
 *
 * @param receipt Of what is installed. One that is not installed agreed to nothing.
 */
export function agreedVariables({ consent }: Pick<Receipt, 'consent'>): readonly string[] {
  return sorted(consent?.facts.servers.flatMap(({ envNames }) => envNames) ?? []);
}

function sha256(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

function serverFacts({ entry, ...server }: PluginServer, folders: ConsentSubject['folders']): ConsentServer {
  const declared = (text: string): string => withReferences(text, folders);
  const { transport } = entry;
  const own = transport?.kind === 'stdio' ? stdioFacts(transport, declared) : httpFacts(transport, declared);
  return {
    name: entry.name,
    transport: transport?.kind ?? null,
    ...own,
    envNames: sorted([...own.envNames, ...server.variables]),
    settings: sorted(server.settings),
    authModel: server.authModel,
    dataClasses: sorted(server.dataClasses),
    enabledTools: entry.enabledTools === null ? null : sorted(entry.enabledTools),
    disabledTools: sorted(entry.disabledTools),
    roots: sorted(entry.roots.map(({ uri }) => declared(uri))),
    sharing: entry.sharing,
    enabled: entry.enabled,
    requests: describeRequests(server.requests),
  };
}

type TransportFacts = Pick<
  ConsentServer,
  | 'command'
  | 'cwd'
  | 'url'
  | 'host'
  | 'runs'
  | 'unpinned'
  | 'envNames'
  | 'setsEnv'
  | 'headers'
  | 'headersHelper'
  | 'files'
  | 'valueDigests'
>;

function stdioFacts(transport: StdioTransport, declared: (text: string) => string): TransportFacts {
  const command = [transport.command, ...transport.args].map(declared);
  const cwd = transport.cwd === null ? null : declared(transport.cwd);
  return {
    command,
    cwd: cwd === '${PLUGIN_ROOT}' ? null : cwd,
    url: null,
    host: null,
    runs: 'local',
    unpinned: unpinnedLauncher(command),
    envNames: transport.envVars.map(({ name }) => name),
    setsEnv: sorted(Object.keys(transport.env)),
    headers: [],
    headersHelper: null,
    files: [],
    valueDigests: valueDigests(transport.env, declared),
  };
}

/** Also for a server without a transport, of which there is nothing to say. */
function httpFacts(transport: HttpTransport | null, declared: (text: string) => string): TransportFacts {
  const token = transport?.bearerTokenEnvVar ?? null;
  const fromVariables = Object.entries(transport?.envHeaders ?? {});
  const sent = [...Object.keys(transport?.headers ?? {}), ...fromVariables.map(([name]) => name)];
  const host = transport === null ? null : hostOf(transport.url);
  const helper = transport?.headersHelper ?? null;
  return {
    command: null,
    cwd: null,
    url: transport?.url ?? null,
    host,
    runs: host === null || isLoopback(host.replace(/:\d+$/, '')) ? 'local' : 'remote',
    unpinned: helper === null ? null : unpinnedLauncher(['sh', '-c', declared(helper)]),
    envNames: [...(token === null ? [] : [token]), ...fromVariables.map(([, variable]) => variable)],
    setsEnv: [],
    headers: sorted(token === null ? sent : [...sent, 'Authorization']),
    headersHelper: helper === null ? null : declared(helper),
    files: transport === null ? [] : filesOf(transport, declared),
    valueDigests: valueDigests(transport?.headers ?? {}, declared),
  };
}

function filesOf(transport: HttpTransport, declared: (text: string) => string): readonly string[] {
  const { caFile, clientCertFile, clientKeyFile } = transport;
  const files = { ca_file: caFile, client_cert_file: clientCertFile, client_key_file: clientKeyFile };
  return sorted(Object.entries(files).flatMap(([key, file]) => (file === null ? [] : [`${key} ${declared(file)}`])));
}

/** `NODE_OPTIONS` with another value runs something else, though the name stays. */
function valueDigests(values: Readonly<Record<string, string>>, declared: (text: string) => string): readonly string[] {
  return sorted(Object.entries(values).map(([name, value]) => `${name} ${sha256(declared(value))}`));
}

/** Host and port. Of an address that is none, what stands in the place of the host. */
function hostOf(url: string): string {
  if (!URL.canParse(url)) return /^(?:[^/]*:\/\/)?([^/?#]*)/.exec(url)?.[1] ?? '';
  const { protocol, host, hostname, port } = new URL(url);
  return port === '' ? `${hostname}:${protocol === 'http:' ? '80' : '443'}` : host;
}

/** `text` with the references that stood for these folders. */
function withReferences(text: string, { root, data }: ConsentSubject['folders']): string {
  const put = (from: string, folder: string, reference: string): string => {
    const parts = from.split(folder);
    return parts.reduce((sum, part) => sum + (/^[\w.+~-]/.test(part) ? folder : reference) + part);
  };
  return put(put(text, data, '${PLUGIN_DATA}'), root, '${PLUGIN_ROOT}');
}

const OWN_FOLDER = /^\$\{?(?:CLAUDE_)?PLUGIN_ROOT\}?\//;

/** `EVENT [MATCHER] COMMAND`, with the digest of every file of the bundle that the command names. */
function hookText({ event, matcher, command }: HookDeclaration, scriptDigest: ConsentSubject['scriptDigest']): string {
  const digests = new Map<string, string>();
  for (const word of shellWords(command)) {
    const inside = bundlePath(word.replace(OWN_FOLDER, ''));
    const digest = inside.kind === 'inside' && inside.path !== '' ? scriptDigest(inside.path) : null;
    if (inside.kind === 'inside' && digest !== null) digests.set(inside.path, digest);
  }
  const files = [...digests].map(([path, digest]) => `${path} sha256 ${digest}`).join(', ');
  const when = matcher === null ? event : `${event} [${matcher}]`;
  return files === '' ? `${when} ${command}` : `${when} ${command} (${files})`;
}

/** A hook as {@link consentFacts} writes it, without the digests. */
export function hookWithoutDigests(hook: string): string {
  return hook.replace(/ \([^()]* sha256 [0-9a-f]{64}\)$/, '');
}

function names(parts: readonly PluginPart[]): readonly string[] {
  return sorted(parts.map(({ name }) => name));
}

/** Each once, by code unit. */
function sorted(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}

function byText<T>(items: readonly T[], text: (item: T) => string): readonly T[] {
  return items.toSorted((a, b) => (text(a) < text(b) ? -1 : 1));
}
