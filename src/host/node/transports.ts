import type { HttpTransport as HttpLaunch } from '../../config/index.ts';
import { type Executor, planEnvironment } from '../../executors/index.ts';
import type { Log } from '../../kernel/index.ts';
import { connectionKey, type EnvValues, type Launch, type StdioLaunch } from '../../servers/index.ts';
import type { Store } from '../../storage/node/index.ts';
import { type HeaderValues, resolveHeaders, type Transport, TransportEnded } from '../../upstreams/index.ts';
import {
  createHttpTransport,
  createStdioTransport,
  type HttpVerdict,
  type NeedsConfig,
  runHeadersHelper,
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
  readonly launch: Launch;
  /** The caller's values of the names that the server declares. */
  readonly values: EnvValues;
  readonly onStderr: (text: string) => void;
  readonly onRenewed: () => void;
};

/** A transport to a server as one caller may use it, or the variables that must be set first. */
export function createTransportFor(house: TransportHouse, to: TransportFor): Transport | NeedsConfig {
  const values = callerEnvironment(house.env, to);
  return to.launch.kind === 'stdio'
    ? stdio(house, { ...to, launch: to.launch, values })
    : http(house, { ...to, launch: to.launch, values });
}

/** The host's environment with the caller's values of the declared names: what the caller has not set stays unset. */
function callerEnvironment(env: EnvValues, { launch, values }: TransportFor): EnvValues {
  const declared =
    launch.kind === 'stdio'
      ? launch.envVars.map(({ name }) => name)
      : [launch.bearerTokenEnvVar ?? '', ...Object.values(launch.envHeaders)];
  return { ...env, ...Object.fromEntries(declared.map((name) => [name, values[name]])) };
}

function stdio(house: TransportHouse, to: TransportFor & { readonly launch: StdioLaunch }): Transport | NeedsConfig {
  const plan = planEnvironment({ launch: to.launch, values: mapOf(to.values), platform: process.platform });
  if (plan.missingRequired.length > 0) return needsConfig(to.server, plan.missingRequired);
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
  if (first.kind === 'missing') return needsConfig(to.server, first.names);
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

function runHelper(house: TransportHouse, to: TransportFor & { readonly helper: string }): Promise<HeaderValues> {
  const { env } = planEnvironment({
    launch: { env: {}, envVars: [] },
    values: mapOf(house.env),
    platform: process.platform,
  });
  return runHeadersHelper({ command: to.helper, cwd: house.workspace, env }, house.executor.runProgram);
}

function isVerdict(value: string | null): value is HttpVerdict {
  return value === 'streamable' || value === 'sse';
}

function needsConfig(server: string, names: readonly string[]): NeedsConfig {
  return { kind: 'needs_config', names, command: `set ${names.join(', ')}, then run: plugboard mcp restart ${server}` };
}

function mapOf(values: EnvValues): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );
}
