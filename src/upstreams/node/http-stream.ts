import { setTimeout as sleep } from 'node:timers/promises';
import { parseExactly } from '../../kernel/index.ts';
import { EventReader } from '../http-events.ts';
import { MESSAGE_LIMIT_BYTES, reasonOfError } from '../http-reasons.ts';
import type { EndReason } from '../transport.ts';
import type { LightResponse } from './http-light-fetch.ts';

export type EventHandlers = {
  /** The data of one event, never ''. */
  readonly onData: (data: string, name: string) => void;
  /** Where to resume. */
  readonly onId: (id: string) => void;
  readonly onRetry: (waitMs: number) => void;
};

/** Reads an event stream to its end. @returns null when it ended in good order, else what broke it. Never throws. */
export async function followEvents(
  response: LightResponse,
  url: URL,
  handlers: EventHandlers,
): Promise<EndReason | null> {
  let reason: EndReason | null = null;
  const reader = new EventReader({
    limitBytes: MESSAGE_LIMIT_BYTES,
    onEvent: (event) => {
      if (event.id !== null) handlers.onId(event.id);
      if (event.data !== '') handlers.onData(event.data, event.name);
    },
    onRetry: handlers.onRetry,
  });
  try {
    await response.stream((chunk) => {
      if (reader.push(chunk)) return true;
      reason = { kind: 'too_large', limitBytes: MESSAGE_LIMIT_BYTES };
      return false;
    });
  } catch (error) {
    return reasonOfError(error, url);
  }
  return reason;
}

/** @returns the parsed data, or undefined when it is not JSON */
export function parseEventData(data: string): unknown {
  try {
    return parseExactly(data);
  } catch {
    return undefined;
  }
}

/** Waits; an abort ends the wait early and is no error. Never keeps the process alive. */
export async function pause(waitMs: number, signal: AbortSignal): Promise<void> {
  await sleep(waitMs, undefined, { signal, ref: false }).catch(() => {});
}
