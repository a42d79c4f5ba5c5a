import type { Bundle, EntryFacts, Plugin } from '../plugins/index.ts';
import { readAsAgentPlugins } from './clients-agent.ts';
import { readAsCodex } from './clients-codex.ts';
import { type ClientCell, type ClientReading, PARTS, type Part } from './clients-reading.ts';

/** Other programs that load plugins, oldest first. */
export const CLIENTS = {
  codex_0_136: 'Codex 0.136',
  codex_0_169: 'Codex 0.169',
  agent_plugins_1_0: 'Agent Plugins 1.0',
} as const;
export type ClientId = keyof typeof CLIENTS;

/** One thing a bundle declares, and what becomes of it in each client. */
export type ClientRow = {
  readonly subject: 'plugin' | 'server' | 'part';
  /** Of the plugin or server; for a part `skills`, `hooks`, `commands`, `agents`, `apps` or `user_config`. */
  readonly name: string;
  readonly cells: Readonly<Record<ClientId, ClientCell>>;
};

export type ClientQuestion = {
  readonly bundle: Bundle;
  readonly entry: EntryFacts | null;
  /** What Plugboard itself makes of the bundle; null when that is nothing. */
  readonly plugin: Plugin | null;
};

/**
 * What other clients load, drop or refuse of a bundle, as measured on Codex 0.136 and 0.169 and as the text of Agent
 * Plugins 1.0 demands. It reads the files again with the eyes of each client, and never throws.
 *
 * @returns The plugin first, then its servers, then its other parts.
 */
export function clientVerdicts({ bundle, entry, plugin }: ClientQuestion): readonly ClientRow[] {
  const readings: Readonly<Record<ClientId, ClientReading>> = {
    codex_0_136: readAsCodex('0.136', { bundle, entry }),
    codex_0_169: readAsCodex('0.169', { bundle, entry }),
    agent_plugins_1_0: readAsAgentPlugins(bundle),
  };
  const names = new Set([
    ...(plugin?.servers ?? []).map((server) => server.entry.name),
    ...Object.values(readings).flatMap((reading) => [...reading.servers.keys()]),
  ]);
  const row = (
    subject: ClientRow['subject'],
    name: string,
    cell: (reading: ClientReading) => ClientCell,
  ): ClientRow => ({
    subject,
    name,
    cells: mapValues(readings, (reading) =>
      subject !== 'plugin' && reading.plugin.verdict === 'refuses' ? REFUSED_WITH_IT : cell(reading),
    ),
  });
  return [
    row('plugin', plugin?.name ?? '', (reading) => reading.plugin),
    ...[...names].map((name) =>
      row('server', name, ({ servers, elsewhere }) => servers.get(name) ?? { verdict: 'ignores', notes: [elsewhere] }),
    ),
    ...(plugin === null ? [] : partsOf(plugin)).map(({ part, paths }) =>
      row('part', part, ({ readPart }) => readPart(part, paths)),
    ),
  ];
}

const REFUSED_WITH_IT: ClientCell = { verdict: 'refuses', notes: [] };

type PartFacts = { readonly part: Part; readonly paths: readonly string[] };

function partsOf({ skills, hooks, commands, agents, apps, settings }: Plugin): readonly PartFacts[] {
  const files: Readonly<Record<Part, readonly string[]>> = {
    skills: skills.map(({ path }) => path),
    hooks: hooks.map(({ file }) => file),
    commands: commands.map(({ path }) => path),
    agents: agents.map(({ path }) => path),
    apps,
    user_config: settings.map(({ key }) => key),
  };
  return PARTS.flatMap((part) => (files[part].length === 0 ? [] : [{ part, paths: files[part] }]));
}

function mapValues<K extends string, A, B>(
  record: Readonly<Record<K, A>>,
  change: (value: A) => B,
): Readonly<Record<K, B>> {
  return Object.fromEntries(Object.entries<A>(record).map(([key, value]) => [key, change(value)])) as Record<K, B>;
}
