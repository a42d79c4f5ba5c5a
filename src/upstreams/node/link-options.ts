import type { Clock, JsonObject, Redact, RpcNotification, ServerState } from '../../kernel/index.ts';
import type { ListKind } from '../listing.ts';
import type { AgentPort } from '../ports.ts';
import type { Transport } from '../transport.ts';
import type { Connection } from './connection.ts';
import type { StartSlots } from './slots.ts';

/** A server whose launch names variables that are not set. */
export type NeedsConfig = {
  readonly kind: 'needs_config';
  readonly names: readonly string[];
  readonly command: string;
};

/** What keeps a server from being started at this very moment. */
export type StartBlock = Extract<ServerState, { kind: 'blocked' | 'invalid' }>;

/** What a start needs: the way to the server, and what takes the secrets that it was given out of a text. */
export type Prepared = { readonly kind: 'ready'; readonly transport: Transport; readonly redact: Redact };

export type LinkOptions = {
  readonly server: string;
  /** Of the plugin that declares the server; null for one of config.toml. */
  readonly plugin: string | null;
  readonly transport: 'http' | 'stdio';
  readonly startupTimeoutMs: () => number;
  readonly roots: () => readonly JsonObject[];
  readonly capabilities: JsonObject;
  readonly clientVersion: string;
  readonly clock: Clock;
  readonly slots: StartSlots;
  /**
   * Asked right before each start. `onRenewed` is called when the server has lost its session and a new one took its place.
   */
  readonly prepare: (onRenewed: () => void) => Promise<Prepared | NeedsConfig | StartBlock>;
  /** True for the link that is kept up by itself and whose lists are the server's; others come back at their next use. */
  readonly primary: boolean;
  readonly events: LinkEvents;
};

export type LinkEvents = {
  readonly onState: () => void;
  readonly onLists: (kind: ListKind) => void;
  readonly onNotification: (message: RpcNotification) => void;
  readonly portForUnrelated: () => AgentPort | null;
  readonly onAmbiguous: () => void;
  readonly onAsk: () => void;
  /** For the log. */
  readonly onNote: (detail: string) => void;
  /** A connection is up (again): levels and subscriptions must be told to it. */
  readonly onUp: (connection: Connection) => void;
};
