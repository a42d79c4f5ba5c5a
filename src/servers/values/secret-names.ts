/** Names whose literal values in `env` and `http_headers` are taken for secrets. Rather one too many. */
const SECRET_NAME = /token|key|secret|pass|auth|credential|cookie/i;

/** Names that say it in whole words, so that `AUTHOR_NAME` and `KEYCLOAK_URL` are none. */
const CREDENTIAL_NAME =
  /(?:^|[_-])(?:token|secret|(?:pg)?password|passwd|passphrase|pass|pwd|pat|(?:api|access|private)?key|credentials?)(?:$|[_-])/i;

/** Names under which nobody keeps a secret. */
const HARMLESS_NAME = /^(?:HOME|USER|LOGNAME|PATH|LANG|LC_\w+|TZ|TMPDIR|SHELL|XDG_\w+|PWD|HOSTNAME)$/;

/** How tokens of well-known services begin or look. */
const TOKENS: readonly RegExp[] = [
  /^gh[a-z]_\w{16,}$/,
  /^github_pat_\w{16,}$/,
  /^glpat-[\w.-]{16,}$/,
  /^(?:sk|rk|pk)[-_][\w-]{16,}$/,
  /^xox[a-z]-[\w-]{8,}$/,
  /^(?:AKIA|ASIA)[0-9A-Z]{12,}$/,
  /^AIza[\w-]{20,}$/,
  /^npm_\w{16,}$/,
  /^eyJ[\w-]{4,}\.[\w-]{4,}\.[\w-]*$/,
  /^-----BEGIN [A-Z ]+-----/,
];

/** Whether a value under this name is taken out of what people may come to read. */
export function mayNameSecret(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** Whether a value under this name is held to be a secret, and so kept from where other programs can see it. */
export function namesCredential(name: string): boolean {
  return CREDENTIAL_NAME.test(name) && isUnclearName(name);
}

/** Whether a variable of this name may hold a secret: any but those that say where and who somebody is. */
export function isUnclearName(name: string): boolean {
  return !HARMLESS_NAME.test(name);
}

/** Whether a value is a secret by its looks, whatever it is called. */
export function isToken(value: string): boolean {
  return TOKENS.some((token) => token.test(value));
}
