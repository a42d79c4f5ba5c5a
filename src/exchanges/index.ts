/**
 * exchanges: the one road between agents and servers. A request, whatever front it came in by, becomes an Exchange and
 * goes through `runExchange`; nothing else reaches a server on an agent's behalf.
 *
 * It decides nothing itself (policy does) and knows no transport. Called by host.
 */
export type { Exchange, Subject } from './exchange.ts';
export { type Road, runExchange } from './run.ts';
