import {
  type CheckContext,
  type FileFormat,
  found,
  type KeyPath,
  type Located,
  type LocatedScalar,
  type LocatedTable,
  type Origin,
  read,
} from '../../config/index.ts';
import { kindOf } from '../reading.ts';
import type { AuthModel, PluginFamily } from '../types.ts';

/** How a file spells the keys that parsing knows under the names of config.toml. */
export type Spelling = FileFormat & {
  /** Says that what is called `to` in config.toml is called `from` in this file. */
  readonly rename: (from: KeyPath, to: KeyPath) => void;
};

/** Names of keys for messages: `mcpServers.NAME.headers` for `mcp_servers.NAME.http_headers`; in MCPB there is one server. */
export function createSpelling(family: PluginFamily): Spelling {
  const base = (name: string): KeyPath => (family === 'mcpb' ? ['server', 'mcp_config'] : ['mcpServers', name]);
  const written = new Map<string, KeyPath>();
  return {
    rename: (from, to) => void written.set(to.join('\n'), from),
    spell: ([, name, ...rest]) => {
      for (let length = rest.length; length > 0; length -= 1) {
        const from = written.get(rest.slice(0, length).join('\n'));
        if (from !== undefined) return [...base(name ?? ''), ...from, ...rest.slice(length)];
      }
      return [...base(name ?? ''), ...rest];
    },
  };
}

/** A key of the server at hand. Paths are those of config.toml; `spell` makes them what the file says. */
export function keyOf(context: CheckContext, ...path: KeyPath): CheckContext {
  return { ...context, path: [...context.path, ...path] };
}

const RENAMED: Readonly<Record<string, string>> = { headers: 'http_headers', headersHelper: 'http_headers_helper' };
const OAUTH_RENAMED: Readonly<Record<string, string>> = {
  clientId: 'client_id',
  clientSecret: 'client_secret',
  callbackPort: 'callback_port',
  callbackUrl: 'callback_url',
  tokenEndpointAuthMethod: 'token_endpoint_auth_method',
  authorizationServerIssuer: 'authorization_server_issuer',
};
const TYPES: Readonly<Record<string, 'stdio' | 'http'>> = {
  stdio: 'stdio',
  http: 'http',
  streamable_http: 'http',
  'streamable-http': 'http',
  sse: 'http',
};

/** A server as its file has it → the keys of config.toml. What has no counterpart stays, and is unknown there. */
export function toServerKeys(
  written: LocatedTable,
  { family, context, spelling }: { family: PluginFamily; context: CheckContext; spelling: Spelling },
): LocatedTable {
  checkType(written, context);
  const enterprise = read.text(written, 'auth') === 'ema_auth';
  if (enterprise) {
    const place = written.entries.get('auth')?.at ?? written.at;
    const message = 'may not be "ema_auth" in a plugin: such a sign-in belongs to the configuration of the user';
    found(keyOf(context, 'auth'), place, { code: 'CONFIG_WRONG_TYPE', message });
  }
  const entries = new Map([...written.entries].filter(([key]) => key !== 'type' && !(enterprise && key === 'auth')));
  for (const [from, to] of Object.entries(RENAMED)) move({ entries, context, spelling }, from, to);
  if (family === 'claude') renameTimeout({ entries, context, spelling });
  renameOauth({ entries, context, spelling });
  return { ...written, entries };
}

type Moving = { readonly entries: Map<string, Located>; readonly context: CheckContext; readonly spelling: Spelling };

/** Under both names, the one of config.toml counts. */
function move({ entries, context, spelling }: Moving, from: string, to: string): void {
  const value = entries.get(from);
  if (value === undefined) return;
  entries.delete(from);
  if (entries.has(to)) {
    const message = `is left out: it means the same as \`${to}\`, which is there too`;
    found(keyOf(context, from), value.origin, { code: 'PLUGIN_DUPLICATE_KEY', severity: 'warning', message });
    return;
  }
  spelling.rename([from], [to]);
  entries.set(to, value);
}

/** Claude's `timeout` is the longest that a call may take, in milliseconds. */
function renameTimeout({ entries, context, spelling }: Moving): void {
  const value = entries.get('timeout');
  if (value?.kind === 'scalar' && typeof value.value === 'number') {
    entries.set('timeout', { ...value, value: value.value / 1000 });
  }
  move({ entries, context, spelling }, 'timeout', 'tool_timeout_sec');
}

