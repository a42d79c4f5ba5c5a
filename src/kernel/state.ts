import { type Issue, issueLocation } from './issue.ts';

/** Milliseconds since 1970-01-01 UTC. */
export type EpochMs = number;

export type ConnectionErrorReason =
  | { readonly kind: 'command_not_found'; readonly command: string }
  | { readonly kind: 'cwd_not_found'; readonly cwd: string }
  | { readonly kind: 'exited'; readonly exit: string; readonly stderr: string }
  | { readonly kind: 'refused'; readonly address: string }
  | { readonly kind: 'dns'; readonly host: string }
  | { readonly kind: 'tls'; readonly detail: string }
  | { readonly kind: 'http_status'; readonly status: number }
  | { readonly kind: 'network'; readonly detail: string }
  | { readonly kind: 'protocol'; readonly detail: string };

export type TimeoutPhase = 'spawn' | 'connect' | 'initialize' | 'list_tools';

/** What a server is, for a person, an agent and a script alike. Each kind has its own next step. */
export type ServerState =
  | { readonly kind: 'connected'; readonly since: EpochMs; readonly toolCount: number }
  | { readonly kind: 'no_tools'; readonly since: EpochMs; readonly because: 'server_has_none' | 'lists_hide_all' }
  | { readonly kind: 'starting'; readonly since: EpochMs; readonly attempt: number }
  | {
      readonly kind: 'disabled';
      readonly by: 'user' | 'plugin' | 'marketplace' | 'scope';
      readonly where: string;
      readonly command: string;
    }
  | { readonly kind: 'missing'; readonly plugin: string; readonly command: string }
  | { readonly kind: 'invalid'; readonly issues: readonly Issue[] }
  | { readonly kind: 'needs_config'; readonly names: readonly string[]; readonly command: string }
  | { readonly kind: 'auth_required'; readonly reason: string; readonly fix: string }
  | {
      readonly kind: 'timed_out';
      readonly phase: TimeoutPhase;
      readonly afterMs: number;
      /** The key to raise; null where the user has none. */
      readonly key: string | null;
      readonly nextRetryAt: EpochMs | null;
    }
  | {
      readonly kind: 'connection_error';
      readonly reason: ConnectionErrorReason;
      readonly attempt: number;
      /** When Plugboard tries again by itself; null when it has given up or the config must change first. */
      readonly nextRetryAt: EpochMs | null;
    }
  | {
      readonly kind: 'blocked';
      readonly reason: 'requirements' | 'tampered' | 'consent' | 'undecided';
      /** The requirements file, the path that was changed, or the names of variables; '' where there is nothing more to say. */
      readonly detail: string;
      readonly command: string;
    };

export type ServerStateKind = ServerState['kind'];

/** The upper-case word of a state in text output. */
export function stateLabel(state: ServerState): string {
  return state.kind === 'timed_out' ? 'TIMEOUT' : state.kind.toUpperCase();
}

/** One sentence of facts about a state, or '' where the label says it all. */
export function describeState(state: ServerState): string {
  switch (state.kind) {
    case 'connected':
      return state.toolCount === 1 ? '1 tool' : `${state.toolCount} tools`;
    case 'no_tools':
      return state.because === 'server_has_none'
        ? 'the server offers none'
        : 'enabled_tools and disabled_tools hide all of them';
    case 'starting':
      return state.attempt > 1 ? `attempt ${state.attempt}` : '';
    case 'disabled':
      return `by ${state.by}${state.where === '' ? '' : ` (${state.where})`}`;
    case 'missing':
      return `its plugin ${state.plugin} is not there any more`;
    case 'invalid':
      return state.issues.map((issue) => [issueLocation(issue), issue.message].filter(Boolean).join(': ')).join('; ');
    case 'needs_config':
      return `not set: ${state.names.join(', ')}`;
    case 'auth_required':
      return state.reason;
    case 'timed_out':
      return `no answer to ${state.phase} within ${state.afterMs / 1000} s`;
    case 'connection_error':
      return describeReason(state.reason);
    case 'blocked':
      return describeBlock(state);
    default:
      return state satisfies never;
  }
}

function describeBlock({ reason, detail }: Extract<ServerState, { kind: 'blocked' }>): string {
  switch (reason) {
    case 'requirements':
    case 'undecided':
      return `by ${reason}`;
    case 'tampered':
      return `${detail} is not as it was installed`;
    case 'consent':
      return detail === '' ? 'nobody has agreed to what it runs' : `nobody has agreed that it reads ${detail}`;
    default:
      return reason satisfies never;
  }
}

