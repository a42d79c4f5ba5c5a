import { setTimeout as sleep } from 'node:timers/promises';
import type { HostStatus } from '../../../api/index.ts';
import { type Control, type Met, openControl } from '../../../api/node/index.ts';
import { loadConfig } from '../../../config/node/index.ts';
import { AppError, type Issue, printableLine, renderIssue } from '../../../kernel/index.ts';
import { renderServerLine, type ServerReport } from '../../../status/index.ts';
import { openStore } from '../../../storage/node/index.ts';
import type { Input } from '../../command.ts';
import { renderServing } from '../../render-serve.ts';
import type { CliCommand, CliContext } from '../context.ts';
import { type HostProcess, startOrMeet, startStandalone } from '../host-process.ts';
import { programWords } from '../self.ts';

/** A detached host that nobody uses leaves after this, unless `--idle` says otherwise. Seconds. */
const IDLE_SEC = 300;
/** What a timer can hold. Seconds. */
const MAX_IDLE_SEC = 2_000_000;

/** How long the first table waits for servers that are still starting. Milliseconds. */
const TABLE_WAIT_MS = 3_000;

/** The host in the foreground with its HTTP endpoint. Goes on until a signal, so it prints by itself. */
export const serveCommand: CliCommand<number> = {
  name: 'serve',
  summary: 'Run the host in the foreground and open the HTTP endpoint',
  examples: ['plugboard serve', 'plugboard serve --port 8080', 'plugboard serve --config ./plugboard.toml'],
  args: [],
  options: [
    { name: 'host', value: 'ADDRESS', help: 'address to listen on (default: [serve] host, else 127.0.0.1)' },
    { name: 'port', value: 'PORT', help: 'port to listen on, 0 for any (default: [serve] port, else 7450)' },
    { name: 'standalone', help: 'leave the host of the home alone: no lock, no socket' },
    { name: 'detached', help: 'run without HTTP, for the pipes of this home, and leave when nobody uses it' },
    {
      name: 'idle',
      value: 'SECONDS',
      help: `with --detached: leave when nobody used it for this long (default: ${IDLE_SEC})`,
    },
  ],
  run: async (context, input) => {
    if (input.flags.has('detached')) {
      if (input.values['host'] !== undefined || input.values['port'] !== undefined || input.flags.has('standalone'))
        throw new AppError(
          'USAGE',
          '--detached opens no endpoint: it goes with neither --host, --port nor --standalone',
        );
      return runDetached(context, idleMs(input.values['idle']));
    }
    if (input.values['idle'] !== undefined) throw new AppError('USAGE', '--idle goes with --detached');
    return runForeground(context, input);
  },
  render: () => '',
  exitCode: (status) => status,
};

function idleMs(given: string | undefined): number {
  const seconds = given === undefined ? IDLE_SEC : Number(given);
  if (!(seconds > 0 && seconds <= MAX_IDLE_SEC))
    throw new AppError('USAGE', `--idle must be a number of seconds above 0 and up to ${MAX_IDLE_SEC}, not '${given}'`);
  return seconds * 1000;
}

async function runDetached(context: CliContext, leaveAfterMs: number): Promise<number> {
  const stop = stopSignal();
  let idle: NodeJS.Timeout | undefined;
  let clients = 0;
  const watchIdle = (): void => {
    clearTimeout(idle);
    if (clients === 0) idle = setTimeout(stop.now, leaveAfterMs);
  };
  const outcome = await startOrMeet(context, (now) => {
    clients = now;
    watchIdle();
  });
  if (outcome.kind === 'met') {
    outcome.met.socket.destroy();
    return 0;
  }
  watchIdle();
  await stop.asked;
  clearTimeout(idle);
  await outcome.running.close();
  return 0;
}

