import type {
  Config,
  EnvVarRef,
  HttpTransport,
  MarketplaceIdentity,
  Origin,
  Requirements,
  ServerEntry,
} from '../config/index.ts';
import type { Issue, Secret } from '../kernel/index.ts';
import type { Plugin } from '../plugins/index.ts';
import type { Consumer } from '../secrets/index.ts';

/**
 * How a process is started: everything but the values of what it names. Its texts are canonical and may hold references;
 * `fillLaunch` makes of it what is really started.
 */
export type StdioLaunch = {
  readonly kind: 'stdio';
  readonly command: string;
  readonly args: readonly string[];
  /** Literal values. They win over `envVars`. */
  readonly env: Readonly<Record<string, string>>;
  readonly envVars: readonly EnvVarRef[];
  /** Absolute, unless it begins with a reference. */
  readonly cwd: string;
  /** File with further variables, absolute; they count less than `envVars` and `env`. */
  readonly envFile: string | null;
};

export type Launch = StdioLaunch | HttpTransport;

/** What became of an installed plugin. Only the servers of one that is `ready` may start. */
export type PluginStanding =
  | { readonly kind: 'ready' }
  /** A file is not as it was installed. `path` is relative to the plugin. */
  | { readonly kind: 'tampered'; readonly path: string; readonly change: 'changed' | 'removed' }
  /** It is in the cache, and nobody agreed to it: a home copied from Codex. */
  | { readonly kind: 'unconsented' }
  /** A receipt or the configuration names it, and its files are not there. */
  | { readonly kind: 'missing' };

/** An installed plugin as `servers` needs it. */
export type PluginInput = {
  /** `name@marketplace`. */
  readonly pluginId: string;
  /** null when its files are gone or its manifest cannot be read. */
  readonly plugin: Plugin | null;
  readonly standing: PluginStanding;
  /** Names of the servers that the receipt lists, for a plugin that cannot be read any more. */
  readonly knownServers: readonly string[];
  readonly marketplaceSource: MarketplaceIdentity | null;
  /** Whether the user accepted what its servers ask for. */
  readonly requestsAccepted: boolean;
  /** Names of variables that were shown when the user agreed: its own files get no others. null: whatever they name. */
  readonly agreedVariables: readonly string[] | null;
  /** `PLUGIN_ROOT`, `PLUGIN_DATA`, and their Claude names where the plugin is of that family. */
  readonly env: Readonly<Record<string, string>>;
};

/** A plugin that was installed once and is not any more, with the servers that it had. */
export type RemovedPlugin = { readonly pluginId: string; readonly servers: readonly string[] };

/** A setting that a server refers to, as far as it may be known without opening the store. */
export type ServerSetting = {
  readonly key: string;
  readonly sensitive: boolean;
  readonly required: boolean;
  /**
   * Its value as text, or the default where the user gave none: one for each item of a list. null: unset, or sensitive, and
   * then only the store knows.
   */
  readonly values: readonly string[] | null;
  readonly multiple: boolean;
  /** What stands between the items where a list is one text. */
  readonly separator: string;
  /** Why the value that is written cannot be used, completing "KEY …"; null when it can. */
  readonly problem: string | null;
};

/** What the references of a server's launch may stand for, and where they are looked up. */
export type ValueSources = {
  /** The server's name as people know it. */
  readonly server: string;
  /** Whose secrets it gets. */
  readonly consumer: Consumer;
  /** The settings it refers to, by key. Those that the plugin does not declare are not among them. */
  readonly settings: Readonly<Record<string, ServerSetting>>;
  /** Absolute folders that a path of the plugin must not leave; empty for a server of config.toml. */
  readonly folders: readonly string[];
  /** Absolute folder where a `cwd` starts that is relative once it is filled in. */
  readonly startsIn: string;
  readonly allowSecretInArgs: boolean;
  /** The key to write for that, such as `mcp_servers.poka.allow_secret_in_args`. */
  readonly allowKey: string;
  /** What gives values to its settings, such as `plugboard plugin configure poka@acme`; null without a plugin. */
  readonly configure: string | null;
};

/** Values by name. `undefined` is unset. */
export type Lookups = {
  /** In the environment of whoever starts it. */
  readonly variable: (name: string) => string | undefined;
  /** In the store, for the consumer of the server. */
  readonly secret: (name: string) => Secret | undefined;
  readonly provided: (reference: string) => Secret | undefined;
  /** What the file of `env_file` says. */
  readonly envFile: Readonly<Record<string, Secret>>;
};

