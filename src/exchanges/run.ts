import { AppError, type RpcOutcome } from '../kernel/index.ts';
import type { Decision } from '../policy/index.ts';
import type { Exchange } from './exchange.ts';

/** What the road needs from the house around it. */
export type Road = {
  readonly admit: (exchange: Exchange) => Decision;
  /** Hands the exchange to its server. @throws AppError `UPSTREAM_*` | `CALL_CANCELLED` */
  readonly send: (exchange: Exchange) => Promise<RpcOutcome>;
};

/**
 * The one road of every request from an agent to a server: admitted as it will be sent, sent, answered.
 *
 * @throws AppError `TOOL_DISABLED` | what `send` throws
 */
export async function runExchange(exchange: Exchange, road: Road): Promise<RpcOutcome> {
  const decision = road.admit(exchange);
  if (decision.kind === 'deny') throw denied(exchange, decision.rule);
  return road.send(exchange);
}

function denied(exchange: Exchange, rule: string): AppError {
  const what = exchange.subject.kind === 'tool' ? `tool '${exchange.subject.name}'` : exchange.method;
  return new AppError('TOOL_DISABLED', `${what} is disabled for MCP server '${exchange.server}'`, {
    where: rule,
    hint: `see ${rule}`,
  });
}
