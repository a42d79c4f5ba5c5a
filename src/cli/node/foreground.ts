import { setTimeout as sleep } from 'node:timers/promises';
import type { HostStatus } from '../../api/index.ts';
import { AppError, type Issue, printableLine, renderIssue } from '../../kernel/index.ts';
import { renderServerLine, type ServerReport } from '../../status/index.ts';
import type { Input, OptionSpec } from '../command.ts';
import { renderServing } from '../render-serve.ts';
import type { CliContext } from './context.ts';
import type { HostProcess } from './host-process.ts';
import { programWords } from './self.ts';

/*
 * What commands share that run a host in the foreground: the address, the token, what is said while it runs, and how it
 * is asked to end.
 */

/** How long the first table waits for servers that are still starting. Milliseconds. */
const TABLE_WAIT_MS = 3_000;

/** The options of {@link address}. `otherwise`: what counts without them. */
export function addressOptions(otherwise: { readonly host: string; readonly port: string }): readonly OptionSpec[] {
  return [
    { name: 'host', value: 'ADDRESS', help: `address to listen on (default: ${otherwise.host})` },
    { name: 'port', value: 'PORT', help: `port to listen on, 0 for any (default: ${otherwise.port})` },
  ];
}

type Token =
  | { readonly kind: 'fresh'; readonly token: string }
  | { readonly kind: 'named'; readonly names: readonly string[] }
  | { readonly kind: 'none' };

/** On a terminal the first `serve` makes the token `local`; it is shown this once. */
export function localToken(context: CliContext, { store }: Pick<HostProcess, 'store'>): Token {
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
  /** Set for an endpoint beside that of the home: what to say where there are no servers. */
  readonly beside?: string;
};

/** Says where the endpoint is and how the servers are; those that take long are shown as starting. */
export async function announce(context: CliContext, serving: Serving): Promise<void> {
  const { endpoint, servedBy, beside } = serving;
  const shown = { endpoint, servedBy, ...(beside === undefined ? {} : { beside }) };
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
    `${renderServing({ ...shown, version, servers, issues, token, program: programWords(context.env, context.cwd) })}\n`,
  );
}

/** The problems for which a file is not used at all. */
const UNUSABLE: ReadonlySet<string> = new Set(['CONFIG_NOT_TOML', 'CONFIG_UNREADABLE', 'CONFIG_SYSTEM_DAMAGED']);

/** Says each later change of a server's state, and what is wrong with the configuration and right again, in a line. */
export function announceChanges(context: CliContext, running: HostProcess): { readonly begin: () => void } {
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

export type Stop = { readonly asked: Promise<void>; readonly now: () => void };

/** One Ctrl-C may come twice: from the terminal, and handed on by npm. Milliseconds. */
const SAME_SIGNAL_MS = 500;

/** Resolves at the first SIGINT, SIGTERM or SIGHUP; a later one ends the process at once, and the watchdog does the rest. */
export function stopSignal(): Stop {
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

/** The address that `--host` and `--port` say, else the one of the configuration. @throws AppError `USAGE` */
export function address(
  input: Input,
  serve: { readonly host: string; readonly port: number },
): { readonly host: string; readonly port: number } {
  const given = input.values['port'];
  const port = given === undefined ? serve.port : Number(/^\d+$/.test(given) ? given : NaN);
  if (!(port <= 65_535)) throw new AppError('USAGE', `--port must be a number from 0 to 65535, not '${given}'`);
  return { host: input.values['host'] ?? serve.host, port };
}
