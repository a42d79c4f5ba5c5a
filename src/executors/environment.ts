import type { Secret } from '../kernel/index.ts';

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
 * The whole environment of a program: cleared, then the few variables every program gets, then its own, which win.
 *
 * @param own With their values, for this program.
 * @param values The environment of the caller.
 */
export function planEnvironment(facts: {
  readonly own: Readonly<Record<string, string | Secret>>;
  readonly values: ReadonlyMap<string, string>;
  readonly platform: NodeJS.Platform;
}): Readonly<Record<string, string | Secret>> {
  const { own, values, platform } = facts;
  const spelled = lookup(values, platform);
  const env = new Map<string, string | Secret>();
  const everyone = platform === 'win32' ? WINDOWS : UNIX;
  for (const name of [...everyone, ...PROXY, ...PROXY.map((upper) => upper.toLowerCase()), ...AUTHORITIES]) {
    const there = spelled(name);
    const value = there === null ? undefined : values.get(there);
    if (there !== null && value !== undefined) env.set(there, value);
  }
  for (const [name, value] of Object.entries(own)) {
    for (const other of platform === 'win32' ? sameName(env, name) : []) env.delete(other);
    env.set(name, value);
  }
  return Object.fromEntries(env);
}

/** Spellings of a name that Windows takes for the same. */
function sameName(env: ReadonlyMap<string, unknown>, name: string): readonly string[] {
  return [...env.keys()].filter((other) => other.toUpperCase() === name.toUpperCase());
}
