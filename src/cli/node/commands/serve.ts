import type { HostStatus } from '../../../api/index.ts';
import { type Control, type Met, openControl } from '../../../api/node/index.ts';
import { loadConfig } from '../../../config/node/index.ts';
import { AppError } from '../../../kernel/index.ts';
import { openStore } from '../../../storage/node/index.ts';
import type { Input } from '../../command.ts';
import type { CliCommand, CliContext } from '../context.ts';
import {
  address,
  addressOptions,
  announce,
  announceChanges,
  localToken,
  type Stop,
  stopSignal,
} from '../foreground.ts';
import { startOrMeet, startStandalone } from '../host-process.ts';

/** A detached host that nobody uses leaves after this, unless `--idle` says otherwise. Seconds. */
const IDLE_SEC = 300;
/** What a timer can hold. Seconds. */
const MAX_IDLE_SEC = 2_000_000;

/** The host in the foreground with its HTTP endpoint. Goes on until a signal, so it prints by itself. */
export const serveCommand: CliCommand<number> = {
  name: 'serve',
  summary: 'Run the host in the foreground and open the HTTP endpoint',
  examples: ['plugboard serve', 'plugboard serve --port 8080', 'plugboard serve --config ./plugboard.toml'],
  args: [],
  options: [
    ...addressOptions({ host: '[serve] host, else 127.0.0.1', port: '[serve] port, else 7450' }),
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
  const onClients = (now: number): void => {
    clients = now;
    watchIdle();
  };
  const outcome = await startOrMeet(context, { onClients });
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
    : await startOrMeet(context, { onClients: () => {} });
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
  if (context.globals.passphraseFile !== null)
    context.err.write('plugboard: --passphrase-file has no effect on a host that runs already\n');
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
