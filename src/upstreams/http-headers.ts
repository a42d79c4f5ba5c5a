import { Secret } from '../kernel/index.ts';

/** Header name as written → value. What may be a secret is one. */
export type HeaderValues = Readonly<Record<string, string | Secret>>;

export type HeaderSources = {
  /** Name of the variable that holds a bearer token. */
  readonly bearerTokenEnvVar: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Header name → name of the variable that holds its value. */
  readonly envHeaders: Readonly<Record<string, string>>;
  /** What `http_headers_helper` printed; empty without one. */
  readonly helper: HeaderValues;
  readonly env: (name: string) => string | undefined;
  readonly version: string;
};

export type ResolvedHeaders =
  | {
      readonly kind: 'ready';
      readonly headers: HeaderValues;
      /** Names that are not sent, because the transport owns them or HTTP cannot carry them. */
      readonly dropped: readonly string[];
    }
  /** Variables that must be set first. */
  | { readonly kind: 'missing'; readonly names: readonly string[] };

/** Headers that follow from the message, the session or the connection, whatever a configuration says. */
const OWNED = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'last-event-id',
  'mcp-protocol-version',
  'mcp-session-id',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// oxlint-disable-next-line no-control-regex -- control characters are what this looks for
const BAD_VALUE = /[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/;

/** True when HTTP can carry the header and a configuration may set it. */
export function isSendableHeader(name: string, value: string): boolean {
  return TOKEN.test(name) && !OWNED.has(name.toLowerCase()) && !BAD_VALUE.test(value);
}

/**
 * The headers of every request to one server. Of two headers of the same name, in any case, the later of these wins:
 * `user-agent`, the helper's, `http_headers`, `env_http_headers`, the bearer token.
 *
 * A variable of `env_http_headers` that is unset or blank leaves its header out; the bearer token's must be set.
 */
export function resolveHeaders(sources: HeaderSources): ResolvedHeaders {
  const { bearerTokenEnvVar, env } = sources;
  const token = bearerTokenEnvVar === null ? undefined : env(bearerTokenEnvVar)?.trim();
  if (bearerTokenEnvVar !== null && (token === undefined || token === '')) {
    return { kind: 'missing', names: [bearerTokenEnvVar] };
  }
  const chosen = new Map<string, { readonly name: string; readonly value: string | Secret }>();
  const dropped: string[] = [];
  const put = (name: string, value: string | Secret): void => void chosen.set(name.toLowerCase(), { name, value });
  const putText = (name: string, text: string, from: string): void => {
    if (isSendableHeader(name, text)) put(name, new Secret(`${from} ${name}`, text));
    else dropped.push(name);
  };

  put('user-agent', `plugboard/${sources.version}`);
  for (const [name, value] of Object.entries(sources.helper)) put(name, value);
  for (const [name, value] of Object.entries(sources.headers)) putText(name, value, 'http_headers');
  for (const [name, variable] of Object.entries(sources.envHeaders)) {
    const value = env(variable)?.trim();
    if (value !== undefined && value !== '') putText(name, value, 'env_http_headers');
  }
  if (token !== undefined) putText('Authorization', `Bearer ${token}`, 'bearer_token_env_var');
  const headers = Object.fromEntries([...chosen.values()].map(({ name, value }) => [name, value]));
  return { kind: 'ready', headers, dropped };
}
