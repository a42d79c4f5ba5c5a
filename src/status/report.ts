import { describeState, nextStep, printableLine, type ServerState, stateLabel } from '../kernel/index.ts';
import type { Launch, ResolvedServer } from '../servers/index.ts';

/** One server as people, agents and scripts are told of it. The shape of `doctor --json`. */
export type ServerReport = {
  readonly name: string;
  readonly transport: 'http' | 'stdio' | null;
  /** `name@marketplace` of the plugin it comes from; null for a server of config.toml. */
  readonly plugin: string | null;
  readonly state: ServerState | null;
  /** One sentence, or '' where the state says it all. */
  readonly reason: string;
  readonly nextStep: string | null;
  /** Exposed tools. */
  readonly tools: number;
  readonly required: boolean;
  readonly serverInfo: unknown;
  /** Last stderr lines, for a server that failed. */
  readonly stderr: string;
};

export type ReportFacts = {
  readonly server: ResolvedServer;
  /** null when nothing runs that could know. */
  readonly state: ServerState | null;
  readonly serverInfo: unknown;
  readonly stderr: string;
};

export function reportServer({ server, state, serverInfo, stderr }: ReportFacts): ServerReport {
  const failed = state !== null && ['connection_error', 'timed_out', 'auth_required'].includes(state.kind);
  const subject = { name: server.name, transport: transportOf(server), plugin: server.owner?.pluginId ?? null };
  return {
    ...subject,
    state,
    reason: state === null ? '' : describeState(state),
    nextStep: state === null ? null : nextStep(state, subject),
    tools: state?.kind === 'connected' ? state.toolCount : 0,
    required: server.required,
    serverInfo,
    stderr: failed ? stderr : '',
  };
}

function launchOf(server: ResolvedServer): Launch | null {
  return 'launch' in server.verdict ? server.verdict.launch : null;
}

function transportOf(server: ResolvedServer): 'http' | 'stdio' | null {
  return launchOf(server)?.kind ?? null;
}

/** The state of a server that is not to be started, or null for one that is. */
export function staticState(server: ResolvedServer): ServerState | null {
  const { verdict } = server;
  switch (verdict.kind) {
    case 'startable':
      return null;
    case 'disabled':
      return { kind: 'disabled', by: verdict.by, where: verdict.where, command: verdict.command };
    case 'invalid':
      return { kind: 'invalid', issues: verdict.issues };
    case 'blocked':
      return { kind: 'blocked', reason: verdict.reason, detail: verdict.detail, command: verdict.command };
    case 'needs_config':
      return { kind: 'needs_config', names: verdict.names, command: verdict.command };
    case 'missing':
      return { kind: 'missing', plugin: verdict.pluginId, command: verdict.command };
    default:
      return verdict satisfies never;
  }
}

/** `NAME  (stdio)  LABEL  n tools`, or `… LABEL — reason — next step`, safe to print. Widths line the columns up. */
export function renderServerLine(report: ServerReport, nameWidth: number): string {
  const transport = report.transport === null ? '' : `(${report.transport})`;
  const label = report.state === null ? 'NOT_RUNNING' : stateLabel(report.state);
  const detail = [report.reason, report.nextStep].filter((part) => part !== null && part !== '').join(' — ');
  const front = `${report.name.padEnd(nameWidth)}  ${transport.padEnd(7)}  ${label}`;
  return printableLine(
    report.state?.kind === 'connected'
      ? `${front}  ${report.reason}`
      : `${front}${detail === '' ? '' : ` — ${detail}`}`,
  );
}
