import { type Issue, isJsonObject, type JsonObject, type JsonValue } from '../kernel/index.ts';
import type { SessionHello } from './types.ts';

/** What the merged endpoint can do, whatever servers are behind it now or later. */
export const MERGED_CAPABILITIES: JsonObject = {
  completions: {},
  logging: {},
  prompts: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
  tools: { listChanged: true },
};

export function ownInfo(version: string): JsonObject {
  return { name: 'plugboard', title: 'Plugboard', version };
}

/** The greeting of the merged endpoint: each connected server's instructions under its name, and what is missing. */
export function mergedHello(
  version: string,
  servers: readonly { readonly name: string; readonly instructions: string | null }[],
  problems: readonly Issue[] = [],
): SessionHello {
  const parts = servers.filter((server) => server.instructions !== null && server.instructions.trim() !== '');
  const texts = [
    ...problems.map((issue) => issue.message),
    ...parts.map((server) => `# ${server.name}\n\n${server.instructions}`),
  ];
  return {
    serverInfo: ownInfo(version),
    capabilities: MERGED_CAPABILITIES,
    instructions: texts.length === 0 ? null : texts.join('\n\n'),
  };
}

/** What one server declares, as far as it is carried: lists are announced by us even where the server does not. */
export function singleCapabilities(capabilities: JsonObject): JsonObject {
  const carried = ['completions', 'logging', 'prompts', 'resources', 'tools', 'experimental'].filter(
    (name) => capabilities[name] !== undefined,
  );
  return Object.fromEntries(carried.map((name) => [name, announced(name, capabilities[name])]));
}

function announced(name: string, capability: JsonValue | undefined): JsonValue | undefined {
  const isList = ['prompts', 'resources', 'tools'].includes(name);
  return isList && isJsonObject(capability) ? { ...capability, listChanged: true } : capability;
}
