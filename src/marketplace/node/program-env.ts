/** What a program needs to run and to find the settings, keys and helpers of its user. */
const BASE = [
  'HOME',
  'LOGNAME',
  'PATH',
  'SHELL',
  'TEMP',
  'TMP',
  'TMPDIR',
  'TZ',
  'USER',
  'DBUS_SESSION_BUS_ADDRESS',
  'GNUPGHOME',
  'GPG_TTY',
  'SSH_AGENT_PID',
  'SSH_AUTH_SOCK',
  'XDG_CACHE_HOME',
  'XDG_CONFIG_HOME',
  'XDG_DATA_HOME',
  'XDG_RUNTIME_DIR',
  // Windows
  'APPDATA',
  'COMSPEC',
  'HOMEDRIVE',
  'HOMEPATH',
  'LOCALAPPDATA',
  'PATHEXT',
  'PROGRAMDATA',
  'PROGRAMFILES',
  'PROGRAMFILES(X86)',
  'PROGRAMW6432',
  'SYSTEMDRIVE',
  'SYSTEMROOT',
  'USERDOMAIN',
  'USERNAME',
  'USERPROFILE',
];

const NETWORK = [
  'ALL_PROXY',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'CURL_CA_BUNDLE',
  'NODE_EXTRA_CA_CERTS',
  'NODE_USE_SYSTEM_CA',
  'SSL_CERT_DIR',
  'SSL_CERT_FILE',
];

/**
 * How the user's git signs in and reaches its hosts. Nothing of what points git to another repository: Plugboard may
 * run inside a hook, where `GIT_DIR` and `GIT_INDEX_FILE` are set.
 */
const GIT =
  /^GIT_(?:SSH|SSH_COMMAND|SSH_VARIANT|SSL_\w+|HTTP_\w+|PROXY_\w+|CONFIG_GLOBAL|CONFIG_SYSTEM|CONFIG_NOSYSTEM|CONFIG_COUNT|CONFIG_(?:KEY|VALUE)_\d+)$/;

/** Registries, their credentials and the network; nothing of what changes what a command of npm does. */
const NPM =
  /^npm_config_(?:registry|userconfig|globalconfig|cache|ca|cafile|cert|key|proxy|https[-_]proxy|noproxy|strict[-_]ssl|offline|prefer[-_]offline|maxsockets|local[-_]address|fetch[-_]\w+|@.+|\/\/.+)$/i;
const NPM_TOKENS = ['NPM_TOKEN', 'NODE_AUTH_TOKEN'];

type Values = Readonly<Record<string, string | undefined>>;

function pick(values: Values, wanted: (name: string) => boolean): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined && wanted(entry[0])),
  );
}

const base = new Set([...BASE, ...NETWORK]);

/**
 * The environment of git: it never asks, and runs no program that asks; it fetches over https and ssh only, and leaves
 * the large files of LFS as the pointers that they are.
 *
 * @param facts `http`: the address is http, which `parseGitUrl` allows on loopback. `ownSsh`: the user has set
 *   `core.sshCommand`, and it stays; otherwise ssh is told not to ask.
 */
export function gitEnvironment(
  values: Values,
  facts: { readonly http: boolean; readonly ownSsh: boolean },
): Readonly<Record<string, string>> {
  const env = pick(values, (name) => base.has(name.toUpperCase()) || GIT.test(name));
  const ssh =
    'GIT_SSH' in env || 'GIT_SSH_COMMAND' in env || facts.ownSsh ? {} : { GIT_SSH_COMMAND: 'ssh -oBatchMode=yes' };
  return {
    ...env,
    ...ssh,
    GCM_INTERACTIVE: 'never',
    GIT_ALLOW_PROTOCOL: facts.http ? 'https:ssh:http' : 'https:ssh',
    GIT_ASKPASS: '',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_LFS_SKIP_SMUDGE: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
    SSH_ASKPASS: '',
    SSH_ASKPASS_REQUIRE: 'never',
  };
}

/** The environment of npm: the user's registries and credentials. */
export function npmEnvironment(values: Values): Readonly<Record<string, string>> {
  return pick(values, (name) => base.has(name.toUpperCase()) || NPM.test(name) || NPM_TOKENS.includes(name));
}
