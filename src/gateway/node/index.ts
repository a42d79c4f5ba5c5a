/** The effect door of gateway: the HTTP front, and agents on a pair of streams. Opened by cli, api, tests and bench. */
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
