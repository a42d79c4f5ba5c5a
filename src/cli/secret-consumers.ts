import { AppError, nearest, Secret } from '../kernel/index.ts';
import { type Consumer, consumerText, type SecretDocument, type SecretRef } from '../secrets/index.ts';
import { fillLaunch, type ResolvedServer, serversReading } from '../servers/index.ts';

/** Who there is to read secrets. */
export type Readers = {
  readonly servers: readonly Pick<ResolvedServer, 'name' | 'owner' | 'sources' | 'verdict'>[];
  /** Ids of the plugins that are installed. */
  readonly plugins: readonly string[];
};

/** Whom a secret is stored for, and what should be said about it. */
export type Target = { readonly consumer: Consumer; readonly note: string | null };

/**
 * Whom the words after `--for` mean. A plugin's servers read what their plugin has, so the name of one stands for the
 * plugin. What is not there yet is taken as it is, with a note: the secret may come first.
 *
 * @throws AppError `SECRET_BAD_CONSUMER` when several plugins have a server of this name
 */
export function targetOf(consumer: Consumer, { servers, plugins }: Readers): Target {
  if (consumer.kind === 'plugin') return { consumer, note: unknownPlugin(consumer.id, plugins) };
  const { name } = consumer;
  const known = servers.filter((server) => server.name === name);
  const meant = known.length > 0 ? known : servers.filter(({ owner }) => owner?.server === name);
  const ids = [...new Set(meant.flatMap(({ owner }) => (owner === null ? [] : [owner.pluginId])))];
  const [id] = ids;
  if (ids.length > 1)
    throw new AppError('SECRET_BAD_CONSUMER', `'${name}' is a server of several plugins`, {
      hint: `say --for ${ids.join(', or --for ')}`,
    });
  if (id !== undefined)
    return {
      consumer: { kind: 'plugin', id },
      note: `'${name}' is a server of the plugin ${id}, and reads what is stored for the plugin`,
    };
  return { consumer, note: meant.length > 0 ? null : unknownServer(name, { servers, plugins }) };
}

function unknownPlugin(id: string, plugins: Readers['plugins']): string | null {
  if (plugins.includes(id)) return null;
  const near = nearest(id, plugins);
  return `no plugin '${id}' is installed yet${near === null ? '' : `; did you mean '${near}'?`}`;
}

/** A slip in the name would otherwise be noticed only when the value does not arrive. */
function unknownServer(name: string, { servers, plugins }: Readers): string {
  const near =
    plugins.find((id) => id.startsWith(`${name}@`)) ??
    nearest(
      name,
      servers.map((server) => server.name),
    );
  return `no server '${name}' is configured yet${near === null ? '' : `; did you mean '${near}'?`}`;
}

/** What a change of secrets does to the servers that there are. */
export type Effects = {
  /** Servers that read one of them, sorted. */
  readonly servers: readonly string[];
  /** Those that cannot start without it any more. */
  readonly waiting: readonly string[];
};

/**
 * @param after What is stored now.
 * @param isSet Whether the environment gives a variable.
 */
export function effectsOf(
  changed: readonly SecretRef[],
  servers: readonly ResolvedServer[],
  now: { readonly after: SecretDocument; readonly isSet: (name: string) => boolean },
): Effects {
  const names = serversReading(servers, changed);
  const reading = servers.filter(({ name }) => names.includes(name));
  return { servers: names.toSorted(), waiting: reading.filter((server) => lacks(server, changed, now)).map(nameOf) };
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}

/** Whether a server has all it needs with these secrets, and not without them. */
function lacks(
  { verdict, sources }: ResolvedServer,
  gone: readonly SecretRef[],
  { after, isSet }: { readonly after: SecretDocument; readonly isSet: (name: string) => boolean },
): boolean {
  const launch = 'launch' in verdict ? verdict.launch : null;
  if (launch === null) return false;
  const reader = consumerText(sources.consumer);
  const has = (refs: readonly SecretRef[], name: string): boolean =>
    refs.some((ref) => ref.name === name && consumerText(ref.consumer) === reader);
  const fills = (refs: readonly SecretRef[]): boolean => {
    const secret = (name: string): Secret | undefined => (has(refs, name) ? new Secret(name, 'set') : undefined);
    const variable = (name: string): string | undefined => (isSet(name) ? 'set' : undefined);
    const provided = (reference: string): Secret => new Secret(reference, 'set');
    return fillLaunch(launch, sources, { variable, secret, provided, envFile: {} }).kind !== 'needs_config';
  };
  return fills([...after.records, ...gone]) && !fills(after.records);
}

/** What is said of a change: who reads it, and what that means for them. One line each. */
export function effectNotes(
  { servers, waiting }: Effects,
  { name, isRunning, removed }: { readonly name: string; readonly isRunning: boolean; readonly removed: boolean },
): readonly string[] {
  const restart = isRunning ? `; ${servers.length === 1 ? 'it restarts' : 'they restart'} in the running host` : '';
  if (servers.length === 0)
    return removed ? [] : [`no server asks for ${name} yet: a server names it in env_vars, or as \${secret:${name}}`];
  const read = `${removed ? 'was read by' : 'read by'} ${servers.join(', ')}${restart}`;
  const waits = waiting.map(
    (server) => `'${server}' cannot start without it; see: plugboard doctor --server ${server}`,
  );
  return [read, ...waits];
}
