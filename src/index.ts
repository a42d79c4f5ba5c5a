/**
 * Plugboard as a library: a host inside your own program, with everything its configuration says, and the words to
 * understand what it tells you. Everything not listed here is internal.
 */
import { resolve } from 'node:path';
import { type CliContext, createContext, type HostProcess, startStandalone } from './cli/node/index.ts';

export type HostOptions = {
  /** Folder of configuration, tokens and logs. Default: `PLUGBOARD_HOME`, else `~/.plugboard`. */
  readonly home?: string;
  /** Takes the place of the home's config.toml. */
  readonly configFile?: string;
  /** Each as `key=value`, as after `-c`. */
  readonly overrides?: readonly string[];
  /** The folder whose own configuration is read when it is trusted. Default: the working folder. */
  readonly project?: string;
  /** File with the passphrase of the key to the secrets. Default: the variable `PLUGBOARD_SECRETS_PASSPHRASE`. */
  readonly passphraseFile?: string;
};

/**
 * Starts a host in this process, beside any other host of the same home, and every server of its configuration.
 * End it with `close()`: until then its servers run.
 *
 * @throws AppError what loading the configuration, the database or the folders refuse with
 */
export async function createHost(options: HostOptions = {}): Promise<HostProcess> {
  return startStandalone(contextOf(options));
}

function contextOf({ home, configFile, overrides = [], project, passphraseFile }: HostOptions): CliContext {
  const given = { configFile: configFile ?? null, project: project ?? null, passphraseFile: passphraseFile ?? null };
  const globals = { ...given, overrides, json: true };
  return createContext(globals, home === undefined ? {} : { home: resolve(home) });
}

export type { HostStatus } from './api/index.ts';
export type { HostProcess } from './cli/node/index.ts';
export { serveStream } from './gateway/node/index.ts';
export type { Host, HostSession, SessionOptions, SessionRequest } from './host/index.ts';
export {
  AppError,
  type Caller,
  describeState,
  ERROR_CODES,
  type ErrorCode,
  type Issue,
  nextStep,
  Secret,
  type ServerState,
  stateLabel,
} from './kernel/index.ts';
export type { ServerReport } from './status/index.ts';
