import { urlProblem } from '../../config/index.ts';
import { type Executor, planEnvironment } from '../../executors/index.ts';
import { createRedactor, type Log, type Redact, Secret } from '../../kernel/index.ts';
import {
  connectionKey,
  type EnvValues,
  type FilledHttp,
  type FilledStdio,
  type Launch,
  type ResolvedServer,
} from '../../servers/index.ts';
import type { Store } from '../../storage/node/index.ts';
import { type HeaderValues, type Transport, TransportEnded } from '../../upstreams/index.ts';
import {
  createHttpTransport,
  createStdioTransport,
  type HttpVerdict,
  type NeedsConfig,
  type Prepared,
  runHeadersHelper,
  type StartBlock,
  sendHeaders,
} from '../../upstreams/node/index.ts';
import type { LaunchValues } from './launch-values.ts';

export type TransportHouse = {
  readonly executor: Executor;
  readonly env: EnvValues;
  readonly workspace: string;
  readonly version: string;
  readonly facts: Store['facts'];
  readonly now: () => number;
  readonly log: Log;
  readonly values: LaunchValues;
  /** Those of the connections that there are. */
  readonly redactors: Set<Redact>;
};

export type TransportFor = {
  readonly server: ResolvedServer;
  readonly launch: Launch;
  /** The caller's values of the names that the server declares. */
  readonly values: EnvValues;
  /** Asked before every run of a program that its plugin brings for it. */
  readonly beforeStart: () => Promise<StartBlock | null>;
  readonly onStderr: (text: string) => void;
  readonly onRenewed: () => void;
};

/** A transport to a server as one caller may use it, or what must be done first. */
export async function prepareTransport(
  house: TransportHouse,
  to: TransportFor,
): Promise<Prepared | NeedsConfig | StartBlock> {
  const filled = await house.values.fill(to);
  if (filled.kind !== 'filled') return filled;
  const block = await to.beforeStart();
  if (block !== null) return block;
  const { launch, secrets, issues } = filled;
  for (const { message } of issues) house.log('warn', message);
  if (launch.kind === 'stdio') {
    const redact = createRedactor(secrets);
    return { kind: 'ready', transport: known(house, stdio(house, to, { launch, redact }), redact), redact };
  }
  const redact = createRedactor(launch.url instanceof Secret ? [...secrets, launch.url] : secrets);
  return { kind: 'ready', transport: known(house, redacted(http(house, to, launch), redact), redact), redact };
}

function stdio(
  house: TransportHouse,
  { onStderr }: TransportFor,
  { launch, redact }: { readonly launch: FilledStdio; readonly redact: Redact },
): Transport {
  const { command, args, cwd } = launch;
  const env = planEnvironment({ own: launch.env, values: mapOf(house.env), platform: process.platform });
  return createStdioTransport({ executor: house.executor, launch: { command, args, cwd, env }, redact, onStderr });
}

function http(house: TransportHouse, to: TransportFor, launch: FilledHttp): Transport {
  const { headersHelper, caFile, clientCertFile, clientKeyFile } = launch;
  const serverKey = connectionKey(to.launch, {});
  const remembered = house.facts.get(serverKey, 'transport');
  return createHttpTransport({
    server: to.server.name,
    url: launch.url,
    urlProblem,
    writtenUrl: to.launch.kind === 'http' ? to.launch.url : '',
    headers: sendHeaders({
      headers: launch.headers,
      helper: headersHelper === null ? null : () => runHelper(house, to, headersHelper),
      version: house.version,
      onDropped: (names) => house.log('warn', `${to.server.name}: headers that cannot be sent: ${names.join(', ')}`),
    }),
    tls: { caFile, clientCertFile, clientKeyFile },
    env: house.env,
    onRenewed: to.onRenewed,
    log: house.log,
    ...(isVerdict(remembered) ? { remembered } : {}),
    onVerdict: (value) => {
      if (value !== remembered) house.facts.set({ serverKey, fact: 'transport', value, learnedAt: house.now() });
    },
  });
}

/** @throws TransportEnded `headers_helper` */
async function runHelper(house: TransportHouse, to: TransportFor, helper: string): Promise<HeaderValues> {
  const block = await to.beforeStart();
  if (block !== null) throw new TransportEnded({ kind: 'headers_helper', detail: notRun(block) });
  const { root = null, dataDir = null } = to.server.owner ?? {};
  const own = {
    ...(root === null ? {} : { PLUGIN_ROOT: root }),
    ...(dataDir === null ? {} : { PLUGIN_DATA: dataDir }),
  };
  const env = planEnvironment({ own, values: mapOf(house.env), platform: process.platform });
  return runHeadersHelper({ command: helper, cwd: root ?? house.workspace, env }, house.executor.runProgram);
}

function notRun(block: StartBlock): string {
  const why =
    block.kind === 'blocked'
      ? `the plugin's files are not as they were installed: ${block.detail}`
      : block.issues.map(({ message }) => message).join('; ');
  return `http_headers_helper is not run: ${why}`;
}

function isVerdict(value: string | null): value is HttpVerdict {
  return value === 'streamable' || value === 'sse';
}

function mapOf(values: EnvValues): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );
}

/** The transport, whose secrets are kept out of every log until it is over. */
function known({ redactors }: TransportHouse, transport: Transport, redact: Redact): Transport {
  redactors.add(redact);
  return {
    ...transport,
    start: (events) =>
      transport.start({
        ...events,
        onEnd: (reason) => {
          events.onEnd(reason);
          redactors.delete(redact);
        },
      }),
    close: async () => {
      await transport.close();
      redactors.delete(redact);
    },
  };
}

/** The transport with secrets taken out of everything that people may come to read. */
function redacted(transport: Transport, redact: Redact): Transport {
  return {
    send: async (message, options) => {
      try {
        await transport.send(message, options);
      } catch (error) {
        throw error instanceof TransportEnded && 'detail' in error.reason
          ? new TransportEnded({ ...error.reason, detail: redact(error.reason.detail) })
          : error;
      }
    },
    close: () => transport.close(),
    setProtocolVersion: (version) => transport.setProtocolVersion(version),
    stderrTail: () => transport.stderrTail(),
    start: (events) =>
      transport.start({
        ...events,
        onOdd: (detail) => events.onOdd(redact(detail)),
        onEnd: (reason) => events.onEnd('detail' in reason ? { ...reason, detail: redact(reason.detail) } : reason),
      }),
  };
}
