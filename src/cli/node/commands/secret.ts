import { resolve } from 'node:path';
import { AppError, nearest, variableIn } from '../../../kernel/index.ts';
import {
  type Consumer,
  consumerText,
  type KeyHolder,
  listSecrets,
  parseConsumer,
  parseSecretName,
  type SecretRef,
} from '../../../secrets/index.ts';
import type { SecretStore } from '../../../secrets/node/index.ts';
import { secretReaders } from '../../../servers/index.ts';
import type { Input } from '../../command.ts';
import { renderNotes, renderSecrets, type SecretJson, secretJson } from '../../render-secrets.ts';
import { effectNotes, effectsOf, type Readers, type Target, targetOf } from '../../secret-consumers.ts';
import { checkSettingName } from '../../settings/setting-name.ts';
import type { CliCommand, CliContext } from '../context.ts';
import { type KnownServers, loadServers } from '../known-servers.ts';
import { readPassphrase } from '../passphrase.ts';
import { readSecret, VALUE_OPTIONS } from '../read-secret.ts';
import { statusOfOurs } from '../running.ts';
import { type OpenedStore, withSecretStore } from '../secret-store.ts';
import { secretExport, secretImport } from './secret-transfer.ts';

const NAME = { name: 'NAME', help: 'name of the secret, such as GITHUB_TOKEN', required: true } as const;

type SecretSet = {
  readonly schemaVersion: 1;
  readonly name: string;
  readonly for: readonly string[];
  /** Those of them that had a value before. */
  readonly replaced: readonly string[];
  /** Servers that read it. */
  readonly servers: readonly string[];
  readonly notes: readonly string[];
};

const secretSet: CliCommand<SecretSet> = {
  name: 'secret set',
  summary: 'Store a secret, encrypted, for the plugins and servers that may read it',
  examples: [
    'plugboard secret set GITHUB_TOKEN --for github',
    'pass show ci/token | plugboard secret set API_TOKEN --for poka@acme --stdin',
  ],
  args: [NAME],
  options: [
    {
      name: 'for',
      value: 'CONSUMER',
      many: true,
      help: 'who may read it: PLUGIN@MARKETPLACE, or the name of a server',
    },
    ...VALUE_OPTIONS,
  ],
  run: async (context, input) => {
    const name = parseSecretName(input.args['NAME'] ?? '');
    const consumers = consumersOf(input);
    if (consumers.length === 0)
      throw new AppError('USAGE', '--for is missing: a secret is given to nobody but those it names', {
        hint: `for example: plugboard secret set ${name} --for SERVER`,
      });
    return withSecretStore(context, async (opened) => {
      const known = await loadServers(context, { namesOnly: true });
      const targets = uniqueTargets(consumers, known);
      const settingNotes = targets.flatMap(({ consumer }) => checkSettingName(name, consumer, known.plugins.plugins));
      const refs = targets.map(({ consumer }) => ({ name, consumer }));
      const texts = targets.map(({ consumer }) => consumerText(consumer));
      const question = `Value of ${name} for ${texts.join(', ')}`;
      const { value, source } = await readSecret(context, input, { label: name, question });
      const { replaced } = await opened.store.set({ name, consumers: refs.map((ref) => ref.consumer), value, source });
      for (const { note } of targets) if (note !== null) opened.note(note);
      settingNotes.forEach(opened.note);
      const servers = await tellEffects(context, opened, { known, refs, removed: false });
      return {
        schemaVersion: 1,
        name,
        for: texts,
        replaced: replaced.map(({ consumer }) => consumerText(consumer)),
        servers,
        notes: opened.notes,
      };
    });
  },
  render: ({ name, for: consumers, replaced, notes }) => {
    const verb = replaced.length === consumers.length ? 'Replaced' : 'Set';
    return [`${verb} ${name} for ${consumers.join(', ')}.`, ...renderNotes(notes)].join('\n');
  },
  exitCode: () => 0,
};

type SecretList = {
  readonly schemaVersion: 1;
  /** Who keeps the key; null as long as nothing was ever stored. */
  readonly key: KeyHolder | null;
  readonly secrets: readonly SecretJson[];
  readonly notes: readonly string[];
};

const secretList: CliCommand<SecretList> = {
  name: 'secret list',
  summary: 'List the secrets, never their values',
  args: [],
  options: [],
  run: async (context) =>
    withSecretStore(context, async ({ store, notes }) => {
      const [secrets, { servers }] = await Promise.all([store.open(), loadServers(context, { namesOnly: true })]);
      const listed = listSecrets(secrets.document(), secretReaders(servers));
      return { schemaVersion: 1, key: secrets.holder(), secrets: listed.map(secretJson), notes };
    }),
  render: (report, { out }) =>
    [renderSecrets(report, out.isTty ? out.columns : undefined), ...renderNotes(report.notes)].join('\n'),
  exitCode: () => 0,
};

type SecretUnset = {
  readonly schemaVersion: 1;
  readonly name: string;
  readonly for: readonly string[];
  /** Servers that read it. */
  readonly servers: readonly string[];
  readonly notes: readonly string[];
};

