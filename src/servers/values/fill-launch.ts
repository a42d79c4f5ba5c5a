import { isAbsolute, resolve, sep } from 'node:path';
import { type HttpTransport, scanReferences } from '../../config/index.ts';
import { Secret } from '../../kernel/index.ts';
import type { FilledHttp, FilledLaunch, FilledStdio, Launch, Lookups, StdioLaunch, ValueSources } from '../types.ts';
import { type Filling, fillArgument, fillText, keep, lookUp, missVariable, tableOf, warnOfUnset } from './fill-text.ts';

/**
 * Puts the values into a launch: what is really started. No reference is left in it, and no value is scanned for one.
 *
 * A secret stands in `env` and headers only, and in `args` and `url` where the user allows it; a path that begins in a
 * folder of the plugin stays in those. Where both is the case, what is not allowed is said before what is missing.
 */
export function fillLaunch(launch: Launch, sources: ValueSources, lookups: Lookups): FilledLaunch {
  const filling: Filling = { sources, lookups, missing: new Map(), issues: [], warnings: [], secrets: new Set() };
  const filled = launch.kind === 'stdio' ? fillStdio(launch, filling) : fillHttp(launch, filling);
  const { issues, missing, secrets, warnings } = filling;
  if (issues.length > 0) return { kind: 'invalid', issues };
  if (missing.size > 0)
    return { kind: 'needs_config', names: [...missing.keys()], command: oneCommand([...missing.values()]) };
  return { kind: 'filled', launch: filled, secrets: [...secrets], issues: warnings };
}

/** Several commands as one next step. */
function oneCommand(commands: readonly string[]): string {
  const [first = '', ...rest] = new Set(commands);
  return [first, ...rest.map((command) => command.replace(/^run: /, ''))].join(', and ');
}

function fillStdio(launch: StdioLaunch, filling: Filling): FilledStdio {
  const command = openText(fillText(filling, { key: 'command', name: null }, launch.command));
  const args = launch.args.flatMap((text) => fillArgument(filling, text));
  const literal = fillNamed(filling, 'env', launch.env);
  const listed = fillListed(filling, launch.envVars, new Set(Object.keys(literal)));
  const cwd = resolve(filling.sources.startsIn, openText(fillText(filling, { key: 'cwd', name: null }, launch.cwd)));
  checkInside(filling, 'command', { template: launch.command, path: command });
  checkInside(filling, 'cwd', { template: launch.cwd, path: cwd });
  for (const secret of Object.values(filling.lookups.envFile)) filling.secrets.add(secret);
  return { kind: 'stdio', command, args, env: { ...filling.lookups.envFile, ...listed, ...literal }, cwd };
}

/** What is no secret. One that is was refused. */
function openText(text: string | Secret | null): string {
  return typeof text === 'string' ? text : '';
}

/** The entries of a table; without those that hold an optional setting that is unset. */
function fillNamed(
  filling: Filling,
  key: 'env' | 'http_headers',
  entries: Readonly<Record<string, string>>,
): Readonly<Record<string, string | Secret>> {
  return Object.fromEntries(
    Object.entries(entries).flatMap(([name, text]) => {
      const value = fillText(filling, { key, name }, text);
      return value === null ? [] : [[name, value] as const];
    }),
  );
}

/** `env_vars`. Names that are given otherwise, in `env` or in the file of `env_file`, are not missing. */
function fillListed(
  filling: Filling,
  envVars: StdioLaunch['envVars'],
  literal: ReadonlySet<string>,
): Readonly<Record<string, Secret>> {
  const listed: [string, Secret][] = [];
  for (const { name, source, required } of envVars) {
    if (source !== 'local' || literal.has(name)) continue;
    const value = lookUp(filling, name);
    if (value !== undefined) listed.push([name, keep(filling, name, value)]);
    else if (Object.hasOwn(filling.lookups.envFile, name)) continue;
    else if (required) missVariable(filling, name);
    else warnOfUnset(filling, name);
  }
  return Object.fromEntries(listed);
}

/** A path that its plugin, or the user, wrote into a folder of the plugin is not led out of it by a value. */
function checkInside(
  filling: Filling,
  key: 'command' | 'cwd',
  { template, path }: { readonly template: string; readonly path: string },
): void {
  const folders = filling.sources.folders.map((folder) => resolve(folder));
  const inside = (at: string): boolean => folders.some((folder) => at === folder || at.startsWith(folder + sep));
  const [first] = scanReferences(template, 'canonical');
  if (first?.kind !== 'text' || !isAbsolute(first.text) || !inside(resolve(first.text)) || inside(resolve(path)))
    return;
  const { server } = filling.sources;
  filling.issues.push({
    code: 'PLUGIN_PATH_ESCAPES',
    severity: 'error',
    message: `with its values, the ${key} of ${server} leads out of the folder of its plugin`,
    hint: 'give a value without `..`',
    key: `${tableOf(filling)}.${key}`,
    server,
  });
}

function fillHttp(launch: HttpTransport, filling: Filling): FilledHttp {
  const { url, headers, bearerTokenEnvVar, envHeaders, ...rest } = launch;
  const filledUrl = fillText(filling, { key: 'url', name: null }, url) ?? '';
  const chosen = new Map<string, readonly [name: string, value: string | Secret]>();
  const put = (name: string, value: string | Secret): void => void chosen.set(name.toLowerCase(), [name, value]);
  for (const [name, value] of Object.entries(fillNamed(filling, 'http_headers', headers))) put(name, value);
  for (const [name, variable] of Object.entries(envHeaders)) {
    const value = headerValue(filling, variable);
    if (value !== undefined) put(name, keep(filling, variable, value));
  }
  if (bearerTokenEnvVar !== null) {
    const token = headerValue(filling, bearerTokenEnvVar);
    if (token === undefined) missVariable(filling, bearerTokenEnvVar);
    else put('Authorization', Secret.join('Authorization', ['Bearer ', keep(filling, bearerTokenEnvVar, token)]));
  }
  return { ...rest, url: filledUrl, headers: Object.fromEntries(chosen.values()) };
}

/** The value of a variable without blanks around it. One that is blank is unset. */
function headerValue({ lookups }: Filling, name: string): string | Secret | undefined {
  const value = lookups.variable(name)?.trim() ?? '';
  return value === '' ? lookups.secret(name)?.trim() : value;
}