/** The keys of `oauth`; scopes in it are those of the server. */
function renameOauth({ entries, context, spelling }: Moving): void {
  const oauth = entries.get('oauth');
  if (oauth?.kind !== 'table') return;
  const inner = new Map(oauth.entries);
  for (const [from, to] of Object.entries(OAUTH_RENAMED)) {
    const value = inner.get(from);
    if (value === undefined) continue;
    inner.delete(from);
    if (inner.has(to)) {
      const message = `is left out: it means the same as \`${to}\`, which is there too`;
      const at = keyOf(context, 'oauth', from);
      found(at, value.origin, { code: 'PLUGIN_DUPLICATE_KEY', severity: 'warning', message });
      continue;
    }
    spelling.rename(['oauth', from], ['oauth', to]);
    inner.set(to, value);
  }
  const scopes = inner.get('scopes');
  if (scopes !== undefined && !entries.has('scopes')) {
    inner.delete('scopes');
    spelling.rename(['oauth', 'scopes'], ['scopes']);
    entries.set('scopes', scopes.kind === 'scalar' ? scopeList(scopes) : scopes);
  }
  entries.set('oauth', { ...oauth, entries: inner });
}

/** Scopes as OAuth writes them, in one string. */
function scopeList(scopes: LocatedScalar): Located {
  if (typeof scopes.value !== 'string') return scopes;
  const names = scopes.value.split(/\s+/).filter((name) => name !== '');
  return { ...scopes, kind: 'list', items: names.map((name) => ({ ...scopes, value: name })) };
}

/** `type` only repeats what `command` and `url` say. One that says something else is a warning, as in Codex. */
function checkType(written: LocatedTable, context: CheckContext): void {
  const type = written.entries.get('type');
  if (type === undefined) return;
  const warn = (message: string): void =>
    found(keyOf(context, 'type'), type.at, { code: 'PLUGIN_WRONG_TYPE', severity: 'warning', message });
  const text = type.kind === 'scalar' && typeof type.value === 'string' ? type.value : null;
  const transport = text === null || !Object.hasOwn(TYPES, text) ? undefined : TYPES[text];
  if (transport === undefined) {
    const names = Object.keys(TYPES).join(', ');
    warn(`must be one of ${names}${text === null ? `, and is ${kindOf(type)}` : ''}; the other keys decide`);
    return;
  }
  const has = written.entries.has('command') ? 'stdio' : 'http';
  const decided = written.entries.has('command') !== written.entries.has('url');
  if (decided && has !== transport) {
    warn(`contradicts \`${has === 'stdio' ? 'command' : 'url'}\`, which decides`);
  }
}

/** What a server says of itself besides how to reach it. */
export type Statements = { readonly authModel: AuthModel | null; readonly dataClasses: readonly string[] };

const AUTH_MODELS: readonly AuthModel[] = ['none', 'user_oauth', 'service_token', 'scoped_credential'];

/** Takes `auth_model` and `data_classes` out. What is wrong with them is left out with a warning. */
export function takeStatements(
  table: LocatedTable,
  context: CheckContext,
): { readonly table: LocatedTable; readonly statements: Statements } {
  const model = table.entries.get('auth_model');
  const classes = table.entries.get('data_classes');
  const entries = new Map([...table.entries].filter(([key]) => key !== 'auth_model' && key !== 'data_classes'));
  const warn = (key: string, place: Origin, message: string): void =>
    found(keyOf(context, key), place, { code: 'PLUGIN_WRONG_TYPE', severity: 'warning', message });
  const authModel = AUTH_MODELS.find((one) => one === read.text(table, 'auth_model')) ?? null;
  if (model !== undefined && authModel === null) {
    warn('auth_model', model.at, `must be one of ${AUTH_MODELS.join(', ')}; it is left out`);
  }
  const isList =
    classes?.kind === 'list' && classes.items.every((item) => item.kind === 'scalar' && typeof item.value === 'string');
  if (classes !== undefined && !isList) warn('data_classes', classes.at, 'must be an array of strings; it is left out');
  const dataClasses = isList ? (read.textList(table, 'data_classes') ?? []) : [];
  return { table: { ...table, entries }, statements: { authModel, dataClasses } };
}
