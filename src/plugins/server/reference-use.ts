import type { Finding, KeyPath, Piece } from '../../config/index.ts';
import type { Setting } from '../../settings/index.ts';

/** What one reference of a plugin's server means where it stands. */
export type ReferenceUse = {
  /** The declared setting it refers to. */
  readonly setting: string | null;
  /** The setting it refers to, where that is not declared. */
  readonly undeclared: string | null;
  readonly variable: string | null;
  /** Whether a credential is sent or handed over by it. */
  readonly credential: boolean;
  /** Whether the problem is one of a value that is not there, and not of the reference. */
  readonly waits: boolean;
  readonly problem: (Partial<Finding> & Pick<Finding, 'message'>) | null;
};

/** Where a value is a credential when it comes from elsewhere. */
const CREDENTIAL_KEYS = ['env', 'http_headers', 'url', 'oauth'];
const NOTHING: ReferenceUse = {
  ...{ setting: null, undeclared: null, variable: null },
  ...{ credential: false, waits: false, problem: null },
};

/**
 * A plugin's own files may refer to its folders, its settings and variables, each only where that is safe.
 *
 * @param path The key, as config.toml spells it.
 * @returns null for what is no reference to a value.
 */
export function useOf(piece: Piece, path: KeyPath, settings: ReadonlyMap<string, Setting>): ReferenceUse | null {
  const [key = ''] = path;
  switch (piece.kind) {
    case 'text':
    case 'folder':
      return null;
    case 'setting':
      return settingUse(piece.key, key, settings.get(piece.key));
    case 'env': {
      const problem = key === 'http_headers_helper' ? IN_SHELL : key === 'url' ? IN_URL : null;
      const credential = CREDENTIAL_KEYS.includes(key) && piece.name !== 'HOME';
      return { ...NOTHING, variable: piece.name, credential, problem };
    }
    case 'secret':
    case 'provided':
      return { ...NOTHING, credential: CREDENTIAL_KEYS.includes(key), problem: NOT_FOR_PLUGINS };
    case 'broken':
      return { ...NOTHING, problem: UNREADABLE };
    default:
      return piece satisfies never;
  }
}

function settingUse(name: string, key: string, setting: Setting | undefined): ReferenceUse {
  if (key === 'http_headers_helper') {
    return { ...NOTHING, ...(setting === undefined ? { undeclared: name } : { setting: name }), problem: IN_SHELL };
  }
  if (setting === undefined) return { ...NOTHING, undeclared: name, waits: true, problem: undeclared(name) };
  return {
    ...NOTHING,
    setting: name,
    credential: setting.sensitive,
    problem: setting.sensitive ? exposure(key) : null,
  };
}

/** What is wrong with a secret under a key. */
function exposure(key: string): ReferenceUse['problem'] {
  if (key === 'command' || key === 'cwd') return IN_PATH;
  return key === 'args' || key === 'url' ? IN_SIGHT : null;
}

const IN_URL = {
  message: 'refers to a variable, which a plugin may not put into an address',
  hint: 'send it in a header, by `bearer_token_env_var` or `env_http_headers`',
};
const IN_SHELL = {
  message: 'refers to a value, and a shell would run whatever stands in it',
  hint: 'let the program read it from its environment',
};
const IN_PATH = {
  code: 'SECRET_IN_ARGS',
  message: 'refers to a secret setting, which may not be part of a path: other programs can see it there',
  hint: 'hand it over in `env`',
} as const;
const IN_SIGHT = {
  code: 'SECRET_IN_ARGS',
  severity: 'warning',
  message:
    'refers to a secret setting where other programs can see it; the server runs only for users who set `allow_secret_in_args`',
  hint: 'hand it over in `env`, or send it in a header',
} as const;
const NOT_FOR_PLUGINS = {
  message: 'refers to a secret of the user by name, which only servers in config.toml may do',
  hint: 'declare a setting in `user_config` with `sensitive`, and refer to that',
};
const UNREADABLE = {
  message: 'holds a reference that cannot be read, such as one within another',
  hint: 'write `${env:NAME}`, `${env:NAME:-default}` or `${user_config.key}`',
};

function undeclared(key: string): NonNullable<ReferenceUse['problem']> {
  const shown = /^[\w.-]{1,64}$/.test(key) ? ` \`${key}\`` : '';
  return {
    message: `refers to a setting${shown} that \`user_config\` does not declare; the server is not started`,
    hint: 'declare it in `user_config`, or correct the reference',
  };
}
