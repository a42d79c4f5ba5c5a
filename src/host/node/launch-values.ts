import { existsSync } from 'node:fs';
import type { LoadedConfig } from '../../config/node/index.ts';
import type { Executor } from '../../executors/index.ts';
import { AppError, type Issue, type Secret, variableIn } from '../../kernel/index.ts';
import { isSameConsumer, type SecretRef } from '../../secrets/index.ts';
import type { Secrets } from '../../secrets/node/index.ts';
import {
  askedBy,
  brokenFileStep,
  type EnvValues,
  type FilledLaunch,
  fillLaunch,
  issuesAt,
  type Launch,
  type ResolvedServer,
} from '../../servers/index.ts';
import type { NeedsConfig, StartBlock } from '../../upstreams/node/index.ts';
import { NO_ENV_FILE, readEnvFile } from './env-file.ts';
import { fileStamp } from './file-stamp.ts';
import { issueOf } from './kept-config.ts';
import { askProviders } from './secret-providers.ts';

/** The secret store of the home, as far as servers need it. */
export type HostSecrets = {
  /** Absolute; need not be there. */
  readonly file: string;
  /** Reads it. Called when a server needs something of it. @throws AppError as `SecretStore.open` */
  readonly open: (loaded: LoadedConfig) => Promise<Pick<Secrets, 'get' | 'refresh'>>;
};

export type ValuesHouse = {
  readonly secrets: HostSecrets;
  readonly loaded: () => LoadedConfig;
  readonly runProgram: Executor['runProgram'];
  readonly env: EnvValues;
  readonly workspace: string;
};

type ValuesFor = {
  readonly server: Pick<ResolvedServer, 'name' | 'sources' | 'origin'>;
  readonly launch: Launch;
  /** The caller's variables. */
  readonly values: EnvValues;
};

/** What the last starts of a server read, beside the environment. */
type Reading = {
  readonly consumer: ResolvedServer['sources']['consumer'];
  /** Names that were looked up in the store. */
  readonly names: Set<string>;
  readonly envFile: { readonly path: string; readonly stamp: string } | null;
  readonly issues: readonly Issue[];
  /** Whether it does not start because the store cannot be opened. */
  readonly waits: boolean;
};

type Opened = Pick<Secrets, 'get' | 'refresh'>;
type Filled = Extract<FilledLaunch, { kind: 'filled' }>;

/**
 * Gets the values that servers are started with: of the caller's environment, the secret store, files and providers. The
 * store is opened when the first server needs something that the environment does not give, and once; a start that finds
 * it closed tries again. Knows who read what, and so who is to be started again.
 */
export class LaunchValues {
  readonly #house: ValuesHouse;
  readonly #readings = new Map<string, Reading>();
  #opening: Promise<Opened> | null = null;
  #opened: Opened | null = null;
  /** Of the store when it was last read. */
  #stamp: string;
  #storeIssue: Issue | null = null;

  constructor(house: ValuesHouse) {
    this.#house = house;
    this.#stamp = fileStamp(house.secrets.file);
  }

