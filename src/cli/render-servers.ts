import {
  describeState,
  isJsonObject,
  type JsonValue,
  nextStep,
  printable,
  renderIssue,
  type ServerState,
  stateLabel,
} from '../kernel/index.ts';
import { renderTable } from './render-table.ts';
import type { ListedServer, ShownServer, TransportJson } from './server-json.ts';

/** `mcp list` for people: one line for each server, with the plugin it comes from where there are any. */
export function renderServerTable(servers: readonly ListedServer[], columns?: number): string {
  if (servers.length === 0)
    return "No MCP servers configured yet. Try 'plugboard mcp add my-tool -- my-command', or 'plugboard plugin add PLUGIN'.";
  const hasPlugins = servers.some(({ plugin }) => plugin !== null);
  const column = (text: string): readonly string[] => (hasPlugins ? [text] : []);
  const rows = servers.map((server) => [
    server.name,
    ...column(server.plugin ?? '-'),
    typeOf(server.transport),
    shortState(server),
    targetOf(server.transport),
  ]);
  return renderTable(['Name', ...column('Plugin'), 'Type', 'State', 'Command or URL'], rows, columns);
}

/** `mcp get` for people: the lines of Codex, then ours. */
export function renderServer(server: ShownServer): string {
  const lines: (readonly [string, string])[] = [
    ['enabled', server.disabled_reason === null ? String(server.enabled) : `false, by ${server.disabled_reason}`],
    ...transportLines(server.transport),
    ...optional('enabled_tools', server.enabled_tools),
    ...optional('disabled_tools', server.disabled_tools),
    ...optional('startup_timeout_sec', server.startup_timeout_sec),
    ...optional('tool_timeout_sec', server.tool_timeout_sec),
    ...optional('required', server.required || null),
    ...optional('sharing', server.sharing === 'auto' ? null : server.sharing),
    ...optional('plugin', server.plugin),
    ['origin', originText(server)],
    ['state', stateOf(server)],
    ...optional('next step', stepOf(server)),
    [
      'remove',
      server.plugin === null ? `plugboard mcp remove ${server.name}` : `plugboard plugin remove ${server.plugin}`,
    ],
  ];
  const issues = server.issues.map((issue) => `  ${renderIssue(issue)}`);
  return printable([server.name, ...lines.map(([key, value]) => `  ${key}: ${value}`), ...issues].join('\n'));
}

function typeOf(transport: TransportJson | null): string {
  if (transport === null) return '-';
  return transport.type === 'stdio' ? 'stdio' : 'http';
}

function targetOf(transport: TransportJson | null): string {
  if (transport === null) return '-';
  return transport.type === 'stdio'
    ? [String(transport['command']), ...listOf(transport['args'])].join(' ')
    : String(transport['url']);
}

/** Reasons are for `doctor` and `mcp get`; they would fill the line. */
function shortState(server: ListedServer): string {
  const { state } = server;
  return state === null || state.kind === 'connected' ? stateOf(server) : stateLabel(state);
}

function stateOf({ enabled, state }: { readonly enabled: boolean; readonly state: ServerState | null }): string {
  if (state === null) return enabled ? 'not running' : 'disabled';
  const facts = describeState(state);
  return `${stateLabel(state)}${facts === '' ? '' : `  ${facts}`}`;
}

function stepOf({ name, plugin, state, transport }: ShownServer): string | null {
  const kind = transport === null ? null : transport.type === 'stdio' ? 'stdio' : 'http';
  return state === null ? null : nextStep(state, { name, transport: kind, plugin });
}

function transportLines(transport: TransportJson | null): readonly (readonly [string, string])[] {
  if (transport === null) return [['transport', '-']];
  return Object.entries(transport).map(([key, value]) =>
    key === 'type' ? ['transport', String(value)] : [key, valueText(value ?? null)],
  );
}

function valueText(value: JsonValue): string {
  if (value === null) return '-';
  if (Array.isArray(value)) {
    const parts = value.map((part: JsonValue) => (isJsonObject(part) ? String(part['name']) : String(part)));
    return parts.length === 0 ? '-' : parts.join(' ');
  }
  if (isJsonObject(value))
    return Object.entries(value)
      .map(([key, part]) => `${key}=${String(part)}`)
      .join(', ');
  return String(value);
}

function listOf(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function optional(key: string, value: JsonValue): readonly (readonly [string, string])[] {
  return value === null ? [] : [[key, valueText(value)]];
}

function originText({ origin }: ShownServer): string {
  return origin.file === null
    ? '-c'
    : `${[origin.file, origin.line].filter((part) => part !== null).join(':')} (${origin.layer})`;
}
