import type { ErrorCode, JsonValue } from '../kernel/index.ts';

/** What a single value must be. `text` never holds a NUL, since it may end up in a process. */
export type ScalarType =
  | { readonly kind: 'text'; readonly nonEmpty?: true }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  /** A finite number of seconds, zero or more. */
  | { readonly kind: 'seconds' }
  | { readonly kind: 'one_of'; readonly values: readonly string[] }
  /** The name of an environment variable. */
  | { readonly kind: 'env_name' }
  /** An http or https URL without user name and password. */
  | { readonly kind: 'url' }
  /** A `file://` URI. */
  | { readonly kind: 'file_uri' };

/** What a value must be. */
export type KeyType =
  | ScalarType
  /** The name alone, or a table with these keys, of which the first is needed. */
  | { readonly kind: 'name_or_table'; readonly name: ScalarType; readonly keys: readonly KeyRow[] }
  | { readonly kind: 'list'; readonly of: KeyType }
  /** A table with these keys. `open`: others may stand there too, and concern somebody else. */
  | { readonly kind: 'table'; readonly keys: readonly KeyRow[]; readonly open?: true }
  /** A table whose keys are names; `placeholder` says of what. */
  | {
      readonly kind: 'map';
      readonly placeholder: string;
      readonly names?: 'variable' | 'header' | 'folder';
      readonly of: KeyType;
    }
  | { readonly kind: 'any' };

/** One key of `config.toml`: the parser, the did-you-mean and `docs/config.md` read the same row. */
export type KeyRow = {
  readonly key: string;
  readonly type: KeyType;
  /** Whose key it is; left out where the key has nothing to do with a transport. */
  readonly transport?: 'stdio' | 'http';
  /** What holds when the key is absent; null when nothing does. */
  readonly default: JsonValue;
  /** For people, where the default is not a value but a rule. */
  readonly defaultText?: string;
  /** One sentence. */
  readonly doc: string;
  /** A line of TOML. */
  readonly example: string;
  /** Left out for keys that are acted on: what the key would do, completing "it would …". */
  readonly notYet?: string;
  /** With `notYet`: values that ask for what happens anyway, and so need no warning. */
  readonly quiet?: readonly JsonValue[];
  /** How layers combine, where the higher one does not simply replace the lower. */
  readonly merge?: 'intersect' | 'unite';
  /** Values are shown only when asked for. For tables and maps: the values in them. */
  readonly sensitive?: true;
  /** The key may not be used at all; completes "KEY …". */
  readonly refused?: { readonly code: ErrorCode; readonly message: string; readonly hint: string };
  /** An edit counts only for endpoints that are opened later. */
  readonly atStart?: true;
  /** The key restricts what a server may do, so a misspelling of it makes the server invalid. */
  readonly safety?: true;
};

/** The most that a timer can wait, 24 days. Longer times count as this. */
export const MAX_TIMER_MS = 2_147_483_647;
