import type { StdioLaunch } from '../servers/index.ts';

export type EnvironmentPlan = {
  /** The whole environment of the process. */
  readonly env: Readonly<Record<string, string>>;
  /** Names in `env_vars` that the caller has not set. */
  readonly unset: readonly string[];
  /** Those of them that are `required`. */
  readonly missingRequired: readonly string[];
};

/** What a program needs to run at all, as Codex passes it. */
const UNIX = [
  'HOME',
  'LOGNAME',
  'PATH',
  'SHELL',
  'USER',
  '__CF_USER_TEXT_ENCODING',
  'LANG',
  'LC_ALL',
  'TERM',
  'TMPDIR',
  'TZ',
];
const WINDOWS = [
  'PATH',
  'PATHEXT',
  'COMSPEC',
  'SYSTEMROOT',
  'SYSTEMDRIVE',
  'USERNAME',
  'USERDOMAIN',
  'USERPROFILE',
  'HOMEDRIVE',
  'HOMEPATH',
  'PROGRAMFILES',
  'PROGRAMFILES(X86)',
  'PROGRAMW6432',
  'PROGRAMDATA',
  'LOCALAPPDATA',
  'APPDATA',
  'TEMP',
  'TMP',
  'POWERSHELL',
  'PWSH',
];
/** What a program needs to reach the network from behind a proxy or a private authority. Codex passes no proxy variables. */
const PROXY = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY'];
const AUTHORITIES = [
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'PIP_CERT',
  'REQUESTS_CA_BUNDLE',
];

/** Looks a name up as the platform does: Windows ignores case and keeps the spelling that is there. */
function lookup(values: ReadonlyMap<string, string>, platform: NodeJS.Platform) {
  if (platform !== 'win32') return (name: string) => (values.has(name) ? name : null);
  const spelling = new Map([...values.keys()].map((name) => [name.toUpperCase(), name]));
  return (name: string) => spelling.get(name.toUpperCase()) ?? null;
}

/**
 * The environment of one server: cleared, then the few variables every program gets, then `env_vars`, then `env`;
 * the last one wins.
 *
 * @param values The environment of the caller.
 */
export function planEnvironment(facts: {
  readonly launch: Pick<StdioLaunch, 'env' | 'envVars'>;
  readonly values: ReadonlyMap<string, string>;
  readonly platform: NodeJS.Platform;
}): EnvironmentPlan {
  const { launch, values, platform } = facts;
  const spelled = lookup(values, platform);
  const env = new Map<string, string>();
  const set = (name: string, value: string): void => {
    if (platform === 'win32') {
      for (const other of env.keys()) if (other.toUpperCase() === name.toUpperCase()) env.delete(other);
    }
    env.set(name, value);
  };
  const copy = (name: string): boolean => {
    const there = spelled(name);
    const value = there === null ? undefined : values.get(there);
    if (there === null || value === undefined) return false;
    set(there, value);
    return true;
  };

  const everyone = platform === 'win32' ? WINDOWS : UNIX;
  for (const name of [...everyone, ...PROXY, ...PROXY.map((upper) => upper.toLowerCase()), ...AUTHORITIES]) copy(name);
  const missing = launch.envVars.filter((ref) => ref.source === 'local' && !copy(ref.name));
  for (const [name, value] of Object.entries(launch.env)) set(name, value);

  const unset = missing.filter((ref) => !Object.hasOwn(launch.env, ref.name));
  return {
    env: Object.fromEntries(env),
    unset: unset.map((ref) => ref.name),
    missingRequired: unset.filter((ref) => ref.required).map((ref) => ref.name),
  };
}
