import { type Issue, printable, renderIssue, type ServerState } from '../kernel/index.ts';
import { renderServerLine, type ServerReport } from '../status/index.ts';
import { fit } from './render-table.ts';

export type CheckStatus = 'ok' | 'warning' | 'error';

/** `doctor --json`. */
export type DoctorReport = {
  readonly schemaVersion: 1;
  readonly servers: readonly ServerReport[];
  readonly checks: {
    readonly config: { readonly status: CheckStatus; readonly issues: readonly Issue[] };
    readonly home: { readonly status: CheckStatus; readonly path: string; readonly issues: readonly Issue[] };
    /** `asked` false: none runs, or its configuration is another one; the servers were started for this check alone. */
    readonly host: {
      readonly status: CheckStatus;
      readonly running: boolean;
      readonly asked: boolean;
      readonly version: string | null;
      readonly pid: number | null;
      /** The `--config` that the host was started with. */
      readonly configFile: string | null;
      readonly endpoints: readonly string[];
    };
    readonly node: { readonly status: CheckStatus; readonly version: string };
  };
};

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/**
 * The servers while they start: one line each, in colours.
 *
 * @param columns None gets longer than this; Infinity for the last time, when nothing is written over them any more.
 */
export function renderProgress(
  servers: readonly ServerReport[],
  { frame, columns }: { readonly frame: number; readonly columns: number },
): readonly string[] {
  const width = nameWidth(servers);
  return servers.map((server) => {
    const waiting = server.state === null || server.state.kind === 'starting';
    const mark = waiting ? (SPINNER[frame % SPINNER.length] ?? ' ') : markOf(server.state);
    const line = fit(renderServerLine(server, width), Math.max(columns - 3, 20));
    return `${colour(server.state, mark)} ${line}`;
  });
}

/** @param withServers False where the lines of the servers are on the screen already. */
export function renderDoctor(report: DoctorReport, withServers: boolean): string {
  const { servers, checks } = report;
  const width = nameWidth(servers);
  const none =
    checks.config.status === 'error'
      ? ['No MCP servers. What the configuration says cannot be used; see below.']
      : [
          "No MCP servers configured yet. Try 'plugboard mcp add my-tool -- my-command', or 'plugboard plugin add PLUGIN'.",
        ];
  const lines = servers.length === 0 ? none : servers.map((server) => renderServerLine(server, width));
  return [
    ...(withServers || servers.length === 0 ? lines : []),
    ...servers.flatMap(stderrLines),
    '',
    `config  ${issueSummary(checks.config.issues)}`,
    ...checks.config.issues.map((issue) => `  ${renderIssue(issue)}`),
    `home    ${checks.home.path}`,
    ...checks.home.issues.map((issue) => `  ${renderIssue(issue)}`),
    `host    ${hostSummary(checks.host)}`,
    `node    ${checks.node.version}`,
  ].join('\n');
}

function nameWidth(servers: readonly ServerReport[]): number {
  return Math.max(0, ...servers.map(({ name }) => name.length));
}

function stderrLines({ name, stderr }: ServerReport): readonly string[] {
  const text = printable(stderr.trimEnd());
  return text === ''
    ? []
    : ['', `last lines of ${name} on standard error:`, ...text.split('\n').map((line) => `  ${line}`)];
}

function issueSummary(issues: readonly Issue[]): string {
  const count = (severity: Issue['severity']): number => issues.filter((issue) => issue.severity === severity).length;
  const parts = (['error', 'warning', 'note'] as const).flatMap((severity) => {
    const n = count(severity);
    return n === 0 ? [] : [`${n} ${severity}${n === 1 ? '' : 's'}`];
  });
  return parts.length === 0 ? 'ok' : parts.join(', ');
}

function hostSummary(host: DoctorReport['checks']['host']): string {
  if (!host.running) return 'not running; the servers were started for this check';
  const config = host.configFile === null ? [] : [`with --config ${host.configFile}`];
  const facts = [`running, version ${host.version}, process ${host.pid}`, ...config, ...host.endpoints].join(', ');
  return host.asked
    ? facts
    : `${facts}; its configuration is another one than this command reads, so the servers were started for this check`;
}

function markOf(state: ServerState | null): string {
  if (state === null || state.kind === 'disabled') return '-';
  return state.kind === 'connected' || state.kind === 'no_tools' ? '✔' : '✖';
}

function colour(state: ServerState | null, mark: string): string {
  const code =
    state === null || state.kind === 'starting' ? 36 : markOf(state) === '✔' ? 32 : markOf(state) === '-' ? 90 : 31;
  return `\u001b[${code}m${mark}\u001b[39m`;
}
