import { existsSync } from 'node:fs';
import { AppError, isJsonObject, printableLine } from '../../kernel/index.ts';
import { keyFrom, type StoreKey } from './age-file.ts';
import { ANSWER_MARK, answerKeyring, CHILD_URL, type KeyringAnswer, type KeyringRequest } from './keyring-child.ts';

/** Runs a program to its end, as `Executor.runProgram`. */
export type RunProgram = (
  program: readonly [string, ...string[]],
  options: {
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
    readonly timeoutMs: number;
    readonly maxBytes: number;
  },
) => Promise<{ readonly kind: string; readonly stdout?: string }>;

/** The keyring of the system, as far as the store needs it: it keeps keys by their id. */
export type Keyring = {
  /** Makes a key and keeps it. @throws AppError `SECRET_KEYRING_UNAVAILABLE` | `SECRET_KEYRING_LOCKED` */
  readonly create: () => Promise<StoreKey>;
  /** @returns null when the keyring answers and has no such key. @throws as `create` */
  readonly get: (id: string) => Promise<StoreKey | null>;
  /** Takes a key away; one that is not there is no error. @throws as `create` */
  readonly delete: (id: string) => Promise<void>;
};

export type KeyringOptions = {
  readonly runProgram: RunProgram;
  /** The environment of this process; the few variables by which a keyring is found are handed on. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How long the keyring may take: where nobody can be asked it does not wait for one to be unlocked. Milliseconds. */
  readonly waitMs: number;
  /** Called once the keyring has not answered for a while, and is waited for further: it shows a dialog, most likely. */
  readonly onWait: () => void;
};

/** What finding a keyring takes on any system: the session's bus, the screen for its dialog, folders. */
const HANDED_ON = (
  'DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR DISPLAY WAYLAND_DISPLAY XAUTHORITY HOME USER LOGNAME LANG PATH ' +
  'SYSTEMROOT SYSTEMDRIVE USERPROFILE APPDATA LOCALAPPDATA TEMP TMP'
).split(' ');

/** An answer takes milliseconds; what takes longer waits for a person. */
const QUIET_MS = 1_000;

/** What a process may take to start and to end on a busy machine, beside the waiting. Milliseconds. */
const PROCESS_MS = 15_000;

/**
 * Talks to the keyring in a process of its own for each question: a call to a locked keyring waits for its dialog, a year
 * if need be, and nothing in this process can take it back.
 */
export function createKeyring(options: KeyringOptions): Keyring {
  const { waitMs } = options;
  const ask = async (request: KeyringRequest): Promise<KeyringAnswer> => {
    const waiting = setTimeout(options.onWait, QUIET_MS);
    try {
      return await askProcess(options, request);
    } finally {
      clearTimeout(waiting);
    }
  };
  const askForKey = async (request: KeyringRequest): Promise<StoreKey | null> => {
    const answer = await ask(request);
    if (answer.kind === 'absent') return null;
    if (answer.kind !== 'key') throw failure(answer, request);
    try {
      return keyFrom(answer.identity);
    } catch {
      throw noKey();
    }
  };
  return {
    create: async () => {
      const key = await askForKey({ op: 'create', waitMs });
      if (key === null) throw noKey();
      return key;
    },
    get: async (id) => {
      const key = await askForKey({ op: 'get', id, waitMs });
      return key?.id === id ? key : null;
    },
    delete: async (id) => {
      const request = { op: 'delete', id, waitMs } as const;
      const answer = await ask(request);
      if (answer.kind !== 'deleted') throw failure(answer, request);
    },
  };
}

async function askProcess({ runProgram, env }: KeyringOptions, request: KeyringRequest): Promise<KeyringAnswer> {
  const script = `import { ${answerKeyring.name} as answer } from ${JSON.stringify(CHILD_URL)}; await answer(${JSON.stringify(request)});`;
  const ran = await runProgram([process.execPath, '--input-type=module', '-e', script], {
    cwd: '/',
    env: environmentFor(env),
    timeoutMs: request.waitMs + PROCESS_MS,
    maxBytes: 64 * 1024,
  });
  return parseAnswer(ran.stdout ?? '');
}

/** Without the two names by which the bus is found, as for a service, the usual place is tried. */
function environmentFor(env: KeyringOptions['env']): Readonly<Record<string, string>> {
  const given = Object.fromEntries(
    HANDED_ON.flatMap((name) => {
      const value = env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const usual = `/run/user/${process.getuid?.()}`;
  const isLost = given['DBUS_SESSION_BUS_ADDRESS'] === undefined && given['XDG_RUNTIME_DIR'] === undefined;
  return process.platform === 'linux' && isLost && existsSync(`${usual}/bus`)
    ? { ...given, XDG_RUNTIME_DIR: usual }
    : given;
}

function parseAnswer(stdout: string): KeyringAnswer {
  const line = stdout.split('\n').findLast((one) => one.startsWith(ANSWER_MARK));
  if (line === undefined) return { kind: 'unreachable', detail: 'the process that asks it gave no answer' };
  const answer: unknown = JSON.parse(line.slice(ANSWER_MARK.length));
  if (!isJsonObject(answer)) throw new Error('an answer that is none');
  return answer as KeyringAnswer;
}

function noKey(): AppError {
  return new AppError('SECRET_KEYRING_LOCKED', 'what the keyring keeps under the name of the key is no key', {
    hint: 'look for entries of the service "plugboard" in the keyring',
  });
}

/** What to do, besides unlocking a keyring, or going where there is one. */
const INSTEAD = {
  create: ', or set `secrets_store = "file"`, which keeps the key in a file',
  get: ': the key of the secrets is there and nowhere else',
  delete: '',
} as const;

function failure(answer: KeyringAnswer, { op, waitMs }: KeyringRequest): AppError {
  switch (answer.kind) {
    case 'unreachable':
      return new AppError('SECRET_KEYRING_UNAVAILABLE', `no keyring can be reached: ${printableLine(answer.detail)}`, {
        hint: `run this in a session that has one${INSTEAD[op]}`,
      });
    case 'refused':
      return new AppError('SECRET_KEYRING_LOCKED', `the keyring does not open: ${printableLine(answer.detail)}`, {
        hint: `unlock it${INSTEAD[op]}`,
      });
    case 'silent':
      return new AppError('SECRET_KEYRING_LOCKED', `the keyring gave no answer within ${waitMs / 1000} s`, {
        hint: `unlock it${INSTEAD[op]}`,
      });
    case 'absent':
    case 'deleted':
    case 'key':
      return new AppError('SECRET_KEYRING_UNAVAILABLE', 'the keyring gave an answer to another question');
    default:
      return answer satisfies never;
  }
}
