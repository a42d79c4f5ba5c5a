import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostStatus } from '../../../api/index.ts';
import { privateFolder } from '../../../api/node/index.ts';
import { AppError, ERROR_CODES, type Issue } from '../../../kernel/index.ts';
import type { ServerReport } from '../../../status/index.ts';
import { openStore } from '../../../storage/node/index.ts';
import { worstExit } from '../../command.ts';
import { type CheckStatus, type DoctorReport, renderDoctor, renderProgress } from '../../render-doctor.ts';
import { exitOfState } from '../../state-exit.ts';
import type { CliCommand, CliContext } from '../context.ts';
import { loadServers } from '../known-servers.ts';
import { createProgress } from '../progress.ts';
import { type HostView, viewHost } from '../running.ts';
import { brokenFile, noSuchServer } from '../user-config.ts';

const FRAME_MS = 80;
/** After so long, and then as often, a person is told what is waited for. */
const TELL_MS = 1000;

export const doctorCommand: CliCommand<DoctorReport> = {
  name: 'doctor',
  summary: 'Connect to every server at once, and say what is wrong and what to do',
  examples: ['plugboard doctor', 'plugboard doctor --server memory --json'],
  args: [],
  options: [{ name: 'server', value: 'NAME', help: 'only this server' }],
  run: async (context, input) => {
    const only = input.values['server'] ?? null;
    if (only !== null) await requireServer(context, only);
    const home = checkHome(context);
    const host = await viewHost(context, { only, own: true, homeless: home !== null });
    try {
      const status = await watchUntilSettled(context, host, only);
      return reportOf(context, { host, status, only, home });
    } finally {
      await host.close();
    }
  },
  render: (report, context) => renderDoctor(report, !isLive(context, report.servers.length)),
  exitCode: ({ servers, checks }) => {
    const issues = [...checks.home.issues, ...counting(checks.config.issues, servers)].filter(
      ({ severity }) => severity === 'error',
    );
    return worstExit([
      ...issues.map(({ code }) => ERROR_CODES[code].exit),
      ...servers.flatMap(({ state }) => exitOfState(state) ?? []),
    ]);
  },
};

/**
 * What keeps the home from being used, where servers can be checked all the same.
 *
 * @throws AppError `HOME_NOT_PRIVATE`: what others may have written there is not to be started
 */
function checkHome({ paths, home }: CliContext): Issue | null {
  try {
    for (const folder of paths.folders) privateFolder(folder);
    openStore(join(home, 'plugboard.db')).close();
    return null;
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'HOME_NOT_PRIVATE') throw error;
    const { code, message, hint, where } = error;
    return { code, severity: 'error', message, hint, ...(where === undefined ? {} : { file: where }) };
  }
}

async function requireServer(context: CliContext, name: string): Promise<void> {
  const { servers, loaded } = await loadServers(context, { namesOnly: true });
  const names = servers.map((server) => server.name);
  if (!names.includes(name)) throw brokenFile(loaded.brokenFiles) ?? noSuchServer(name, names);
}

/** True where lines on the screen can be written again: a terminal with room for all of them. */
function isLive({ out, globals }: CliContext, lines: number): boolean {
  return out.colour && !globals.json && lines < (process.stdout.rows ?? 24);
}

/**
 * Waits for every server. On a terminal it shows each one's state meanwhile, in a line of its own; where it cannot, it says
 * on standard error which are waited for.
 */
async function watchUntilSettled(context: CliContext, host: HostView, only: string | null): Promise<HostStatus> {
  let done: HostStatus | undefined;
  let failure: { readonly error: unknown } | undefined;
  const settled = host.settled().then(
    (status) => void (done = status),
    (error: unknown) => void (failure = { error }),
  );
  const progress = createProgress(context);
  let drawn = 0;
  for (let frame = 0; ; frame += 1) {
    const status: HostStatus = done ?? (await host.status());
    const servers = chosen(status, only);
    if (isLive(context, servers.length)) {
      drawn = draw(
        context,
        renderProgress(servers, { frame, columns: done === undefined ? context.out.columns : Infinity }),
        drawn,
      );
      await Promise.race([settled, sleep(FRAME_MS)]);
    } else {
      if (frame > 0 && done === undefined) progress.show(`Waiting for: ${starting(servers).join(', ')}`);
      await (context.err.isTty ? Promise.race([settled, sleep(TELL_MS, undefined, { ref: false })]) : settled);
    }
    if (failure !== undefined || done !== undefined) progress.clear();
    if (failure !== undefined) throw failure.error;
    if (done !== undefined && status === done) return done;
  }
}

function starting(servers: readonly ServerReport[]): readonly string[] {
  return servers.filter(({ state }) => state === null || state.kind === 'starting').map(({ name }) => name);
}

/** Writes the lines over those drawn before. */
function draw({ out }: CliContext, lines: readonly string[], drawn: number): number {
  const up = drawn === 0 ? '' : `\u001b[${drawn}A`;
  out.write(`${up}${lines.map((line) => `\u001b[2K${line}\n`).join('')}`);
  return lines.length;
}

function chosen(status: HostStatus, only: string | null): readonly ServerReport[] {
  return only === null ? status.servers : status.servers.filter(({ name }) => name === only);
}

function reportOf(
  context: CliContext,
  {
    host,
    status,
    only,
    home,
  }: {
    readonly host: HostView;
    readonly status: HostStatus;
    readonly only: string | null;
    readonly home: Issue | null;
  },
): DoctorReport {
  const running = host.kind === 'running' ? status : host.beside;
  const servers = chosen(status, only);
  const issues = status.issues.filter(({ server }) => only === null || server === undefined || server === only);
  return {
    schemaVersion: 1,
    servers,
    checks: {
      config: { status: worst(counting(issues, servers)), issues },
      home: { status: home === null ? 'ok' : 'error', path: context.home, issues: home === null ? [] : [home] },
      host: {
        status: running !== null && running.version !== context.version ? 'warning' : 'ok',
        running: running !== null,
        asked: host.kind === 'running',
        version: running?.version ?? null,
        pid: running?.pid ?? null,
        configFile: running?.config.file ?? null,
        endpoints: running?.endpoints ?? [],
      },
      node: { status: 'ok', version: process.versions.node },
    },
  };
}

/** The issues that count: those of a server, or of a plugin, that is turned off are shown, and stop nothing. */
function counting(issues: readonly Issue[], servers: readonly ServerReport[]): readonly Issue[] {
  const isOff = ({ state }: ServerReport): boolean => state?.kind === 'disabled';
  const off = new Set(servers.filter(isOff).map(({ name }) => name));
  const isOffPlugin = (id: string): boolean => {
    const own = servers.filter(({ plugin }) => plugin === id);
    return own.length > 0 && own.every(isOff);
  };
  return issues.filter(({ server, plugin }) =>
    server === undefined ? plugin === undefined || !isOffPlugin(plugin) : !off.has(server),
  );
}

function worst(issues: readonly Issue[]): CheckStatus {
  if (issues.some(({ severity }) => severity === 'error')) return 'error';
  return issues.some(({ severity }) => severity === 'warning') ? 'warning' : 'ok';
}