/** What is really started: no reference is left in it. */
export type FilledStdio = {
  readonly kind: 'stdio';
  readonly command: string;
  readonly args: readonly (string | Secret)[];
  /** Of `env_file`, `env_vars` and `env`, the last counting most. */
  readonly env: Readonly<Record<string, string | Secret>>;
  /** Absolute. */
  readonly cwd: string;
};

export type FilledHttp = Omit<HttpTransport, 'url' | 'headers' | 'bearerTokenEnvVar' | 'envHeaders'> & {
  readonly url: string | Secret;
  /** Of `http_headers`, `env_http_headers` and the bearer token, the last counting most. */
  readonly headers: Readonly<Record<string, string | Secret>>;
};

/** What filling in came to. */
export type FilledLaunch =
  | {
      readonly kind: 'filled';
      readonly launch: FilledStdio | FilledHttp;
      /** Every value that nobody should read, for whoever shows what the server prints. */
      readonly secrets: readonly Secret[];
      /** What may be missed: names in `env_vars` that are not set anywhere and are not required. */
      readonly issues: readonly Issue[];
    }
  /** Settings, variables and secrets that must be set first, and the command or sentence that says how. */
  | { readonly kind: 'needs_config'; readonly names: readonly string[]; readonly command: string }
  /** A value would do what is not allowed, such as a secret in `args`. */
  | { readonly kind: 'invalid'; readonly issues: readonly Issue[] };

/** Which plugin a server comes from. */
export type ServerOwner = {
  readonly pluginId: string;
  /** The server's name in the plugin; its own name differs where two plugins have one of that name. */
  readonly server: string;
  /** Absolute folder of its files; null when they are gone. */
  readonly root: string | null;
  /** Absolute; null as `root`. */
  readonly dataDir: string | null;
};

/** A tool that somebody wrote down: a key in front of it, and where. */
export type NamedTool = {
  /** Raw name. */
  readonly tool: string;
  /** Dotted key of the list or table that names it. */
  readonly key: string;
  readonly origin: Origin;
};

/** Why a server is not to be started, and what to do: `command` is the next step as it is shown, `run: …` or a sentence. */
export type ServerVerdict =
  | { readonly kind: 'startable'; readonly launch: Launch }
  | {
      readonly kind: 'disabled';
      readonly by: 'user' | 'plugin';
      /** `file:line` of the key that turned it off, or `-c`. */
      readonly where: string;
      readonly command: string;
      readonly launch: Launch | null;
    }
  | {
      readonly kind: 'blocked';
      readonly reason: 'requirements' | 'tampered' | 'consent';
      /** The requirements file, the path that was changed, or the names of variables. */
      readonly detail: string;
      readonly command: string;
      readonly launch: Launch | null;
    }
  | {
      readonly kind: 'needs_config';
      readonly names: readonly string[];
      readonly command: string;
      readonly launch: Launch | null;
    }
  | { readonly kind: 'missing'; readonly pluginId: string; readonly command: string }
  | { readonly kind: 'invalid'; readonly issues: readonly Issue[] };

/** One server that Plugboard knows of, after all layers: the input of everything that connects, lists or shows it. */
export type ResolvedServer = Omit<ServerEntry, 'transport' | 'enabled' | 'enabledOrigin' | 'toolNames' | 'problems'> & {
  readonly verdict: ServerVerdict;
  /** Every tool that its lists and tables name, the plugin's own and those of the user alike. */
  readonly namedTools: readonly NamedTool[];
  /** null for a server of config.toml. */
  readonly owner: ServerOwner | null;
  readonly sources: ValueSources;
};

/** Everything that decides which servers there are. */
export type ResolveInput = {
  readonly config: Config;
  readonly requirements: readonly Requirements[];
  readonly plugins: readonly PluginInput[];
  /** What an entry without command and address may have been meant for. */
  readonly removedPlugins: readonly RemovedPlugin[];
  /** What is wrong with the plugins themselves; `server` in them is the name that the plugin gives. */
  readonly pluginIssues: readonly Issue[];
  /** Absolute folder the caller works in: where servers of config.toml without a `cwd` start. */
  readonly workspace: string;
};
