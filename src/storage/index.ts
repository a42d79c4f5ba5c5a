/**
 * storage: what a home remembers between runs, in one SQLite database: tokens of the HTTP endpoint, and facts learned
 * about servers.
 *
 * Plain records only; no secret is stored in clear. Configuration and secrets live elsewhere. The database itself is
 * opened through `node/`, by host and cli.
 */
export type { TokenRecord } from './token.ts';
