import type { JsonObject } from '../kernel/index.ts';

/** The legacy revisions that Plugboard speaks with servers, newest first. The first is what it offers. */
export const LEGACY_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;

/**
 * What a shared connection declares: everything Plugboard can carry to an agent. Whether the agent behind a call can
 * answer is found out when the server asks.
 */
export const SHARED_CAPABILITIES: JsonObject = {
  roots: { listChanged: true },
  sampling: { context: {}, tools: {} },
  elicitation: { form: {}, url: {} },
};

/**
 * What a connection of one agent declares: what that agent declared, as far as Plugboard carries it, and roots, which
 * Plugboard answers from the configuration where the agent has none.
 */
export function sessionCapabilities(agent: JsonObject): JsonObject {
  const carried = ['roots', 'sampling', 'elicitation', 'experimental'].filter((name) => agent[name] !== undefined);
  return { roots: {}, ...Object.fromEntries(carried.map((name) => [name, agent[name]])) };
}