function describeReason(reason: ConnectionErrorReason): string {
  switch (reason.kind) {
    case 'command_not_found':
      return `command not found: ${reason.command}`;
    case 'cwd_not_found':
      return `working folder not found: ${reason.cwd}`;
    case 'exited': {
      const last = reason.stderr.trimEnd().split('\n').at(-1) ?? '';
      return `the process ended (${reason.exit})${last === '' ? '' : `: ${last}`}`;
    }
    case 'refused':
      return `connection refused: ${reason.address}`;
    case 'dns':
      return `host not found: ${reason.host}`;
    case 'tls':
      return `TLS: ${reason.detail}`;
    case 'http_status':
      return `unexpected HTTP status ${reason.status}`;
    case 'network':
      return `connection lost: ${reason.detail}`;
    case 'protocol':
      return `not MCP: ${reason.detail}`;
    default:
      return reason satisfies never;
  }
}

/** Whose state it is. */
export type StateSubject = {
  readonly name: string;
  readonly transport: 'http' | 'stdio' | null;
  /** `name@marketplace` of the plugin that declares the server: what it declares is not the user's to correct. */
  readonly plugin?: string | null;
};

/**
 * What the user can do now, or null where there is nothing to do. True wherever it is read: in `doctor`, of a running host,
 * and where none runs.
 */
export function nextStep(state: ServerState, subject: StateSubject): string | null {
  const { name, transport, plugin = null } = subject;
  switch (state.kind) {
    case 'connected':
    case 'starting':
      return null;
    case 'no_tools':
      return state.because === 'server_has_none'
        ? null
        : `change enabled_tools or disabled_tools of ${plugin === null ? `mcp_servers.${name}` : `its policy in plugins."${plugin}"`}`;
    case 'disabled':
    case 'missing':
      return state.command;
    case 'invalid':
      return (
        state.issues.find((issue) => issue.hint !== undefined)?.hint ??
        (plugin === null ? `correct mcp_servers.${name}` : brokenPluginStep(plugin))
      );
    case 'needs_config':
      return state.command;
    case 'auth_required':
      return state.fix;
    case 'timed_out':
      if (state.key === null) return transport === 'http' ? unreachableStep(subject) : `see ${LAST_LINES}`;
      return transport === 'http'
        ? `raise ${state.key}, or check mcp_servers.${name}.url`
        : `raise ${state.key}, or see ${LAST_LINES}`;
    case 'connection_error':
      return plugin === null
        ? connectionErrorStep(state.reason, subject)
        : pluginErrorStep(state.reason, { ...subject, plugin });
    case 'blocked':
      return state.command;
    default:
      return state satisfies never;
  }
}

const LAST_LINES = 'its last lines on standard error (plugboard doctor shows them)';

function maintainerStep(plugin: string): string {
  return `ask the maintainer of the plugin ${plugin}`;
}

/** A file of an installed plugin is not for its user to correct: that would block it. */
function brokenPluginStep(plugin: string): string {
  return `${maintainerStep(plugin)}, or turn it off: plugboard plugin disable ${plugin}`;
}

function unreachableStep({ name }: StateSubject): string {
  return `check the network; while a host runs, plugboard mcp restart ${name} tries again at once`;
}

function pluginErrorStep(reason: ConnectionErrorReason, subject: StateSubject & { readonly plugin: string }): string {
  const { plugin, transport } = subject;
  switch (reason.kind) {
    case 'command_not_found':
      return `install ${reason.command}, or ${maintainerStep(plugin)}`;
    case 'cwd_not_found':
      return `run: plugboard plugin add ${plugin}`;
    case 'exited':
      return `see ${LAST_LINES}`;
    case 'protocol':
      return transport === 'http' ? maintainerStep(plugin) : `see ${LAST_LINES}`;
    case 'tls':
      return `check the certificate of the server, or ${maintainerStep(plugin)}`;
    case 'refused':
    case 'dns':
    case 'http_status':
    case 'network':
      return unreachableStep(subject);
    default:
      return reason satisfies never;
  }
}

function connectionErrorStep(reason: ConnectionErrorReason, { name, transport }: StateSubject): string {
  switch (reason.kind) {
    case 'command_not_found':
      return `install ${reason.command}, or correct mcp_servers.${name}.command`;
    case 'cwd_not_found':
      return `create ${reason.cwd}, or correct mcp_servers.${name}.cwd`;
    case 'exited':
      return `see ${LAST_LINES}`;
    case 'protocol':
      return transport === 'http'
        ? `check that mcp_servers.${name}.url is an MCP endpoint`
        : `check that mcp_servers.${name}.command starts an MCP server; see ${LAST_LINES}`;
    case 'tls':
      return `check the certificate; a private authority goes into mcp_servers.${name}.ca_file`;
    case 'refused':
    case 'dns':
    case 'http_status':
    case 'network':
      return `check mcp_servers.${name}.url; while a host runs, plugboard mcp restart ${name} tries again at once`;
    default:
      return reason satisfies never;
  }
}
