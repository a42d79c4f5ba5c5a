import type { HostStatus } from '../../../api/index.ts';
import type { Control } from '../../../api/node/index.ts';
import { loadConfig } from '../../../config/node/index.ts';
import { AppError, printable } from '../../../kernel/index.ts';
import { renderServerLine, type ServerReport } from '../../../status/index.ts';
import { worstExit } from '../../command.ts';
import { exitOfState } from '../../state-exit.ts';
import type { CliCommand, CliContext } from '../context.ts';
import { openRunning } from '../running.ts';
import { noSuchServer } from '../user-config.ts';

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
      const { servers } = await statusOf(control, 'settled');
      const report = servers.find((server) => server.name === name);
      if (report === undefined)
        throw noSuchServer(
          name,
          servers.map((server) => server.name),
        );
      return { schemaVersion: 1, ...report };
    } finally {
      control.close();
    }
  },
  render: (report) => printable(renderServerLine(report, 0)),
  exitCode: ({ state }) => {
    const exit = exitOfState(state);
    return exit === null ? 0 : worstExit([exit]);
  },
};

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
  const names =
    control === null
      ? [...(await loadConfig(context.loadOptions)).config.servers.keys()]
      : (await statusOf(control, 'status')).servers.map((server) => server.name);
  if (!names.includes(name)) {
    control?.close();
    throw noSuchServer(name, names);
  }
  if (control !== null) return control;
  throw new AppError('HOST_UNREACHABLE', 'no host is running for this home and configuration', { hint: otherwise });
}

async function statusOf(control: Control, method: 'status' | 'settled'): Promise<HostStatus> {
  return (await control.request(method)) as unknown as HostStatus;
}
