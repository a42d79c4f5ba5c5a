import { isJsonObject, type JsonObject } from '../kernel/index.ts';

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

/** Requests of servers that can be put to an agent. */
export const CARRIED_REQUESTS: readonly string[] = ['roots/list', 'sampling/createMessage', 'elicitation/create'];

/**
 * Whether an agent that declared `capabilities` can be asked this. A plain `elicitation: {}` stands for forms alone, as
 * before there were URLs.
 *
 * @see MCP 2025-11-25, client/elicitation#capabilities, client/sampling#capabilities
 */
export function canAnswer(
  capabilities: JsonObject,
  { method, params = {} }: { readonly method: string; readonly params?: JsonObject },
): boolean {
  const { roots, sampling, elicitation } = capabilities;
  const has = (declared: unknown, part: string): boolean => isJsonObject(declared) && declared[part] !== undefined;
  switch (method) {
    case 'roots/list':
      return roots !== undefined;
    case 'sampling/createMessage':
      return sampling !== undefined && (params['tools'] === undefined || has(sampling, 'tools'));
    case 'elicitation/create':
      if (params['mode'] === 'url') return has(elicitation, 'url');
      return elicitation !== undefined && (has(elicitation, 'form') || !has(elicitation, 'url'));
    default:
      return false;
  }
}
