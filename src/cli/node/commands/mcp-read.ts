import type { Issue, ServerState } from '../../../kernel/index.ts';
import type { ResolvedServer } from '../../../servers/index.ts';
import { staticState } from '../../../status/index.ts';
import { renderServer, renderServerTable } from '../../render-servers.ts';
import { type ListedServer, listedServer, type ServerFacts, type ShownServer, shownServer } from '../../server-json.ts';
import type { CliCommand, CliContext } from '../context.ts';
import { loadServers } from '../known-servers.ts';
import { statusOfOurs } from '../running.ts';
import { brokenFile, noSuchServer, sayBroken } from '../user-config.ts';

const SHOW_VALUES = { name: 'show-values', help: 'show the values of env and headers' } as const;

export const mcpList: CliCommand<readonly ListedServer[]> = {
  name: 'mcp list',
  summary: 'List the configured servers, with the state the running host knows',
  examples: ['plugboard mcp list', 'plugboard mcp list --json'],
  args: [],
  options: [SHOW_VALUES],
  run: async (context, input) => {
    const { servers, broken } = await knownServers(context);
    const error = servers.length === 0 ? brokenFile(broken) : null;
    if (error !== null) throw error;
    sayBroken(context, broken);
    return servers.map((facts) => listedServer(facts, { showValues: input.flags.has('show-values') }));
  },
  render: (servers, { out }) => renderServerTable(servers, out.isTty ? out.columns : undefined),
  exitCode: () => 0,
};

export const mcpGet: CliCommand<ShownServer> = {
  name: 'mcp get',
  summary: 'Show one server',
  args: [{ name: 'NAME', help: 'name of the server', required: true }],
  options: [SHOW_VALUES],
  run: async (context, input) => {
    const name = input.args['NAME'] ?? '';
    const { servers, issues, broken } = await knownServers(context);
    const facts = servers.find(({ entry }) => entry.name === name);
    if (facts === undefined) {
      const names = servers.map(({ entry }) => entry.name);
      throw brokenFile(broken) ?? noSuchServer(name, names);
    }
    return shownServer(facts, { showValues: input.flags.has('show-values'), issues });
  },
  render: renderServer,
  exitCode: () => 0,
};

type Known = {
  readonly servers: readonly ServerFacts[];
  readonly issues: readonly Issue[];
  /** Files that were skipped as a whole. */
  readonly broken: readonly Issue[];
};

/** Every server by name, and what is known of it without starting anything. */
async function knownServers(context: CliContext): Promise<Known> {
  const [known, running] = await Promise.all([loadServers(context), statusOfOurs(context)]);
  const { offlineStates } = await import('../offline-states.ts');
  const states: ReadonlyMap<string, ServerState | null> =
    running === null
      ? await offlineStates(context, known)
      : new Map(running.servers.map(({ name, state }) => [name, state]));
  return {
    issues: known.issues,
    broken: known.loaded.brokenFiles,
    servers: known.servers.flatMap((server) => {
      const entry = known.entries.get(server.name);
      const state = states.get(server.name) ?? staticState(server);
      const plugin = server.owner?.pluginId ?? null;
      return entry === undefined ? [] : [{ entry, plugin, blockedBy: blockedBy(server), state }];
    }),
  };
}

/** In Codex's form for requirements. */
function blockedBy({ verdict }: ResolvedServer): string | null {
  if (verdict.kind !== 'blocked') return null;
  return verdict.detail === '' ? verdict.reason : `${verdict.reason} (${verdict.detail})`;
}
