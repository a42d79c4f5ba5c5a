import type { Secret } from '../../kernel/index.ts';
import { type HeaderValues, resolveHeaders } from '../http-headers.ts';

export type SendHeaders = {
  /** Of the configuration, with their values. */
  readonly headers: HeaderValues;
  /** Runs `http_headers_helper`; null without one. @throws TransportEnded `headers_helper` */
  readonly helper: (() => Promise<HeaderValues>) | null;
  readonly version: string;
  /** Told the names of headers that cannot be sent. */
  readonly onDropped: (names: readonly string[]) => void;
};

/** The headers of every request to one server, to be asked for at its start and when they were refused. */
export function sendHeaders({ headers, helper, version, onDropped }: SendHeaders): () => Promise<HeaderValues> {
  return async () => {
    const printed = helper === null ? {} : await helper();
    const resolved = resolveHeaders({ headers, helper: printed, version, textOf: revealed });
    if (resolved.dropped.length > 0) onDropped(resolved.dropped);
    return resolved.headers;
  };
}

/** What is sent of a value that may be a secret. */
export function revealed(value: string | Secret): string {
  return typeof value === 'string' ? value : value.reveal();
}
