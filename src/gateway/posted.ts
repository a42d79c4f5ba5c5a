import { classifyMessage, type RpcId } from '../kernel/index.ts';
import { BATCH_VERSION } from './versions.ts';

/** What the body of one POST holds. */
export type Posted =
  /** `answers` counts the messages that are to be answered: requests, and parts of a batch that are no messages. */
  | { readonly kind: 'messages'; readonly answers: number; readonly isInitialize: boolean }
  | { readonly kind: 'invalid'; readonly reason: string; readonly id: RpcId | null };

/** @param version The revision of the session; null where there is none yet. Only one revision has batches. */
export function inspectPosted(body: unknown, version: string | null): Posted {
  if (Array.isArray(body) && version === BATCH_VERSION) return inspectBatch(body);
  const found = classifyMessage(body);
  if (found.kind === 'invalid') return found;
  const isRequest = found.kind === 'request';
  const isInitialize = isRequest && found.message.method === 'initialize';
  return { kind: 'messages', answers: isRequest ? 1 : 0, isInitialize };
}

function inspectBatch(parts: readonly unknown[]): Posted {
  const kinds = parts.map((part) => classifyMessage(part).kind);
  if (kinds.every((kind) => kind === 'invalid'))
    return { kind: 'invalid', reason: 'no message in the batch', id: null };
  const answers = kinds.filter((kind) => kind === 'request' || kind === 'invalid').length;
  return { kind: 'messages', answers, isInitialize: false };
}
