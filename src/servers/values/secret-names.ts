/** Names whose literal values in `env` and `http_headers` are taken for secrets. Rather one too many. */
const SECRET_NAME = /token|key|secret|pass|auth|credential|cookie/i;

/** Names that say it in whole words, so that `AUTHOR_NAME` and `KEYCLOAK_URL` are none. */
const CREDENTIAL_NAME =
  /(?:^|[_-])(?:token|secret|password|passwd|passphrase|pat|api_?key|access_?key|private_?key|credentials?)(?:$|[_-])/i;

/** Whether a value under this name is taken out of what people may come to read. */
export function mayNameSecret(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** Whether a value under this name is held to be a secret, and so kept from where other programs can see it. */
export function namesCredential(name: string): boolean {
  return CREDENTIAL_NAME.test(name);
}
