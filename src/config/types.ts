import type { Issue } from '../kernel/index.ts';
import type { Located, LocatedTable } from './located.ts';
import type { Places } from './places.ts';

/** Where a value was written. Layers from low to high. */
export type Layer = 'built_in' | 'plugin' | 'system' | 'user' | 'project' | 'flag';

/** `file` is absolute; null for built-in values and `-c`. Lines and columns are 1-based. */
export type Origin = {
  readonly layer: Layer;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
};

/** One name in `env_vars`. */
export type EnvVarRef = { readonly name: string; readonly source: 'local' | 'remote'; readonly required: boolean };

/** Its texts are canonical (see `references.ts`): they may hold references, which are filled in when the server starts. */
export type StdioTransport = {
  readonly kind: 'stdio';
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly envVars: readonly EnvVarRef[];
  /** As written; relative paths are resolved against the folder of the caller's session by `servers`. */
  readonly cwd: string | null;
  /** `cwd` as an absolute path, where that does not depend on the caller's workspace; else null. */
  readonly cwdAbsolute: string | null;
  /** File with further variables, absolute. They count less than `envVars` and `env`. */
  readonly envFile: string | null;
};

/** `url` and the values of `headers` are canonical texts, as in {@link StdioTransport}. */
export type HttpTransport = {
  readonly kind: 'http';
  /** Without user name and password: a server with those in its URL has a problem, and is only shown. */
  readonly url: string;
  readonly bearerTokenEnvVar: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Header name → environment variable name. */
  readonly envHeaders: Readonly<Record<string, string>>;
  readonly headersHelper: string | null;
  /** PEM files, absolute. */
  readonly caFile: string | null;
  readonly clientCertFile: string | null;
  readonly clientKeyFile: string | null;
};

/** One `[mcp_servers.NAME]`, parsed. Present also when it has problems: `problems` are its errors, and it is not started. */
export type ServerEntry = {
  readonly name: string;
  readonly origin: Origin;
  readonly enabled: boolean;
  /** Where `enabled` was written, for a disabled server. */
  readonly enabledOrigin: Origin;
  readonly required: boolean;
  readonly transport: StdioTransport | HttpTransport | null;
  readonly startupTimeoutMs: number;
  readonly toolTimeoutMs: number;
  /** As written, for `mcp list --json`; null when unset. Seconds. */
  readonly startupTimeoutSec: number | null;
  readonly toolTimeoutSec: number | null;
  /** Raw tool names; null means all. */
  readonly enabledTools: readonly string[] | null;
  readonly disabledTools: readonly string[];
  /** Raw names in its table `tools`. */
  readonly toolNames: readonly string[];
  readonly supportsParallelToolCalls: boolean;
  /** Whether a secret may stand in `args` or `url`, where other programs can see it. Never from a plugin. */
  readonly allowSecretInArgs: boolean;
  readonly sharing: 'auto' | 'session';
  /** Most connections under session sharing. */
  readonly maxConnections: number;
  /** `file://` URIs answered to `roots/list` outside any call. */
  readonly roots: readonly { readonly uri: string; readonly name?: string }[];
  readonly problems: readonly Issue[];
};

/** One `[mcp_servers.NAME]` without `command` and `url`: it can be laid over a plugin's server of that name. */
export type ServerOverlay = {
  readonly name: string;
  readonly origin: Origin;
  /** All layers merged, `widen` included. What is wrong with its keys is in the `problems` of the entry in `servers`. */
  readonly table: LocatedTable;
};

