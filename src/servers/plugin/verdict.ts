import { basename, sep } from 'node:path';
import {
  type HttpTransport,
  keyBesideIdentity,
  marketplaceRequirementFor,
  type Origin,
  pluginServerRequirementFor,
  pluginsRequirementFor,
  type Requirements,
  type ServerEntry,
  type StdioTransport,
} from '../../config/index.ts';
import type { Issue } from '../../kernel/index.ts';
import { settingSecretName } from '../../settings/index.ts';
import type { Launch, PluginInput, ServerVerdict, ValueSources } from '../types.ts';
import { beforeValues } from '../values/lacking.ts';
import { againstRequirements, placeOf } from '../verdict-parts.ts';
import type { PluginClaim } from './claims.ts';

export type VerdictFacts = {
  readonly claim: PluginClaim;
  /** The name that people know the server by. */
  readonly name: string;
  /** With everything laid over it; null for one that is only known by name. */
  readonly entry: ServerEntry | null;
  /** How that is started or reached. */
  readonly launch: Launch | null;
  /** Errors in what the plugin and the user say of it. */
  readonly problems: readonly Issue[];
  /** For one that is only known by name: where the user turns it off; null when nothing does. */
  readonly offAt: Origin | null;
  readonly sources: ValueSources;
  /** Settings that its own files refer to and do not declare. */
  readonly undeclared: readonly string[];
  /** Variables that its own files name and nobody agreed to. */
  readonly unagreed: readonly string[];
  readonly requirements: readonly Requirements[];
};

/**
 * Whether a server of a plugin may start. Requirements come before everything that the user may change, and that it is
 * turned off before everything that would have to be done to run it.
 */
export function pluginVerdict(facts: VerdictFacts): ServerVerdict {
  const { claim, entry, launch, problems } = facts;
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
    unagreedVariables(facts, launch) ??
    undeclaredSettings(facts, launch) ??
    (launch === null ? null : beforeValues(launch, facts.sources)) ??
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

function switchedOff({ claim, name, entry, offAt }: VerdictFacts, launch: Launch | null): ServerVerdict | null {
  const { pluginOff, pluginId } = claim;
  if (pluginOff !== null) {
    const command =
      pluginOff.by === 'feature'
        ? 'run: plugboard config set features.plugins true'
        : `run: plugboard plugin enable ${pluginId}`;
    return { kind: 'disabled', by: 'plugin', where: placeOf(pluginOff.origin), command, launch };
  }
  const origin = entry === null ? offAt : entry.enabled ? null : entry.enabledOrigin;
  if (origin === null) return null;
  const by = origin.layer === 'plugin' ? 'plugin' : 'user';
  return { kind: 'disabled', by, where: placeOf(origin), command: `run: plugboard mcp enable ${name}`, launch };
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

function unagreedVariables({ claim, unagreed }: VerdictFacts, launch: Launch | null): ServerVerdict | null {
  if (unagreed.length === 0) return null;
  const command = `run: plugboard plugin add ${claim.pluginId}`;
  return { kind: 'blocked', reason: 'consent', detail: unagreed.join(', '), command, launch };
}

function undeclaredSettings({ claim, undeclared }: VerdictFacts, launch: Launch | null): ServerVerdict | null {
  if (undeclared.length === 0) return null;
  return {
    kind: 'needs_config',
    names: undeclared.map(settingSecretName),
    command: `the plugin refers to settings that it does not declare, so only its maintainer can help; see: plugboard plugin show ${claim.pluginId}`,
    launch,
  };
}