  /** What is wrong with the store, providers and files, as the last starts found it. */
  issues(): readonly Issue[] {
    const store = this.#storeIssue === null || this.#isKnown(this.#storeIssue) ? [] : [this.#storeIssue];
    return [...store, ...[...this.#readings.values()].flatMap(({ issues }) => issues)];
  }

  /** Whether it is an issue of the configuration: without a file of that, nothing says where the key of the store is. */
  #isKnown({ code, message }: Issue): boolean {
    return this.#house.loaded().config.issues.some((issue) => issue.code === code && issue.message === message);
  }

  #brokenStep(): string | null {
    return brokenFileStep(this.#house.loaded().brokenFiles);
  }

  /** Forgets what a server read: it is about to start anew, or gone. */
  forget(server: string): void {
    this.#readings.delete(server);
  }

  /** The setting of the store changed: it is opened anew, and counts as changed. */
  close(): void {
    this.#stamp = '';
    this.#opened = null;
    this.#opening = null;
    this.#storeIssue = null;
  }

  /** What is really started, or what keeps it from that. */
  async fill({ server, launch, values }: ValuesFor): Promise<Filled | NeedsConfig | StartBlock> {
    const { name, sources, origin } = server;
    const path = launch.kind === 'stdio' ? launch.envFile : null;
    const envFile = path === null ? null : { path, stamp: fileStamp(path) };
    const file = path === null ? NO_ENV_FILE : await readEnvFile(path, name);
    const asked = new Set<string>();
    const note = (reading: Pick<Reading, 'issues' | 'waits'>): void => {
      const before = this.#readings.get(name)?.names ?? [];
      this.#readings.set(name, {
        ...reading,
        consumer: sources.consumer,
        names: new Set([...before, ...asked]),
        envFile,
      });
    };
    if (file.kind === 'bad') {
      note({ issues: [file.issue], waits: false });
      return { kind: 'invalid', issues: [file.issue] };
    }
    const open = { variable: (of: string): string | undefined => variableIn(values, of), envFile: file.values };
    const { names, references, without } = askedBy(launch, sources, open);
    for (const of of names) asked.add(of);
    // Before anything is waited for, so that a change in the meantime concerns this server.
    note({ issues: file.issues, waits: false });
    const refused = (issues: readonly Issue[], found: readonly Issue[]): StartBlock => {
      const placed = issuesAt(origin, found);
      const { consumer } = sources;
      const owned = placed.map((issue) => (consumer.kind === 'plugin' ? { ...issue, plugin: consumer.id } : issue));
      note({ issues: [...issues, ...owned], waits: false });
      return { kind: 'invalid', issues: placed };
    };
    if (without.kind === 'invalid') return refused(file.issues, without.issues);
    const [stored, provided] = await Promise.all([this.#stored(names), this.#provided(references, name)]);
    const issues = [...file.issues, ...provided.issues];
    if (stored instanceof AppError) {
      note({ issues, waits: true });
      const lacking = without.kind === 'needs_config' ? without.names : [...names];
      return { kind: 'needs_config', names: lacking, command: this.#brokenStep() ?? stepOf(stored, name) };
    }
    const filled = fillLaunch(launch, sources, {
      ...open,
      secret: (of) => secretOf(stored, { name: of, consumer: sources.consumer }),
      provided: (reference) => provided.values.get(reference),
    });
    if (filled.kind === 'invalid') return refused(issues, filled.issues);
    note({ issues: filled.kind === 'filled' ? [...issues, ...filled.issues] : issues, waits: false });
    return filled.kind === 'needs_config' ? { ...filled, command: this.#brokenStep() ?? filled.command } : filled;
  }

  /**
   * Looks whether what servers read has changed: the store, and files.
   *
   * @param loaded What counts from now on.
   * @returns Names of the servers to start again.
   */
  async changed(loaded: LoadedConfig): Promise<ReadonlySet<string>> {
    const stale = new Set<string>();
    for (const [name, { envFile }] of this.#readings)
      if (envFile !== null && fileStamp(envFile.path) !== envFile.stamp) stale.add(name);
    const stamp = fileStamp(this.#house.secrets.file);
    // A keyring that is unlocked changes no file: who waits for the store is a reason to try it again.
    const someWait = [...this.#readings.values()].some(({ waits }) => waits);
    if (stamp === this.#stamp && !someWait) return stale;
    this.#stamp = stamp;
    if (this.#opened === null && [...this.#readings.values()].every(({ names }) => names.size === 0)) return stale;
    const news = await this.#news(loaded);
    if (news === null) return stale;
    const concerns = ({ names, consumer }: Reading): boolean =>
      news.some((ref) => names.has(ref.name) && isSameConsumer(ref.consumer, consumer));
    for (const [name, reading] of this.#readings) if (reading.waits || concerns(reading)) stale.add(name);
    return stale;
  }

  /** What is new, gone or different in the store since it was last read; null when it cannot be read now. */
  async #news(loaded: LoadedConfig): Promise<readonly SecretRef[] | null> {
    const before = this.#opened;
    try {
      if (before !== null) {
        const refs = await before.refresh();
        this.#storeIssue = null;
        return refs;
      }
      const opened = await this.#open(loaded);
      return [...this.#readings.values()].flatMap(({ names, consumer }) =>
        [...names].map((name) => ({ name, consumer })).filter((ref) => secretOf(opened, ref) !== undefined),
      );
    } catch (error) {
      // What was read before counts no more: the next start tries again.
      this.#opened = null;
      this.#opening = null;
      this.#storeIssue = storeIssue(error);
      return null;
    }
  }

  /** The store, null where there is none, or why it cannot be opened. */
  async #stored(names: ReadonlySet<string>): Promise<Opened | AppError | null> {
    if (names.size === 0) return null;
    if (this.#opened === null && !existsSync(this.#house.secrets.file)) return null;
    try {
      return await this.#open(this.#house.loaded());
    } catch (error) {
      this.#storeIssue = storeIssue(error);
      return error as AppError;
    }
  }

  #open(loaded: LoadedConfig): Promise<Opened> {
    const { secrets } = this.#house;
    this.#stamp = this.#opening === null ? fileStamp(secrets.file) : this.#stamp;
    const opening = (this.#opening ??= secrets.open(loaded));
    return opening.then(
      (opened) => {
        if (this.#opening === opening) this.#opened = opened;
        this.#storeIssue = null;
        return opened;
      },
      (error: unknown) => {
        if (this.#opening === opening) this.#opening = null;
        throw error;
      },
    );
  }

  #provided(references: ReadonlySet<string>, server: string): ReturnType<typeof askProviders> {
    const { runProgram, env, workspace, loaded } = this.#house;
    const providers = loaded().config.secretProviders;
    return askProviders([...references], server, { runProgram, providers, env, cwd: workspace });
  }
}

function secretOf(stored: Opened | null, { name, consumer }: SecretRef): Secret | undefined {
  const found = stored?.get(name, consumer);
  return found?.kind === 'found' ? found.secret : undefined;
}

/** What to do about a store that does not open. Only a file that changes is noticed by itself. */
function stepOf({ code, hint }: AppError, server: string): string {
  return code === 'SECRET_KEYRING_UNAVAILABLE' || code === 'SECRET_KEYRING_LOCKED'
    ? `${hint}; then run: plugboard mcp restart ${server}`
    : hint;
}

/** @throws what is no AppError */
function storeIssue(error: unknown): Issue {
  if (!(error instanceof AppError)) throw error;
  return issueOf(error);
}
