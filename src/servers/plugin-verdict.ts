import { basename, sep } from 'node:path';
import {
  type HttpTransport,
  keyBesideIdentity,
  marketplaceRequirementFor,
  pluginServerRequirementFor,
  pluginsRequirementFor,
  type Requirements,
  type ServerEntry,
  type StdioTransport,
} from '../config/index.ts';
import type { Issue } from '../kernel/index.ts';
import type { PluginServer } from '../plugins/index.ts';
import type { PluginClaim } from './plugin-claims.ts';
import type { Launch, PluginInput, ServerVerdict } from './types.ts';
import { againstRequirements, launchOf, placeOf } from './verdict-parts.ts';

export type VerdictFacts = {
  readonly claim: PluginClaim;
  /** The name that people know the server by. */
  readonly name: string;
  /** With the policy applied; null for one that is only known by name. */
  readonly entry: ServerEntry | null;
  /** Errors in what the plugin and the user say of it. */
  readonly problems: readonly Issue[];
  /** The entry of config.toml that only turns it off; null without one. */
  readonly turnedOff: ServerEntry | null;
  readonly requirements: readonly Requirements[];
};

/**
 * Whether a server of a plugin may start. Requirements come before everything that the user may change, and that it is
 * turned off before everything that would have to be done to run it.
 */
export function pluginVerdict(facts: VerdictFacts): ServerVerdict {
  const { claim, entry, problems } = facts;
  const launch = entry === null ? null : launchOfPlugin(entry, claim.input);
  const sourceFile = requirementOnSource(facts);
  if (sourceFile !== null) return againstRequirements(sourceFile, launch, null);
  const transport = problems.length > 0 ? null : (entry?.transport ?? null);
  const file = transport === null ? null : requirementOnServer(facts, transport);
  if (transport !== null && file !== null)
    return againstRequirements(file, launch, keyBesideIdentity(transport, 'plugin'));
  return (
    switchedOff(facts, launch) ??
    standingVerdict(claim.input, launch) ??
    (problems.length > 0 ? { kind: 'invalid', issues: problems } : null) ??
    needsConfig(claim, launch) ??
    startable(facts, launch)
  );
}

function startable({ name, problems }: VerdictFacts, launch: Launch | null): ServerVerdict {
  if (launch !== null) return { kind: 'startable', launch };
  const nothing: Issue = {
    code: 'CONFIG_NO_TRANSPORT',
    severity: 'error',
    message: `the plugin says neither what ${name} runs nor where it is`,
  };
  return { kind: 'invalid', issues: [...problems, nothing] };
}

function launchOfPlugin(entry: ServerEntry, { env }: PluginInput): Launch | null {
  return launchOf(entry, { from: env['PLUGIN_ROOT'] ?? '/', env });
}

function requirementOnSource({ claim: { input }, requirements }: VerdictFacts): string | null {
  const off = pluginsRequirementFor(requirements);
  if (off !== null) return off;
  const restricting = requirements.find(({ marketplaces }) => marketplaces?.restrict === true);
  const source = input.marketplaceSource;
  return source === null ? (restricting?.file ?? null) : marketplaceRequirementFor(requirements, source);
}

function requirementOnServer(
  { claim: { pluginId, server, input }, requirements }: VerdictFacts,
  transport: StdioTransport | HttpTransport,
): string | null {
  return pluginServerRequirementFor(requirements, { pluginId, server }, spellingsOf(transport, input));
}

/** A transport as it runs, and as a manifest writes it, which is what an administrator can know. */
function spellingsOf(
  transport: StdioTransport | HttpTransport,
  { env }: PluginInput,
): readonly (StdioTransport | HttpTransport)[] {
  const root = env['PLUGIN_ROOT'];
  if (transport.kind === 'http' || root === undefined) return [transport];
  const folders = Object.entries({ PLUGIN_DATA: env['PLUGIN_DATA'], PLUGIN_ROOT: root });
  const written = (text: string): string =>
    folders.reduce((so, [name, folder]) => (folder === undefined ? so : so.replaceAll(folder, `\${${name}}`)), text);
  const args = transport.args.map(written);
  const { command } = transport;
  const inside = command.startsWith(root + sep) ? [`./${command.slice(root.length + 1).replaceAll(sep, '/')}`] : [];
  return [
    transport,
    ...[command, written(command), ...inside].map((spelled) => ({ ...transport, command: spelled, args })),
  ];
}

function switchedOff({ claim, name, entry, turnedOff }: VerdictFacts, launch: Launch | null): ServerVerdict | null {
  const { pluginOff, policy, pluginId } = claim;
  const enable = `run: plugboard mcp enable ${name}`;
  if (pluginOff !== null) {
    const command =
      pluginOff.by === 'feature'
        ? 'run: plugboard config set features.plugins true'
        : `run: plugboard plugin enable ${pluginId}`;
    return { kind: 'disabled', by: 'plugin', where: placeOf(pluginOff.origin), command, launch };
  }
  if (turnedOff !== null)
    return { kind: 'disabled', by: 'user', where: placeOf(turnedOff.enabledOrigin), command: enable, launch };
  const { enabled, enabledOrigin } = entry ?? {
    enabled: policy?.enabled !== false,
    enabledOrigin: policy?.enabledOrigin,
  };
  if (enabled || enabledOrigin === undefined) return null;
  const by = policy?.enabled === false ? 'user' : 'plugin';
  return { kind: 'disabled', by, where: placeOf(enabledOrigin), command: enable, launch };
}

function standingVerdict(input: PluginInput, launch: Launch | null): ServerVerdict | null {
  const { standing, pluginId, env } = input;
  const add = `run: plugboard plugin add ${pluginId}`;
  switch (standing.kind) {
    case 'ready':
      return null;
    case 'missing':
      return { kind: 'missing', pluginId, command: `${add}, or plugboard plugin remove ${pluginId}` };
    case 'tampered':
      return { kind: 'blocked', reason: 'tampered', detail: standing.path, command: add, launch };
    case 'unconsented': {
      const version = basename(env['PLUGIN_ROOT'] ?? '');
      const command = version === '' ? add : `${add} --version ${version}`;
      return { kind: 'blocked', reason: 'consent', detail: '', command, launch };
    }
    default:
      return standing satisfies never;
  }
}

function needsConfig({ declared, pluginId }: PluginClaim, launch: Launch | null): ServerVerdict | null {
  const names = declared === null ? [] : namesToSet(declared);
  return names.length === 0 ? null : { kind: 'needs_config', names, command: configureCommand(pluginId), launch };
}

/** What a server refers to and nothing fills in yet. */
function namesToSet({ settings, unfilled }: PluginServer): readonly string[] {
  return [...new Set([...settings, ...unfilled])];
}

/** Where the user is told what a plugin wants to be set, and that it cannot be set yet. */
function configureCommand(pluginId: string): string {
  return `this version takes no values for settings yet; see: plugboard plugin show ${pluginId}`;
}
