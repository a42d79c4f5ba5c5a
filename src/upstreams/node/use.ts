import type { AgentPort } from '../ports.ts';
import { type CallQueue, createCallQueue } from './call-queue.ts';
import type { Connection } from './connection.ts';
import type { Link } from './link.ts';

/** From the most talkative. @see MCP 2025-11-25, server/utilities/logging */
const LOG_LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];

/** How long a server may take over what nobody waits for. */
const ASIDE = { timeoutMs: 30_000, timeoutKey: 'startup_timeout_sec' } as const;

export type UseOptions = {
  readonly link: Link;
  /** The log level that a session asked for. */
  readonly levelOf: (session: string) => string | undefined;
  readonly now: number;
};

/** One connection and the sessions on it: who they are, what they subscribed to, whose turn it is. */
export class Use {
  readonly link: Link;
  readonly users = new Map<string, AgentPort>();
  /** URI → sessions subscribed to it. */
  readonly subscriptions = new Map<string, Set<string>>();
  readonly queue: CallQueue = createCallQueue();
  /** Calls that run here or wait for something. */
  busy = 0;
  lastUsed: number;
  readonly #levelOf: UseOptions['levelOf'];

  constructor({ link, levelOf, now }: UseOptions) {
    this.link = link;
    this.lastUsed = now;
    this.#levelOf = levelOf;
  }

  /** Sessions to tell. What is updated may be a part of what they subscribed to, and only the server knows of what. */
  subscribersOf(uri: string): ReadonlySet<string> {
    return (
      this.subscriptions.get(uri) ?? new Set([...this.subscriptions.values()].flatMap((sessions) => [...sessions]))
    );
  }

  /** A session is over; what only it had subscribed to is given up. */
  leave(session: string): void {
    if (!this.users.delete(session)) return;
    for (const [uri, sessions] of this.subscriptions) {
      if (!sessions.delete(session) || sessions.size > 0) continue;
      this.subscriptions.delete(uri);
      this.#aside((connection) => connection.request('resources/unsubscribe', { uri }, ASIDE));
    }
  }

  /** After a start: the level and the subscriptions that sessions asked for before. */
  greet(connection: Connection): void {
    this.tellLevel();
    for (const uri of this.subscriptions.keys())
      connection.request('resources/subscribe', { uri }, ASIDE).catch(ignore);
  }

  /** Tells the server the most talkative level that any of the sessions asked for. */
  tellLevel(): void {
    if (this.link.hello?.capabilities['logging'] === undefined) return;
    const levels = [...this.users.keys()]
      .map((session) => LOG_LEVELS.indexOf(this.#levelOf(session) ?? ''))
      .filter((index) => index >= 0);
    const level = LOG_LEVELS[Math.min(...levels)];
    if (level !== undefined) this.#aside((connection) => connection.request('logging/setLevel', { level }, ASIDE));
  }

  /** Says something to the server, if it is there, that nobody waits for. */
  #aside(say: (connection: Connection) => Promise<unknown>): void {
    if (this.link.state.kind === 'up') this.link.ready().then(say).catch(ignore);
  }
}

/** For what a connection that is just going away need not hear any more. */
function ignore(): void {}
