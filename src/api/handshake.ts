import { createHash } from 'node:crypto';
import { AppError, isJsonObject, type JsonObject, type JsonValue } from '../kernel/index.ts';

/** The first line on a socket connection: who comes, and what for. */
export type Greeting = {
  readonly version: string;
  /** Proof that the other side may read this user's files. */
  readonly key: string;
  readonly want:
    | { readonly kind: 'control' }
    | {
        readonly kind: 'agent';
        readonly agent: string | null;
        readonly human: boolean;
        readonly workspace: string | null;
        readonly server: string | null;
      };
  /** What the caller was started with; it must be what the host was started with. */
  readonly config: ConfigArgs;
};

/** The options that decide which configuration a host runs. Absolute file, overrides in order. */
export type ConfigArgs = {
  readonly file: string | null;
  readonly overrides: readonly string[];
  readonly project: string | null;
};

/** The host's answer, one line. After `welcome` an agent sends its environment values, then MCP. */
export type Answer =
  | { readonly kind: 'welcome'; readonly version: string; readonly pid: number; readonly envNames: readonly string[] }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string; readonly hint: string };

export function parseGreeting(value: unknown): Greeting {
  const text = (source: JsonObject, key: string): string => {
    const found = source[key];
    if (typeof found !== 'string') throw bad(key);
    return found;
  };
  const optional = (source: JsonObject, key: string): string | null =>
    source[key] === null ? null : text(source, key);
  if (!isJsonObject(value)) throw bad('greeting');
  const want = value['want'];
  const config = value['config'];
  if (!isJsonObject(want) || !isJsonObject(config)) throw bad('want');
  const overrides = config['overrides'];
  if (!isStrings(overrides)) throw bad('overrides');
  return {
    version: text(value, 'version'),
    key: text(value, 'key'),
    want:
      want['kind'] === 'control'
        ? { kind: 'control' }
        : {
            kind: 'agent',
            agent: optional(want, 'agent'),
            human: want['human'] === true,
            workspace: optional(want, 'workspace'),
            server: optional(want, 'server'),
          },
    config: { file: optional(config, 'file'), overrides, project: optional(config, 'project') },
  };
}

export function parseAnswer(value: unknown): Answer {
  if (isJsonObject(value) && value['kind'] === 'welcome' && isStrings(value['envNames'])) {
    return {
      kind: 'welcome',
      version: String(value['version']),
      pid: Number(value['pid']),
      envNames: value['envNames'],
    };
  }
  if (isJsonObject(value) && value['kind'] === 'refused') {
    return {
      kind: 'refused',
      code: String(value['code']),
      message: String(value['message']),
      hint: String(value['hint']),
    };
  }
  throw bad('answer');
}

/**
 * Whether a caller started with these options may use a host started with those. Options the caller left out are the
 * host's business.
 */
export function sameConfig(asked: ConfigArgs, running: ConfigArgs): boolean {
  const fileFits = asked.file === null || asked.file === running.file;
  const overridesFit = asked.overrides.length === 0 || asked.overrides.join('\0') === running.overrides.join('\0');
  return fileFits && overridesFit && (asked.project === null || asked.project === running.project);
}

/** The same for the same overrides in the same order; nothing can be read from it. */
export function overridesKey(overrides: readonly string[]): string {
  return createHash('sha256').update(overrides.join('\0')).digest('hex');
}

function isStrings(value: JsonValue | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((part) => typeof part === 'string');
}

function bad(key: string): AppError {
  return new AppError('MESSAGE_INVALID', `the greeting on the host's socket is not valid: ${key}`);
}
