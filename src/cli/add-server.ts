import { resolve } from 'node:path';
import { hasReferences, type TomlInput, type TomlInputTable } from '../config/index.ts';
import { AppError } from '../kernel/index.ts';
import { mayNameSecret } from '../servers/index.ts';
import type { Input } from './command.ts';

/** What `mcp add` writes, and what it has to say about it. */
export type NewServer = { readonly name: string; readonly table: TomlInputTable; readonly notes: readonly string[] };

const STDIO_ONLY = ['env', 'env-var', 'env-file', 'cwd'];
const HTTP_ONLY = ['bearer-token-env-var', 'header', 'env-header'];

/**
 * Reads the command line of `mcp add NAME (--url URL | -- COMMAND ARGS…)`. Values are checked by the configuration's own
 * rules when they are written.
 *
 * @param cwd Where a relative `--cwd` or `--env-file` starts. Absolute.
 * @throws AppError `USAGE`
 */
export function parseNewServer(input: Input, cwd: string): NewServer {
  const name = input.args['NAME'] ?? '';
  const url = input.values['url'];
  const [command, ...args] = input.rest;
  if (url !== undefined && command !== undefined) throw usage("'--url' cannot be used with a command");
  if (url === undefined && command === undefined) throw usage('a server needs --url URL, or a command after --');
  refuse(
    input,
    url === undefined ? HTTP_ONLY : STDIO_ONLY,
    url === undefined ? 'servers with --url' : 'servers that are started by a command',
  );
  const transport = url === undefined ? stdioKeys(input, { command: command ?? '', args, cwd }) : httpKeys(input, url);
  const table = present({
    ...transport,
    startup_timeout_sec: seconds(input, 'startup-timeout'),
    tool_timeout_sec: seconds(input, 'tool-timeout'),
    enabled: input.flags.has('disabled') ? false : undefined,
  });
  return { name, table, notes: notesOn(input, name) };
}

function stdioKeys(
  input: Input,
  { command, args, cwd }: { readonly command: string; readonly args: readonly string[]; readonly cwd: string },
): Readonly<Record<string, TomlInput | undefined>> {
  const absolute = (path: string | undefined): string | undefined =>
    path === undefined || /^~(?:[/\\]|$)/.test(path) ? path : resolve(cwd, path);
  return {
    command,
    args: filled(args),
    env: filledMap(pairs(input, 'env', 'environment entries must be in KEY=VALUE form')),
    env_vars: filled(input.lists['env-var'] ?? []),
    env_file: absolute(input.values['env-file']),
    cwd: absolute(input.values['cwd']),
  };
}

function httpKeys(input: Input, url: string): Readonly<Record<string, TomlInput | undefined>> {
  return {
    url,
    bearer_token_env_var: input.values['bearer-token-env-var'],
    http_headers: filledMap(pairs(input, 'header', 'headers must be in NAME=VALUE form')),
    env_http_headers: filledMap(pairs(input, 'env-header', 'headers must be in NAME=VARIABLE form')),
  };
}

function refuse(input: Input, options: readonly string[], whose: string): void {
  const wrong = options.find((name) => input.values[name] !== undefined || (input.lists[name] ?? []).length > 0);
  if (wrong !== undefined) throw usage(`'--${wrong}' is only for ${whose}`);
}

/** The value after the first `=`; it is never shown, since it may be a secret. */
function pairs(input: Input, option: string, complaint: string): readonly (readonly [string, string])[] {
  return (input.lists[option] ?? []).map((entry) => {
    const at = entry.indexOf('=');
    if (at <= 0) throw usage(`'--${option}': ${complaint}`);
    return [entry.slice(0, at).trim(), entry.slice(at + 1)];
  });
}

function seconds(input: Input, option: string): number | undefined {
  const given = input.values[option];
  if (given === undefined) return undefined;
  const value = Number(given);
  if (given.trim() === '' || !Number.isFinite(value) || value < 0)
    throw usage(`'--${option}' must be a number of seconds, not '${given}'`);
  return value;
}

function notesOn(input: Input, server: string): readonly string[] {
  const literal = (option: string): readonly string[] =>
    (input.lists[option] ?? []).flatMap((entry) => {
      const at = entry.indexOf('=');
      const name = entry.slice(0, Math.max(at, 0)).trim();
      return mayNameSecret(name) && !hasReferences(entry.slice(at + 1)) ? [name] : [];
    });
  const note = (what: string, { variable, option }: { readonly variable: string; readonly option: string }): string =>
    `${what} looks like a secret, and its value is in the file now; ` +
    `to keep it out: plugboard secret set ${variable} --for ${server}, and ${option} here`;
  return [
    ...literal('env').map((name) => note(name, { variable: name, option: `--env-var ${name}` })),
    ...literal('header').map((name) => {
      const variable = name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');
      return note(`the header ${name}`, { variable, option: `--env-header ${name}=${variable}` });
    }),
  ];
}

function filled(list: readonly string[]): readonly string[] | undefined {
  return list.length === 0 ? undefined : list;
}

function filledMap(entries: readonly (readonly [string, string])[]): TomlInputTable | undefined {
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function present(keys: Readonly<Record<string, TomlInput | undefined>>): TomlInputTable {
  return Object.fromEntries(
    Object.entries(keys).flatMap(([key, value]): [string, TomlInput][] => (value === undefined ? [] : [[key, value]])),
  );
}

function usage(message: string): AppError {
  return new AppError('USAGE', message, { hint: 'see: plugboard mcp add --help' });
}
