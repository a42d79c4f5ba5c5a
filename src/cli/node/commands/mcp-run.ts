import { setTimeout as sleep } from 'node:timers/promises';
import type { HostStatus } from '../../../api/index.ts';
import type { Control } from '../../../api/node/index.ts';
import { AppError, type Issue, printable } from '../../../kernel/index.ts';
import { renderServerLine, type ServerReport } from '../../../status/index.ts';
import { worstExit } from '../../command.ts';
import { exitOfState } from '../../state-exit.ts';
import type { CliCommand, CliContext } from '../context.ts';
import { type KnownServers, loadServers } from '../known-servers.ts';
import { openRunning } from '../running.ts';
import { brokenFile, noSuchServer, skippedFiles } from '../user-config.ts';

const NAME = { name: 'NAME', help: 'name of the server', required: true } as const;

type Restarted = { readonly schemaVersion: 1 } & ServerReport;

export const mcpRestart: CliCommand<Restarted> = {
  name: 'mcp restart',
  summary: 'Start a server of the running host anew',
  args: [NAME],
  options: [],
  run: async (context, input) => {
    const name = input.args['NAME'] ?? '';
    const control = await meetHostOf(context, name, 'nothing is to be restarted: servers start with the next use');
    try {
      await control.request('restart', { server: name });
      return { schemaVersion: 1, ...(await startedAgain(control, name)) };
    } finally {
      control.close();
    }
  },
  render: (report) => renderServerLine(report, 0),
  exitCode: ({ state }) => {
    const exit = exitOfState(state);
    return exit === null ? 0 : worstExit([exit]);
  },
};

const ASK_EVERY_MS = 50;

/** The server once it is no longer starting, whatever the others do. */
async function startedAgain(control: Control, name: string): Promise<ServerReport> {
  for (;;) {
    const { servers } = await statusOf(control);
    const report = servers.find((server) => server.name === name);
    const names = servers.map((server) => server.name);
    if (report === undefined) throw noSuchServer(name, names);
    if (report.state?.kind !== 'starting') return report;
    await sleep(ASK_EVERY_MS);
  }
}

type Logs = { readonly schemaVersion: 1; readonly server: string; readonly text: string };

/** With `--follow` it prints by itself and reports its exit status. */
export const mcpLogs: CliCommand<Logs | number> = {
  name: 'mcp logs',
  summary: 'Show what a server of the running host wrote to standard error',
  examples: ['plugboard mcp logs memory', 'plugboard mcp logs memory -f'],
  args: [NAME],
  options: [{ name: 'follow', short: 'f', help: 'go on with what it writes from now on' }],
  run: async (context, input) => {
    const server = input.args['NAME'] ?? '';
    const doctor = `run: plugboard doctor --server ${server}, which starts it and shows what it writes`;
    const control = await meetHostOf(context, server, doctor);
    try {
      return input.flags.has('follow') ? await follow(context, control, server) : await tail(control, server);
    } finally {
      control.close();
    }
  },
  render: (report, { out }) => {
    if (typeof report === 'number') return '';
    const text = report.text.trimEnd();
    return out.isTty ? printable(text) : text;
  },
  exitCode: (report) => (typeof report === 'number' ? report : 0),
};

/** The host sends what it has before it answers. */
async function tail(control: Control, server: string): Promise<Logs> {
  let text = '';
  control.onNotification((_, params) => {
    text += String(params['text'] ?? '');
  });
  await control.request('logs', { server });
  return { schemaVersion: 1, server, text };
}

async function follow(context: CliContext, control: Control, server: string): Promise<number> {
  const { out, globals } = context;
  control.onNotification((_, params) => {
    const text = String(params['text'] ?? '');
    if (globals.json) out.write(`${JSON.stringify({ server, text })}\n`);
    else out.write(out.isTty ? printable(text) : text);
  });
  await control.request('logs', { server });
  await control.closed;
  context.err.write('plugboard: the host has ended\n');
  return 1;
}

/**
 * @param otherwise What to do when no host runs.
 * @throws AppError `NOT_FOUND` for a server that host or configuration do not have, `HOST_UNREACHABLE` when no host runs
 */
async function meetHostOf(context: CliContext, name: string, otherwise: string): Promise<Control> {
  const control = await openRunning(context);
  const { names, broken } =
    control === null ? configured(await loadServers(context, { namesOnly: true })) : running(await statusOf(control));
  if (!names.includes(name)) {
    control?.close();
    throw brokenFile(broken) ?? noSuchServer(name, names);
  }
  if (control !== null) return control;
  throw new AppError('HOST_UNREACHABLE', 'no host is running for this home and configuration', { hint: otherwise });
}

type Known = { readonly names: readonly string[]; readonly broken: readonly Issue[] };

function configured({ servers, loaded }: KnownServers): Known {
  return { names: servers.map(({ name }) => name), broken: loaded.brokenFiles };
}

function running({ servers, issues }: HostStatus): Known {
  return { names: servers.map((server) => server.name), broken: skippedFiles(issues) };
}

async function statusOf(control: Control): Promise<HostStatus> {
  return (await control.request('status')) as unknown as HostStatus;
}