async function runForeground(context: CliContext, input: Input): Promise<number> {
  const stop = stopSignal();
  const outcome = input.flags.has('standalone')
    ? ({ kind: 'started', running: await startStandalone(context) } as const)
    : await startOrMeet(context, () => {});
  if (outcome.kind === 'met') return attach(context, input, { stop, met: outcome.met });
  const { running } = outcome;
  try {
    const { endpoint } = await running.listen(address(input, running.host.config().serve));
    const offline = announceChanges(context, running);
    await announce(context, {
      endpoint,
      servedBy: null,
      status: async () => running.status(),
      settled: running.host.settled(),
      stopped: stop.asked,
      token: () => localToken(context, running),
    });
    offline.begin();
    await stop.asked;
  } finally {
    await running.close();
  }
  return 0;
}

/** The home has a host already: it opens the endpoint, for as long as this command runs. */
async function attach(
  context: CliContext,
  input: Input,
  { met, stop }: { readonly met: Met; readonly stop: Stop },
): Promise<number> {
  const control = openControl(met.socket);
  const { config } = await loadConfig(context.loadOptions);
  const { endpoint, ours } = await openAt(control, address(input, config.serve));
  const gone = Promise.race([stop.asked, control.closed]);
  context.err.write(
    `plugboard: the host of this home runs already (version ${met.welcome.version}, process ${met.welcome.pid}); it ${ours ? 'opens the endpoint' : 'serves this address already'}\n`,
  );
  await announce(context, {
    endpoint,
    servedBy: ours ? null : met.welcome.pid,
    status: async () => (await control.request('status')) as unknown as HostStatus,
    // The host may end first.
    settled: control.request('settled').catch(() => {}),
    stopped: gone,
    token: () => {
      const store = openStore(`${context.home}/plugboard.db`);
      try {
        return localToken(context, { store });
      } finally {
        store.close();
      }
    },
  });
  const ended = await Promise.race([
    stop.asked.then(() => 'asked' as const),
    control.closed.then(() => 'host' as const),
  ]);
  control.close();
  if (ended === 'host') context.err.write('plugboard: the host has ended\n');
  return ended === 'host' ? 1 : 0;
}

/**
 * The endpoint at an address, which the host opens, or has open already.
 *
 * @returns `ours`: it closes when this command ends.
 * @throws AppError `PORT_IN_USE` when another program has it, and whatever else the host refuses with
 */
async function openAt(
  control: Control,
  at: { readonly host: string; readonly port: number },
): Promise<{ readonly endpoint: string; readonly ours: boolean }> {
  try {
    const answer = await control.request('listen', at);
    return { endpoint: String((answer as { endpoint?: unknown }).endpoint), ours: true };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'PORT_IN_USE') throw error;
    const { endpoints } = (await control.request('status')) as unknown as HostStatus;
    const open = endpoints.find((endpoint) => {
      const { hostname, port } = new URL(endpoint);
      return hostname.replaceAll(/[[\]]/g, '') === at.host && Number(port) === at.port;
    });
    if (open === undefined) throw error;
    return { endpoint: open, ours: false };
  }
}

function address(
  input: Input,
  serve: { readonly host: string; readonly port: number },
): { readonly host: string; readonly port: number } {
  const given = input.values['port'];
  const port = given === undefined ? serve.port : Number(/^\d+$/.test(given) ? given : NaN);
  if (!(port <= 65_535)) throw new AppError('USAGE', `--port must be a number from 0 to 65535, not '${given}'`);
  return { host: input.values['host'] ?? serve.host, port };
}

type Token =
  | { readonly kind: 'fresh'; readonly token: string }
  | { readonly kind: 'named'; readonly names: readonly string[] }
  | { readonly kind: 'none' };

/** On a terminal the first `serve` makes the token `local`; it is shown this once. */
function localToken(context: CliContext, { store }: Pick<HostProcess, 'store'>): Token {
  const names = store.tokens.list().map((record) => record.name);
  if (names.length > 0) return { kind: 'named', names };
  if (!context.out.isTty || context.globals.json) return { kind: 'none' };
  const token = store.tokens.create({
    name: 'local',
    user: null,
    team: null,
    workspace: null,
    human: false,
    createdAt: Date.now(),
  });
  return { kind: 'fresh', token };
}

