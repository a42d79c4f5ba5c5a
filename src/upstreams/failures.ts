import { AppError, type ConnectionErrorReason, type EpochMs, type ServerState, shorten } from '../kernel/index.ts';
import { type EndReason, TransportEnded } from './transport.ts';

export type RetryFacts = { readonly attempt: number; readonly nextRetryAt: EpochMs | null };

/** The state a server is in after its connection ended for `reason`. */
export function stateOfEnd(
  { server, plugin }: { readonly server: string; readonly plugin: string | null },
  reason: EndReason,
  retry: RetryFacts,
): ServerState {
  const of = plugin === null ? `mcp_servers.${server}` : `the plugin ${plugin}`;
  switch (reason.kind) {
    case 'auth':
      return { kind: 'auth_required', reason: reason.detail, fix: `check the token that ${of} names` };
    case 'headers_helper': {
      const fix =
        plugin === null ? `correct ${of}.http_headers_helper` : `check what http_headers_helper of ${of} needs`;
      return { kind: 'auth_required', reason: reason.detail, fix };
    }
    default:
      return { kind: 'connection_error', reason: connectionReason(reason), ...retry };
  }
}

function connectionReason(reason: Exclude<EndReason, { kind: 'auth' | 'headers_helper' }>): ConnectionErrorReason {
  switch (reason.kind) {
    case 'closed':
      return { kind: 'network', detail: 'closed by Plugboard' };
    case 'too_large':
      return { kind: 'protocol', detail: `a message over ${reason.limitBytes / 1_048_576} MiB` };
    default:
      return reason;
  }
}

/** The error a call gets when the connection to its server ends, or could not be made, for `reason`. */
export function errorOfEnd(server: string, reason: EndReason): AppError {
  const where = `mcp_servers.${server}`;
  const detail = { where, cause: new TransportEnded(reason) };
  switch (reason.kind) {
    case 'closed':
      return new AppError('UPSTREAM_NETWORK', `the connection to ${server} was closed`, detail);
    case 'command_not_found':
      return new AppError('UPSTREAM_COMMAND_NOT_FOUND', `command not found: ${reason.command}`, detail);
    case 'cwd_not_found':
      return new AppError('UPSTREAM_CWD_NOT_FOUND', `working folder not found: ${reason.cwd}`, detail);
    case 'exited': {
      const last = shorten(reason.stderr.trimEnd().split('\n').at(-1) ?? '', 300);
      return new AppError('UPSTREAM_EXITED', `${server} ended (${reason.exit})${last === '' ? '' : `: ${last}`}`, {
        ...detail,
        hint: `run: plugboard mcp logs ${server}`,
      });
    }
    case 'refused':
      return new AppError('UPSTREAM_REFUSED', `${server} refuses connections at ${reason.address}`, detail);
    case 'dns':
      return new AppError('UPSTREAM_DNS', `host not found: ${reason.host}`, detail);
    case 'tls':
      return new AppError('UPSTREAM_TLS', `TLS to ${server} failed: ${reason.detail}`, detail);
    case 'http_status':
      return new AppError('UPSTREAM_HTTP_STATUS', `${server} answered with HTTP ${reason.status}`, detail);
    case 'auth':
      return new AppError('UPSTREAM_AUTH_REQUIRED', `${server}: ${reason.detail}`, detail);
    case 'network':
      return new AppError('UPSTREAM_NETWORK', `the connection to ${server} broke: ${reason.detail}`, detail);
    case 'too_large':
      return new AppError(
        'UPSTREAM_MESSAGE_TOO_LARGE',
        `${server} sent a message over ${reason.limitBytes / 1_048_576} MiB`,
        detail,
      );
    case 'headers_helper':
      return new AppError('UPSTREAM_HEADERS_HELPER', `${server}: ${reason.detail}`, detail);
    case 'protocol':
      return new AppError('UPSTREAM_PROTOCOL', `${server} does not speak MCP: ${reason.detail}`, detail);
    default:
      return reason satisfies never;
  }
}
