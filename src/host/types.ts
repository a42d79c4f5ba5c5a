import type { Config } from '../config/index.ts';
import type { Caller, Issue, JsonObject, RpcOutcome } from '../kernel/index.ts';
import type { Integrity } from '../marketplace/index.ts';
import type { EnvValues, PluginInput, RemovedPlugin, ResolvedServer, ServerOwner } from '../servers/index.ts';
import type { ServerReport } from '../status/index.ts';
import type { Catalogue } from '../tools/index.ts';
import type { AgentPort, CallRef, ListKind } from '../upstreams/index.ts';

/** Everything the surfaces (gateway, api, cli, embedders) may ask of the running whole. */
export type Host = {
  readonly version: string;
  readonly home: string;
  readonly config: () => Config;
  readonly servers: () => readonly ServerView[];
  /** Problems of the configuration, and what servers did wrong without failing. */
  readonly issues: () => readonly Issue[];
  /** Names of the environment variables whose values callers may hand over. */
  readonly envNames: () => readonly string[];
  /** Resolves when no server is starting any more. */
  readonly settled: () => Promise<void>;
  /** @throws AppError `UNKNOWN_SERVER` | `UPSTREAM_NOT_READY` */
  readonly restart: (server: string) => Promise<void>;
  /** Last lines of the server's stderr and every line to come, until the returned function is called. @throws AppError `UNKNOWN_SERVER` */
  readonly followLogs: (server: string, onText: (text: string) => void) => () => void;
  /** Called after any state, list or configuration changed. */
  readonly onChange: (listener: () => void) => () => void;
  /** null stands for all servers. @throws AppError `UNKNOWN_SERVER` */
  readonly requireServer: (name: string | null) => void;
  /** What an agent on `server`, or on all with null, sees now. */
  readonly catalogue: (server: string | null) => Catalogue;
  /** @throws AppError `UNKNOWN_SERVER` for a session on one server that does not exist */
  readonly openSession: (options: SessionOptions) => HostSession;
  /** Reads the configuration again now. */
  readonly reload: () => Promise<void>;
  /** Ends every server. Idempotent. */
  readonly close: () => Promise<void>;
};

export type ServerView = { readonly server: ResolvedServer; readonly report: ServerReport };

export type SessionOptions = {
  readonly id: string;
  readonly caller: Caller;
  /** The one server this session is on, or null for all of them. */
  readonly server: string | null;
  /** The caller's own values of `envNames`; null takes the host's. */
  readonly env: EnvValues | null;
  readonly port: AgentPort;
  /** A list changed; for `resources` and `templates` alike `resources`. */
  readonly onListChanged: (kind: 'tools' | 'resources' | 'prompts') => void;
};

/** One request of an agent, names as the agent knows them. */
export type SessionRequest = {
  readonly method: string;
  readonly params: JsonObject;
  readonly related: CallRef;
  readonly signal: AbortSignal;
};

/** One agent's session: its view of the servers and its road to them. */
export type HostSession = {
  /** What `initialize` says. On one server waits for it to start: its own words, else ours. */
  readonly hello: () => Promise<SessionHello>;
  /** The lists, after waiting a moment for servers that are still starting. */
  readonly catalogue: (kind: ListKind) => Promise<Catalogue>;
  /** @throws AppError */
  readonly send: (request: SessionRequest) => Promise<RpcOutcome>;
  readonly setLevel: (level: string) => void;
  readonly rootsChanged: () => void;
  readonly close: () => void;
};

export type SessionHello = {
  readonly serverInfo: JsonObject;
  readonly capabilities: JsonObject;
  readonly instructions: string | null;
};

/** What there is of plugins at one moment. */
export type LoadedPlugins = {
  readonly plugins: readonly PluginInput[];
  readonly removed: readonly RemovedPlugin[];
  /** Of receipts, manifests and MCP files. */
  readonly issues: readonly Issue[];
  /** What the look at the files found, by plugin id; no entry for one that is not there. */
  readonly integrity: ReadonlyMap<string, Integrity>;
  /**
   * Looks at the files of a plugin again and, when they are as they were installed, makes its folder for data. To be called
   * right before one of its servers starts. One that is not installed in this folder any more is not as it was.
   *
   * @throws AppError `HOME_NOT_PRIVATE`, `HOME_UNUSABLE` when that folder cannot be made
   */
  readonly beforeStart: (owner: Pick<ServerOwner, 'pluginId' | 'root'>) => Promise<Integrity>;
};
