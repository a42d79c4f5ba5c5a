import type {
  Config,
  EnvVarRef,
  HttpTransport,
  MarketplaceIdentity,
  Origin,
  Requirements,
  ServerEntry,
} from '../config/index.ts';
import type { Issue } from '../kernel/index.ts';
import type { Plugin } from '../plugins/index.ts';

/** How a process is started: everything but the values of the variables it names. */
export type StdioLaunch = {
  readonly kind: 'stdio';
  readonly command: string;
  readonly args: readonly string[];
  /** Literal values. They win over `envVars`. */
  readonly env: Readonly<Record<string, string>>;
  readonly envVars: readonly EnvVarRef[];
  /** Absolute. */
  readonly cwd: string;
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
  /** `PLUGIN_ROOT`, `PLUGIN_DATA`, and their Claude names where the plugin is of that family. */
  readonly env: Readonly<Record<string, string>>;
};

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
      /** The requirements file, or the path that was changed. */
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
};

/** Everything that decides which servers there are. */
export type ResolveInput = {
  readonly config: Config;
  readonly requirements: readonly Requirements[];
  readonly plugins: readonly PluginInput[];
  /** What is wrong with the plugins themselves; `server` in them is the name that the plugin gives. */
  readonly pluginIssues: readonly Issue[];
  /** Absolute folder the caller works in: where servers of config.toml without a `cwd` start. */
  readonly workspace: string;
};
