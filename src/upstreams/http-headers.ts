import { Secret } from '../kernel/index.ts';

/** Header name as written → value. What may be a secret is one. */
export type HeaderValues = Readonly<Record<string, string | Secret>>;

export type HeaderSources = {
  /** Of the configuration, with their values. */
  readonly headers: HeaderValues;
  /** What `http_headers_helper` printed; empty without one. */
  readonly helper: HeaderValues;
  readonly version: string;
  /** Looks at a value, to see whether HTTP can carry it. */
  readonly textOf: (value: string | Secret) => string;
};

export type ResolvedHeaders = {
  readonly headers: HeaderValues;
  /** Names that are not sent, because the transport owns them or HTTP cannot carry them. */
  readonly dropped: readonly string[];
};

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
 * `user-agent`, the helper's, those of the configuration.
 */
export function resolveHeaders({ headers, helper, version, textOf }: HeaderSources): ResolvedHeaders {
  const chosen = new Map<string, { readonly name: string; readonly value: string | Secret }>();
  const dropped: string[] = [];
  const put = (name: string, value: string | Secret): void => void chosen.set(name.toLowerCase(), { name, value });
  put('user-agent', `plugboard/${version}`);
  for (const [name, value] of Object.entries(helper)) put(name, value);
  for (const [name, value] of Object.entries(headers)) {
    if (!isSendableHeader(name, textOf(value))) dropped.push(name);
    else put(name, typeof value === 'string' ? new Secret(`http_headers ${name}`, value) : value);
  }
  return { headers: Object.fromEntries([...chosen.values()].map(({ name, value }) => [name, value])), dropped };
}