/** One `[plugins."name@marketplace".mcp_servers.SERVER]`: what the user lays over a server of a plugin. */
export type ServerPolicy = {
  /** The server's name in the plugin. */
  readonly server: string;
  readonly origin: Origin;
  /** null: as the plugin says. */
  readonly enabled: boolean | null;
  readonly enabledOrigin: Origin;
  /** Intersects with the plugin's own list, or replaces it with `widen`; null: as the plugin says. */
  readonly enabledTools: readonly string[] | null;
  readonly widen: boolean;
  /** Unites with the plugin's own list. */
  readonly disabledTools: readonly string[];
  /** Names in its table `tools`. */
  readonly toolNames: readonly string[];
  /** The whole table, `widen` included: what is laid over the plugin's own. */
  readonly table: LocatedTable;
  /** Errors: the server is not started with a policy that cannot be read. */
  readonly problems: readonly Issue[];
};

/** One `[plugins."name@marketplace"]`. */
export type PluginSettings = {
  readonly pluginId: string;
  readonly origin: Origin;
  /** null: `[plugins._default]` decides, else it is enabled. */
  readonly enabled: boolean | null;
  readonly enabledOrigin: Origin;
  readonly servers: ReadonlyMap<string, ServerPolicy>;
  /** `user_config`: values of settings that are not sensitive, by key. Checked by who knows the declarations. */
  readonly values: ReadonlyMap<string, Located>;
  /** Errors: none of its servers is started with settings that cannot be read. */
  readonly problems: readonly Issue[];
};

/** One `[marketplaces.NAME]`. One whose source cannot be used is left out, with an issue. */
export type MarketplaceSettings = {
  readonly name: string;
  readonly origin: Origin;
  readonly sourceType: 'local' | 'git';
  /** An absolute folder, or a git URL. */
  readonly source: string;
  readonly ref: string | null;
  readonly sparsePaths: readonly string[];
  /** Relative path of its manifest, where that is not one of the known ones. */
  readonly manifest: string | null;
};

/** One `[secret_providers.SCHEME]`: the program that is asked for what `${secret:SCHEME://…}` refers to. */
export type SecretProvider = {
  readonly scheme: string;
  readonly origin: Origin;
  /** Program and first arguments; the reference is the last argument. */
  readonly command: readonly [string, ...string[]];
  /** Names of variables that it gets from the environment of Plugboard, besides what every program gets. */
  readonly envVars: readonly string[];
};

/** `[serve]`: the HTTP endpoint. */
export type ServeSettings = {
  readonly host: string;
  readonly port: number;
  readonly auth: 'token' | 'none';
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly maxSessionsPerCaller: number;
  readonly rateLimitPerSec: number;
  readonly sessionIdleMs: number;
};

/** Everything the configuration says, with defaults filled in. */
export type Config = {
  readonly servers: ReadonlyMap<string, ServerEntry>;
  /** Those of `servers` that have neither command nor address, as they are laid over a plugin's server of that name. */
  readonly overlays: ReadonlyMap<string, ServerOverlay>;
  /** By `name@marketplace`; `_default` is not among them. */
  readonly plugins: ReadonlyMap<string, PluginSettings>;
  /** `[plugins._default] enabled`, and where that is written. `problems` are those of every plugin without a word of its own. */
  readonly pluginsEnabledByDefault: {
    readonly enabled: boolean;
    readonly origin: Origin;
    readonly problems: readonly Issue[];
  };
  /** Where `features.plugins` turns all plugins off; null when it does not. */
  readonly pluginsOff: Origin | null;
  readonly marketplaces: ReadonlyMap<string, MarketplaceSettings>;
  /** By scheme. One that cannot be used is left out, with an issue. */
  readonly secretProviders: ReadonlyMap<string, SecretProvider>;
  /** Where relative paths in it start. */
  readonly places: Places;
  readonly serve: ServeSettings;
  /** How long a list waits for servers that are still starting, from the start of each. Milliseconds. */
  readonly startupGraceMs: number;
  /** Every problem of every layer, the servers' own included. */
  readonly issues: readonly Issue[];
};

/** Which marketplace a plugin comes from, as requirements know it. */
export type MarketplaceIdentity = {
  readonly sourceType: 'local' | 'git';
  readonly source: string;
  readonly ref: string | null;
};