type Serving = {
  readonly endpoint: string;
  /** The process that had the endpoint open before; null when it closes with this command. */
  readonly servedBy: number | null;
  readonly status: () => Promise<HostStatus>;
  /** Resolves once no server is starting any more. */
  readonly settled: Promise<unknown>;
  /** Resolves when there is nothing left to announce. */
  readonly stopped: Promise<void>;
  readonly token: () => Token;
};

/** Says where the endpoint is and how the servers are; those that take long are shown as starting. */
async function announce(context: CliContext, serving: Serving): Promise<void> {
  const token = serving.token();
  if (context.globals.json) {
    const { version, pid, servers, issues } = await serving.status();
    context.out.write(
      `${JSON.stringify({ schemaVersion: 1, endpoint: serving.endpoint, version, pid, servers, issues })}\n`,
    );
    return;
  }
  const ready = await Promise.race([
    serving.stopped.then(() => false),
    serving.settled.then(() => true),
    sleep(TABLE_WAIT_MS, true, { ref: false }),
  ]);
  if (!ready) return;
  const { servers, issues, version } = await serving.status();
  context.out.write(
    `${renderServing({ version, endpoint: serving.endpoint, servedBy: serving.servedBy, servers, issues, token, program: programWords(context.env, context.cwd) })}\n`,
  );
}

/** The problems for which a file is not used at all. */
const UNUSABLE: ReadonlySet<string> = new Set(['CONFIG_NOT_TOML', 'CONFIG_UNREADABLE', 'CONFIG_SYSTEM_DAMAGED']);

/** Says each later change of a server's state, and what is wrong with the configuration and right again, in a line. */
function announceChanges(context: CliContext, running: HostProcess): { readonly begin: () => void } {
  const said = new Map<string, string>();
  let issuesSaid = new Set<string>();
  let filesSaid = new Set<string>();
  const look = (say: boolean): void => {
    const { servers, issues } = running.status();
    for (const report of servers) {
      const line = renderServerLine(report, 0);
      if (say && said.get(report.name) !== line) context.out.write(`${line}\n`);
      said.set(report.name, line);
    }
    for (const name of said.keys()) {
      if (servers.some((report: ServerReport) => report.name === name)) continue;
      said.delete(name);
      if (say) context.out.write(printableLine(`${name}  REMOVED`) + '\n');
    }
    const now = new Set(issues.map((issue: Issue) => renderIssue(issue)));
    if (say) for (const text of now) if (!issuesSaid.has(text)) context.err.write(`${text}\n`);
    issuesSaid = now;
    const broken = new Set(
      issues.flatMap(({ code, file }) => (file !== undefined && UNUSABLE.has(code) ? [file] : [])),
    );
    if (say)
      for (const file of filesSaid)
        if (!broken.has(file)) context.err.write(printableLine(`${file}: can be read again, and is in force`) + '\n');
    filesSaid = broken;
  };
  return {
    begin: () => {
      if (context.globals.json) return;
      look(false);
      running.host.onChange(() => look(true));
    },
  };
}

type Stop = { readonly asked: Promise<void>; readonly now: () => void };

/** One Ctrl-C may come twice: from the terminal, and handed on by npm. Milliseconds. */
const SAME_SIGNAL_MS = 500;

/** Resolves at the first SIGINT, SIGTERM or SIGHUP; a later one ends the process at once, and the watchdog does the rest. */
function stopSignal(): Stop {
  let now = (): void => {};
  let first: number | null = null;
  const asked = new Promise<void>((resolve) => {
    now = resolve;
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      first ??= performance.now();
      if (performance.now() - first > SAME_SIGNAL_MS) process.exit(1);
      now();
    });
  }
  return { asked, now: () => now() };
}
