import type { HttpTransport } from '../../../src/config/index.ts';
import { Secret } from '../../../src/kernel/index.ts';
import {
  type FilledLaunch,
  fillLaunch,
  type Launch,
  type Lookups,
  type ServerSetting,
  type StdioLaunch,
  type ValueSources,
} from '../../../src/servers/index.ts';

export const ROOT = '/cache/acme/poka/1.0.0';
export const DATA = '/data/poka';

export function stdio(wish: Partial<StdioLaunch> = {}): StdioLaunch {
  return { kind: 'stdio', command: 'node', args: [], env: {}, envVars: [], cwd: '/srv', envFile: null, ...wish };
}

export function http(wish: Partial<HttpTransport> = {}): HttpTransport {
  return {
    ...{ kind: 'http', url: 'https://h.example/mcp', bearerTokenEnvVar: null, headers: {}, envHeaders: {} },
    ...{ headersHelper: null, caFile: null, clientCertFile: null, clientKeyFile: null },
    ...wish,
  };
}

export function serverSetting(key: string, wish: Partial<ServerSetting> = {}): ServerSetting {
  return {
    ...{ key, sensitive: false, required: false, values: null, multiple: false, separator: ',' },
    ...{ problem: null, ...wish },
  };
}

/** Of a server of config.toml, or with settings or folders of a plugin. */
export function sourcesOf(
  wish: Partial<Omit<ValueSources, 'settings'>> & { readonly settings?: readonly ServerSetting[] } = {},
): ValueSources {
  const { settings, ...rest } = wish;
  const plugin = settings !== undefined || wish.folders !== undefined;
  return {
    server: 'poka',
    consumer: plugin ? { kind: 'plugin', id: 'poka@acme' } : { kind: 'server', name: 'poka' },
    settings: Object.fromEntries((settings ?? []).map((setting) => [setting.key, setting])),
    folders: plugin ? [ROOT, DATA] : [],
    startsIn: plugin ? ROOT : '/srv/space',
    allowSecretInArgs: false,
    allowKey: plugin
      ? 'plugins."poka@acme".mcp_servers.poka.allow_secret_in_args'
      : 'mcp_servers.poka.allow_secret_in_args',
    configure: plugin ? 'plugboard plugin configure poka@acme' : null,
    ...rest,
  };
}

/** What there is to look up, as plain texts. */
export type Given = {
  readonly env?: Readonly<Record<string, string>>;
  readonly store?: Readonly<Record<string, string>>;
  readonly provided?: Readonly<Record<string, string>>;
  readonly envFile?: Readonly<Record<string, string>>;
};

export function lookupsOf({ env = {}, store = {}, provided = {}, envFile = {} }: Given): Lookups {
  const secrets = (values: Readonly<Record<string, string>>): ReadonlyMap<string, Secret> =>
    new Map(Object.entries(values).map(([name, value]) => [name, new Secret(name, value)]));
  const [stored, printed] = [secrets(store), secrets(provided)];
  return {
    variable: (name) => (Object.hasOwn(env, name) ? env[name] : undefined),
    secret: (name) => stored.get(name),
    provided: (reference) => printed.get(reference),
    envFile: Object.fromEntries(secrets(envFile)),
  };
}

/** A secret as `<LABEL=VALUE>`, so that whole results can be compared. */
export function opened(value: unknown): unknown {
  if (value instanceof Secret) return `<${value.label}=${value.reveal()}>`;
  if (Array.isArray(value)) return value.map(opened);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, opened(inner)]));
}

export function fill(launch: Launch, given: Given = {}, sources: ValueSources = sourcesOf()): FilledLaunch {
  return fillLaunch(launch, sources, lookupsOf(given));
}
