import type { HttpTransport as HttpLaunch } from '../../config/index.ts';
import { type Executor, planEnvironment } from '../../executors/index.ts';
import { createRedactor, type Log, type Redact } from '../../kernel/index.ts';
import { connectionKey, type EnvValues, type Launch, type ServerOwner, type StdioLaunch } from '../../servers/index.ts';
import type { Store } from '../../storage/node/index.ts';
import { type HeaderValues, resolveHeaders, type Transport, TransportEnded } from '../../upstreams/index.ts';
import {
  createHttpTransport,
  createStdioTransport,
  type HttpVerdict,
  type NeedsConfig,
  runHeadersHelper,
  type StartBlock,
} from '../../upstreams/node/index.ts';

export type TransportHouse = {
  readonly executor: Executor;
  readonly env: EnvValues;
  readonly workspace: string;
  readonly version: string;
  readonly facts: Store['facts'];
  readonly now: () => number;
  readonly log: Log;
};

export type TransportFor = {
  readonly server: string;
  /** Which plugin it comes from; null for a server of config.toml. */
  readonly owner: ServerOwner | null;
  readonly launch: Launch;
  /** The caller's values of the names that the server declares. */
  readonly values: EnvValues;
  /** Asked before every run of a program that its plugin brings for it. */
  readonly beforeHelper: () => Promise<StartBlock | null>;
  readonly onStderr: (text: string) => void;
  readonly onRenewed: () => void;
};

/** A transport to a server as one caller may use it, or the variables that must be set first. */
export function createTransportFor(house: TransportHouse, to: TransportFor): Transport | NeedsConfig {
  const values = callerEnvironment(house.env, to);
  const redact = createRedactor(secretsOf(to.launch, values));
  const made = makeTransport(house, { ...to, values, onStderr: byLine((text) => to.onStderr(redact(text))) });
  return 'kind' in made ? made : redacted(made, redact);
}

function makeTransport(house: TransportHouse, to: TransportFor): Transport | NeedsConfig {
  return to.launch.kind === 'stdio'
    ? stdio(house, { ...to, launch: to.launch })
    : http(house, { ...to, launch: to.launch });
}

/** The host's environment with the caller's values of the declared names: what the caller has not set stays unset. */
function callerEnvironment(env: EnvValues, { launch, values }: TransportFor): EnvValues {
  return { ...env, ...Object.fromEntries(declaredNames(launch).map((name) => [name, values[name]])) };
}

/** The variables whose values callers hand over. */
function declaredNames(launch: Launch): readonly string[] {
  if (launch.kind === 'stdio') return launch.envVars.map(({ name }) => name);
  return [
    ...(launch.bearerTokenEnvVar === null ? [] : [launch.bearerTokenEnvVar]),
    ...Object.values(launch.envHeaders),
  ];
}

function stdio(house: TransportHouse, to: TransportFor & { readonly launch: StdioLaunch }): Transport | NeedsConfig {
  const plan = planEnvironment({ launch: to.launch, values: mapOf(to.values), platform: process.platform });
  if (plan.missingRequired.length > 0) return needsConfig(plan.missingRequired);
  if (plan.unset.length > 0) house.log('warn', `${to.server}: env_vars that are not set: ${plan.unset.join(', ')}`);
  const { command, args, cwd } = to.launch;
  return createStdioTransport({
    executor: house.executor,
    launch: { command, args, cwd, env: plan.env },
    onStderr: to.onStderr,
  });
}

function http(house: TransportHouse, to: TransportFor & { readonly launch: HttpLaunch }): Transport | NeedsConfig {
  const { launch } = to;
  const sources = { ...launch, env: (name: string) => to.values[name], version: house.version };
  const first = resolveHeaders({ ...sources, helper: {} });
  if (first.kind === 'missing') return needsConfig(first.names);
  const headers = async (): Promise<HeaderValues> => {
    const helper = launch.headersHelper === null ? {} : await runHelper(house, { ...to, helper: launch.headersHelper });
    const resolved = resolveHeaders({ ...sources, helper });
    if (resolved.kind === 'missing')
      throw new TransportEnded({ kind: 'headers_helper', detail: `not set: ${resolved.names.join(', ')}` });
    if (resolved.dropped.length > 0)
      house.log('warn', `${to.server}: headers that cannot be sent: ${resolved.dropped.join(', ')}`);
    return resolved.headers;
  };
  const serverKey = connectionKey(launch, {});
  const remembered = house.facts.get(serverKey, 'transport');
  return createHttpTransport({
    server: to.server,
    url: launch.url,
    headers,
    tls: { caFile: launch.caFile, clientCertFile: launch.clientCertFile, clientKeyFile: launch.clientKeyFile },
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
async function runHelper(house: TransportHouse, to: TransportFor & { readonly helper: string }): Promise<HeaderValues> {
  const block = await to.beforeHelper();
  if (block !== null) throw new TransportEnded({ kind: 'headers_helper', detail: notRun(block) });
  const { root = null, dataDir = null } = to.owner ?? {};
  const folders = {
    ...(root === null ? {} : { PLUGIN_ROOT: root }),
    ...(dataDir === null ? {} : { PLUGIN_DATA: dataDir }),
  };
  const { env } = planEnvironment({
    launch: { env: folders, envVars: [] },
    values: mapOf(house.env),
    platform: process.platform,
  });
  return runHeadersHelper({ command: to.helper, cwd: root ?? house.workspace, env }, house.executor.runProgram);
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

function needsConfig(names: readonly string[]): NeedsConfig {
  return {
    kind: 'needs_config',
    names,
    command: `set ${names.join(', ')} where the agent or plugboard serve is started`,
  };
}

function mapOf(values: EnvValues): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );
}

/** Names whose literal values in `env` and `http_headers` are taken for secrets. */
const SECRET_NAME = /token|key|secret|pass|auth|credential|cookie/i;

/** What a server may print and nobody should read: handed-over variables, and literal values that are named like secrets. */
function secretsOf(launch: Launch, values: EnvValues): readonly (readonly [string, string])[] {
  const named = (entries: Readonly<Record<string, string>>): [string, string][] =>
    Object.entries(entries).filter(([name]) => SECRET_NAME.test(name));
  const handedOver = declaredNames(launch).flatMap((name) =>
    values[name] === undefined ? [] : [[name, values[name]] as const],
  );
  return [...handedOver, ...named(launch.kind === 'stdio' ? launch.env : launch.headers)];
}

/** The transport with secrets taken out of everything that people may come to read. */
function redacted(transport: Transport, redact: Redact): Transport {
  return {
    send: (message, options) => transport.send(message, options),
    close: () => transport.close(),
    setProtocolVersion: (version) => transport.setProtocolVersion(version),
    stderrTail: () => redact(transport.stderrTail()),
    start: (events) =>
      transport.start({
        ...events,
        onOdd: (detail) => events.onOdd(redact(detail)),
        onEnd: (reason) =>
          events.onEnd(reason.kind === 'exited' ? { ...reason, stderr: redact(reason.stderr) } : reason),
      }),
  };
}

/** Hands on whole lines, so that no secret is cut in two. */
function byLine(onText: (text: string) => void): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    const text = rest + chunk;
    const end = text.lastIndexOf('\n') + 1;
    rest = text.slice(end);
    if (end > 0) onText(text.slice(0, end));
    if (rest.length > MAX_LINE) {
      onText(`${rest}\n`);
      rest = '';
    }
  };
}

/** A line that long is handed on without its end. Characters. */
const MAX_LINE = 64 * 1024;
