import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ConfigArgs } from '../../api/index.ts';
import { type RunPaths, runPaths } from '../../api/node/index.ts';
import type { LoadOptions } from '../../config/node/index.ts';
import { AppError } from '../../kernel/index.ts';
import { environment, homeFolder, packageVersion } from '../../kernel/node/index.ts';
import type { Command } from '../command.ts';
import type { Passphrase } from './passphrase.ts';

/** The options every command takes. */
export type Globals = {
  readonly configFile: string | null;
  readonly overrides: readonly string[];
  readonly project: string | null;
  readonly json: boolean;
  /** File with the passphrase of the key to the secrets; it counts more than the variable. */
  readonly passphraseFile: string | null;
};

/** What a command may use of the world. */
export type CliContext = {
  readonly version: string;
  readonly home: string;
  readonly paths: RunPaths;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly globals: Globals;
  /** The configuration options as a host compares them. */
  readonly configArgs: ConfigArgs;
  /** The passphrase of the key to the secrets; null where none was given. */
  readonly passphrase: () => Promise<Passphrase | null>;
  /** For `loadConfig`. */
  readonly loadOptions: LoadOptions;
  readonly out: Terminal;
  readonly err: Terminal;
  /** True when a person can be asked: standard input and error are a terminal. Standard output may lead elsewhere. */
  readonly interactive: boolean;
};

export type Terminal = {
  readonly isTty: boolean;
  readonly colour: boolean;
  readonly columns: number;
  /** Writes text as it is. */
  readonly write: (text: string) => void;
};

/** A command of this program. Reports are plain data. */
export type CliCommand<Report = unknown> = Command<CliContext, Report>;

/** @param fixed What an embedder decides itself. */
export function createContext(globals: Globals, fixed: { readonly home?: string } = {}): CliContext {
  const env = environment();
  const home = fixed.home ?? homeFolder(env);
  const cwd = workingFolder();
  const project = resolve(cwd, globals.project ?? '.');
  if (globals.project !== null && !isFolder(project))
    throw new AppError('USAGE', 'there is no such project folder', { where: project, hint: 'check --project' });
  const file = globals.configFile === null ? null : resolve(cwd, globals.configFile);
  let passphrase: Promise<Passphrase | null> | null = null;
  const readPassphrase = async (): Promise<Passphrase | null> => {
    const { passphraseOf } = await import('./passphrase.ts');
    return passphraseOf(env, { file: globals.passphraseFile, cwd });
  };
  return {
    version: packageVersion(),
    home,
    paths: runPaths(home),
    cwd,
    env,
    globals,
    configArgs: { file, overrides: globals.overrides, project: globals.project === null ? null : project },
    passphrase: () => (passphrase ??= readPassphrase()),
    loadOptions: {
      home,
      overrides: globals.overrides,
      projectDir: project,
      env,
      ...(file === null ? {} : { configFile: file }),
    },
    out: terminal(process.stdout),
    err: terminal(process.stderr),
    interactive: process.stdin.isTTY && process.stderr.isTTY,
  };
}

/** @throws AppError `USAGE` when it was removed meanwhile */
function workingFolder(): string {
  try {
    return process.cwd();
  } catch (cause) {
    throw new AppError('USAGE', 'the working folder does not exist any more', {
      hint: 'change to another folder',
      cause,
    });
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function terminal(stream: NodeJS.WriteStream): Terminal {
  const isTty = stream.isTTY;
  return {
    isTty,
    colour: isTty && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb',
    columns: stream.columns ?? 80,
    write: (text) => void stream.write(text),
  };
}
