/**
 * gateway/node: MCP towards agents. The HTTP front, and agents on a pair of streams; behind both one AgentSession per
 * agent, whatever carries its messages.
 *
 * It knows servers only through Host sessions and decides nothing about permission. It starts nothing and reads no
 * configuration files. Opened by cli, `src/index.ts`, tests and bench; the room has no other door, because nobody needs
 * its pure files alone.
 */
import type { HttpGateway, HttpGatewayOptions } from './http-server.ts';

export { type StreamServerOptions, serveStream } from './stream-server.ts';
export type { HttpGateway, HttpGatewayOptions };

/**
 * Opens the HTTP front, which is loaded then: a host that serves only pipes starts faster without it.
 *
 * @throws AppError `PORT_IN_USE` | `HTTP_AUTH_NONE_NOT_LOCAL`
 */
export async function serveHttp(
  options: HttpGatewayOptions,
  at: { readonly host: string; readonly port: number },
): Promise<HttpGateway> {
  const front = await import('./http-server.ts');
  return front.serveHttp(options, at);
}
