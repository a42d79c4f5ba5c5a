import { type Greeting, type HostStatus, overridesKey, type ToolView, toolViews } from '../../api/index.ts';
import { type Control, greetHost, type Met, openControl } from '../../api/node/index.ts';
import { AppError, type JsonObject } from '../../kernel/index.ts';
import type { CliContext } from './context.ts';

/** The host that answers questions about servers: the running one of the home, or one that this command started. */
export type HostView = {
  readonly kind: 'running' | 'here';
  /** For `here`: the running host that was not asked, because its configuration is another one. */
  readonly beside: HostStatus | null;
  readonly status: () => Promise<HostStatus>;
  /** Once no server is starting any more, however long that takes. */
  readonly settled: () => Promise<HostStatus>;
  /** Of the servers that are connected now. */
  readonly tools: () => Promise<readonly ToolView[]>;
  /** Ends it, if this command started it. */
  readonly close: () => Promise<void>;
};

/**
 * Greets the running host of the home.
 *
 * @returns null when none runs, or the one that runs has another configuration than this command was given.
 */
export async function greetRunning(context: CliContext, want: Greeting['want']): Promise<Met | null> {
  const { version, configArgs, globals, err } = context;
  try {
    const met = await greetHost(context.paths, { version, config: configArgs, want });
    if (met !== null && met.welcome.version !== version && !globals.json) {
      const { version: running, pid } = met.welcome;
      err.write(`plugboard: the running host is version ${running}, this is ${version}; end it with: kill ${pid}\n`);
    }
    return met;
  } catch (error) {
    if (error instanceof AppError && error.code === 'HOST_CONFIG_DIFFERS') return null;
    throw error;
  }
}

/** The running host, for control; null as {@link greetRunning}. */
export async function openRunning(context: CliContext): Promise<Control | null> {
  const met = await greetRunning(context, { kind: 'control' });
  return met === null ? null : openControl(met.socket);
}

/** The running host whatever its configuration, and whether that is the one this command reads. */
export async function lookAtRunning(
  context: CliContext,
): Promise<{ readonly control: Control; readonly status: HostStatus; readonly isOurs: boolean } | null> {
  const control = await openRunning({ ...context, configArgs: { file: null, overrides: [], project: null } });
  if (control === null) return null;
  try {
    const status = (await control.request('status')) as unknown as HostStatus;
    return { control, status, isOurs: await readsSame(context, status) };
  } catch (error) {
    control.close();
    throw error;
  }
}

/** What the running host says, where it runs the configuration that this command reads: another one has other servers. */
export async function statusOfOurs(context: CliContext): Promise<HostStatus | null> {
  const running = await lookAtRunning(context);
  running?.control.close();
  return running?.isOurs === true ? running.status : null;
}

/** Other than for a pipe, options that were left out count. Folders may differ as long as no project's file has a say. */
async function readsSame({ configArgs, loadOptions }: CliContext, { config }: HostStatus): Promise<boolean> {
  const { file, overrides } = configArgs;
  if (config.file !== file || config.overridesKey !== overridesKey(overrides)) return false;
  if (config.project === loadOptions.projectDir) return true;
  const { loadConfig } = await import('../../config/node/index.ts');
  const { projectDir: _, ...base } = loadOptions;
  const loaded = await Promise.all([
    loadConfig(loadOptions),
    loadConfig(config.project === null ? base : { ...base, projectDir: config.project }),
  ]);
  return loaded.every(({ layers }) =>
    layers.every(({ layer, table }) => layer !== 'project' || table.entries.size === 0),
  );
}

/**
 * The running host, or one started here.
 *
 * @param how `only`: just this server, where it is started here. `own`: a host with another configuration than the one
 *   this command reads is not asked; else options that were left out are the host's business, as for a pipe. `homeless`:
 *   the home cannot be used, and a host that is started here writes nothing there.
 */
export async function viewHost(
  context: CliContext,
  how: { readonly only?: string | null; readonly own?: boolean; readonly homeless?: boolean } = {},
): Promise<HostView> {
  const { only = null, own = false, homeless = false } = how;
  const found = own
    ? await lookAtRunning(context).catch((error: unknown) => {
        if (homeless && error instanceof AppError && error.code === 'HOME_UNUSABLE') return null;
        throw error;
      })
    : null;
  if (found?.isOurs === false) found.control.close();
  const control = own ? (found?.isOurs === true ? found.control : null) : await openRunning(context);
  if (control !== null) {
    const ask = async <T>(method: string, params?: JsonObject): Promise<T> =>
      (await control.request(method, params)) as unknown as T;
    return {
      kind: 'running',
      beside: null,
      status: () => ask('status'),
      settled: () => ask('settled'),
      tools: () => ask('tools'),
      close: async () => control.close(),
    };
  }
  const { startStandalone } = await import('./host-process.ts');
  const started = await startStandalone(await withOnly(context, only), homeless ? { keeping: 'nothing' } : {});
  const settled = async (): Promise<HostStatus> => {
    await started.host.settled();
    return started.status();
  };
  return {
    kind: 'here',
    beside: found?.status ?? null,
    status: async () => started.status(),
    settled,
    tools: async () => toolViews(started.host.catalogue(null)),
    close: started.close,
  };
}

/** The context with every other server turned off. */
async function withOnly(context: CliContext, only: string | null): Promise<CliContext> {
  if (only === null) return context;
  const [{ loadServers }, { settingsKey }] = await Promise.all([
    import('./known-servers.ts'),
    import('../../servers/index.ts'),
  ]);
  const { servers } = await loadServers(context, { namesOnly: true });
  const off = servers.flatMap((server) => (server.name === only ? [] : [`${settingsKey(server)}.enabled=false`]));
  return { ...context, loadOptions: { ...context.loadOptions, overrides: [...context.loadOptions.overrides, ...off] } };
}

/** Lets the running host read the configuration at once, so that the next command sees the change. */
export async function reloadRunning(context: CliContext): Promise<void> {
  const control = await openRunning(context).catch(() => null);
  await control?.request('reload').catch(() => null);
  control?.close();
}
