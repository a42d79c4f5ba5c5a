import { AppError, nearest } from '../kernel/index.ts';
import { type Consumer, isSameConsumer, type SecretDocument, type SecretRef } from '../secrets/index.ts';
import { lackingOf, namesMeaning, type ReadBy, type ResolvedServer, serversReading } from '../servers/index.ts';

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
  const meant =
    known.length > 0 ? known : servers.filter(({ owner }) => owner !== null && namesMeaning(owner).includes(name));
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
export type Effects = ReadBy & {
  /** Servers that cannot start without it any more, sorted. */
  readonly waiting: readonly string[];
};

/** What there is now: in the store, and in the environment. */
export type Now = { readonly after: SecretDocument; readonly variable: (name: string) => string | undefined };

export function effectsOf(changed: readonly SecretRef[], servers: readonly ResolvedServer[], now: Now): Effects {
  const read = serversReading(servers, changed);
  const reading = servers.filter(({ name }) => read.servers.includes(name));
  const waiting = reading.filter((server) => needsOneOf(changed, server, now)).map(({ name }) => name);
  return { ...read, waiting: waiting.sort() };
}

/** Whether a server has all it needs with these secrets, and not without them. */
function needsOneOf(gone: readonly SecretRef[], server: ResolvedServer, { after, variable }: Now): boolean {
  const lacksWith = (refs: readonly SecretRef[]): boolean => {
    const has = (ref: SecretRef): boolean => isSameConsumer(ref.consumer, server.sources.consumer);
    const names = new Set(refs.filter(has).map(({ name }) => name));
    return lackingOf(server, { variable, secret: (name) => names.has(name) }) !== null;
  };
  return lacksWith(after.records) && !lacksWith([...after.records, ...gone]);
}

/** What is said of a change: who reads it, and what that means for them. One line each. */
export function effectNotes(
  { servers, restarts, waiting }: Effects,
  { name, running, removed }: { readonly name: string; readonly running: readonly string[]; readonly removed: boolean },
): readonly string[] {
  if (servers.length === 0)
    return removed ? [] : [`no server asks for ${name} yet: a server names it in env_vars, or as \${secret:${name}}`];
  const again = restarts.filter((server) => running.includes(server));
  const who = again.length < servers.length ? again.join(', ') : again.length === 1 ? 'it' : 'they';
  const restart = again.length === 0 ? '' : `; ${who} restart${again.length === 1 ? 's' : ''} in the running host`;
  const read = `${removed ? 'was read by' : 'read by'} ${servers.join(', ')}${restart}`;
  const waits = waiting.map(
    (server) => `'${server}' cannot start without it; see: plugboard doctor --server ${server}`,
  );
  return [read, ...waits];
}
