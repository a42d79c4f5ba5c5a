import type { Log, RpcMessage } from '../../kernel/index.ts';
import { reasonOfStatus } from '../http-reasons.ts';
import { type EndReason, TransportEnded } from '../transport.ts';
import type { LightResponse } from './http-light-fetch.ts';
import type { Net } from './http-net.ts';

/** The way messages go to one server. */
export type Road = {
  /** @throws TransportEnded */
  readonly send: (message: RpcMessage, signal: AbortSignal | undefined) => Promise<void>;
  readonly setProtocolVersion: (version: string) => void;
  readonly close: () => Promise<void>;
};

export type RoadOptions = {
  readonly server: string;
  readonly url: URL;
  readonly net: Net;
  readonly log: Log;
  readonly onMessage: (message: RpcMessage) => void;
  readonly onOdd: (detail: string) => void;
  /** The road leads nowhere any more. */
  readonly onLost: (reason: EndReason) => void;
  /** A new session took the place of a lost one: subscriptions and log level are gone, lists may have changed. */
  readonly onRenewed: () => void;
};

/** Most bytes that are read of an answer that only says what went wrong. */
export const ERROR_BODY_LIMIT_BYTES = 1024 * 1024;

/** The body the SDK sends: always text. */
export function textBody(init: RequestInit): string {
  return typeof init.body === 'string' ? init.body : '';
}

/** Reads what is left of an answer that does not matter, so that its connection can be used again. Never throws. */
export async function drain(response: LightResponse): Promise<void> {
  if (mediaType(response) === 'text/event-stream') response.cancel();
  else await response.text(ERROR_BODY_LIMIT_BYTES).catch(() => {});
}

/** The media type of a `Content-Type` header, in lower case and without parameters; '' without one. */
export function mediaType(response: LightResponse): string {
  return (response.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** The SDK deals with these: it follows those that stay within the origin and keep the method. */
export function isRedirect(response: LightResponse): boolean {
  return response.status >= 300 && response.status < 400;
}

export function reasonOfResponse(response: LightResponse, net: Net): EndReason {
  return reasonOfStatus({
    status: response.status,
    challenge: response.headers.get('www-authenticate'),
    sentCredentials: net.sendsCredentials,
  });
}

/** Lets only an event stream through. @throws TransportEnded */
export async function expectEventStream(response: LightResponse, net: Net): Promise<void> {
  if (response.ok && mediaType(response) === 'text/event-stream') return;
  await drain(response);
  if (!response.ok) throw new TransportEnded(reasonOfResponse(response, net));
  throw new TransportEnded({ kind: 'protocol', detail: 'a GET was not answered with an event stream' });
}

/** Waits for `wait`, unless the caller gives up before. @throws TransportEnded `closed` when aborted, and as `wait` */
export async function unlessAborted<T>(wait: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return wait;
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => {});
  const onAbort = (): void => aborted.reject(new TransportEnded({ kind: 'closed' }));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([wait, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    wait.catch(() => {});
  }
}
