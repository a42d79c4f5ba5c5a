import { type Piece, scanReferences } from '../../config/index.ts';
import type { Launch } from '../types.ts';

/** The keys of a server whose values are filled in when it is started. */
export const TEXT_KEYS = ['command', 'args', 'env', 'cwd', 'url', 'http_headers'] as const;
export type TextKey = (typeof TEXT_KEYS)[number];

/** One text of a launch. `name`: of the variable or header. */
export type LaunchText = { readonly key: TextKey; readonly name: string | null; readonly text: string };

/** Every text of a launch that may hold references. Canonical. */
export function textsOf(launch: Launch): readonly LaunchText[] {
  const one = (key: TextKey, text: string): LaunchText => ({ key, name: null, text });
  const named = (key: TextKey, entries: Readonly<Record<string, string>>): readonly LaunchText[] =>
    Object.entries(entries).map(([name, text]) => ({ key, name, text }));
  if (launch.kind === 'http') return [one('url', launch.url), ...named('http_headers', launch.headers)];
  return [
    one('command', launch.command),
    ...launch.args.map((text) => one('args', text)),
    ...named('env', launch.env),
    one('cwd', launch.cwd),
  ];
}

/** Every reference of a launch. */
export function referencesOf(launch: Launch): readonly Piece[] {
  return textsOf(launch).flatMap(({ text }) => scanReferences(text, 'canonical'));
}

/** The variables that a launch names by its keys. Those that are read on another machine are not among them. */
export function variablesByKey(launch: Launch): readonly string[] {
  if (launch.kind === 'stdio') return launch.envVars.filter(({ source }) => source === 'local').map(({ name }) => name);
  const { bearerTokenEnvVar, envHeaders } = launch;
  return [...(bearerTokenEnvVar === null ? [] : [bearerTokenEnvVar]), ...Object.values(envHeaders)];
}

/** Every variable that a launch is looked up for: named by its keys and referred to in its texts. Sorted, each once. */
export function variablesOf(launch: Launch): readonly string[] {
  const referred = referencesOf(launch).flatMap((piece) => (piece.kind === 'env' ? [piece.name] : []));
  return [...new Set([...variablesByKey(launch), ...referred])].sort();
}