const secretUnset: CliCommand<SecretUnset> = {
  name: 'secret unset',
  summary: 'Take a secret away, from one consumer or from all',
  args: [NAME],
  options: [{ name: 'for', value: 'CONSUMER', help: 'only for this plugin or server' }],
  run: async (context, input) => {
    const name = parseSecretName(input.args['NAME'] ?? '');
    const given = input.values['for'];
    const consumer = given === undefined ? null : parseConsumer(given);
    return withSecretStore(context, async (opened) => {
      const { store, notes } = opened;
      const known = await loadServers(context, { namesOnly: true });
      const refs = await unsetFor(store, name, { consumer, known });
      if (refs.length === 0) throw notStored((await store.open()).document().records, name, consumer);
      const servers = await tellEffects(context, opened, { known, refs, removed: true });
      return { schemaVersion: 1, name, for: refs.map((ref) => consumerText(ref.consumer)), servers, notes };
    });
  },
  render: ({ name, for: consumers, notes }) =>
    [`Removed ${name} for ${consumers.join(', ')}.`, ...renderNotes(notes)].join('\n'),
  exitCode: () => 0,
};

type SecretRotated = {
  readonly schemaVersion: 1;
  readonly key: KeyHolder;
  readonly count: number;
  readonly notes: readonly string[];
};

const secretRotate: CliCommand<SecretRotated> = {
  name: 'secret rotate',
  summary: 'Encrypt all secrets to a new key, and do away with the old one',
  args: [],
  options: [
    { name: 'new-passphrase-file', value: 'FILE', help: 'put the new key under the passphrase in this file' },
    { name: 'drop-passphrase', help: 'keep the new key in a file without a passphrase' },
  ],
  run: async (context, input) => {
    const file = input.values['new-passphrase-file'];
    const dropPassphrase = input.flags.has('drop-passphrase');
    if (file !== undefined && dropPassphrase)
      throw new AppError('USAGE', 'give one of --new-passphrase-file and --drop-passphrase');
    const newPassphrase = file === undefined ? null : await readPassphrase(resolve(context.cwd, file));
    return withSecretStore(context, async ({ store, notes }) => {
      const { holder, count } = await store.rotate({ newPassphrase, dropPassphrase });
      return { schemaVersion: 1, key: holder, count, notes };
    });
  },
  render: ({ count, notes }) =>
    [
      `${count === 1 ? '1 secret is' : `${count} secrets are`} encrypted to a new key.`,
      'Copies of secrets.age from before cannot be opened any more.',
      ...renderNotes(notes),
    ].join('\n'),
  exitCode: () => 0,
};

export const secretCommands = [
  secretSet,
  secretList,
  secretUnset,
  secretExport,
  secretImport,
  secretRotate,
] as readonly CliCommand[];

/** Each consumer once. */
function consumersOf(input: Input): readonly Consumer[] {
  return [...new Set(input.lists['for'] ?? [])].map(parseConsumer);
}

/** Whom the consumers mean, each once. */
function uniqueTargets(consumers: readonly Consumer[], known: KnownServers): readonly Target[] {
  const targets = consumers.map((consumer) => targetOf(consumer, readersOf(known)));
  return [...new Map(targets.map((target) => [consumerText(target.consumer), target])).values()];
}

function readersOf({ servers, plugins }: KnownServers): Readers {
  return { servers, plugins: plugins.plugins.map(({ pluginId }) => pluginId) };
}

/** What was stored for a name before it became the name of a plugin's server can be taken away by that name. */
async function unsetFor(
  store: SecretStore,
  name: string,
  { consumer, known }: { readonly consumer: Consumer | null; readonly known: KnownServers },
): Promise<readonly SecretRef[]> {
  const removed = await store.unset(name, consumer);
  if (consumer === null || removed.length > 0) return removed;
  const meant = targetOf(consumer, readersOf(known)).consumer;
  return consumerText(meant) === consumerText(consumer) ? removed : store.unset(name, meant);
}

/** Notes what a change means for servers. @returns The names of those that read one of the secrets. */
async function tellEffects(
  context: CliContext,
  { store, note }: OpenedStore,
  change: { readonly known: KnownServers; readonly refs: readonly SecretRef[]; readonly removed: boolean },
): Promise<readonly string[]> {
  const { known, refs, removed } = change;
  const after = (await store.open()).document();
  const variable = (of: string): string | undefined => variableIn(context.env, of);
  const effects = effectsOf(refs, known.servers, { after, variable });
  // A host that does not answer now finds the change by itself, and nothing of this command depends on it.
  const host = await statusOfOurs(context).catch(() => null);
  const running = host?.servers.map(({ name }) => name) ?? [];
  for (const line of effectNotes(effects, { name: refs[0]?.name ?? '', running, removed })) note(line);
  return effects.servers;
}

function notStored(stored: readonly SecretRef[], name: string, consumer: Consumer | null): AppError {
  const others = stored.filter((ref) => ref.name === name).map((ref) => consumerText(ref.consumer));
  const near = nearest(
    name,
    stored.map((ref) => ref.name),
  );
  const hint =
    others.length > 0
      ? `it is stored for ${others.join(', ')}`
      : near === null
        ? 'see: plugboard secret list'
        : `did you mean '${near}'? See: plugboard secret list`;
  const whose = consumer === null ? '' : ` for ${consumerText(consumer)}`;
  return new AppError('SECRET_NOT_FOUND', `no secret ${name} is stored${whose}`, { hint });
}
