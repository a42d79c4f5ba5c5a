import { expect, test } from 'vitest';
import { inspectPosted } from '../../../src/gateway/posted.ts';

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
const note = { jsonrpc: '2.0', method: 'notifications/x' };
const answer = { jsonrpc: '2.0', id: 1, result: {} };
const messages = (answers: number, isInitialize = false) => ({ kind: 'messages', answers, isInitialize });
const invalid = (id: unknown = null) => ({ kind: 'invalid', id, reason: expect.any(String) });

test.each([
  { name: 'a request', body: ping, want: messages(1) },
  { name: 'initialize', body: { ...ping, method: 'initialize' }, want: messages(1, true) },
  { name: 'initialize without an id', body: { ...note, method: 'initialize' }, want: messages(0) },
  { name: 'a notification', body: note, want: messages(0) },
  { name: 'an answer', body: answer, want: messages(0) },
  { name: 'a number', body: 5, want: invalid() },
  { name: 'null', body: null, want: invalid() },
  { name: 'nothing of a message', body: { jsonrpc: '2.0', id: 'x' }, want: invalid('x') },
  { name: 'a batch where there are none', body: [ping], version: '2025-06-18', want: invalid() },
  { name: 'a batch before there is a session', body: [ping], version: null, want: invalid() },
  { name: 'a batch', body: [ping, note, answer, ping], version: '2025-03-26', want: messages(2) },
  { name: 'a batch that asks nothing', body: [note, answer], version: '2025-03-26', want: messages(0) },
  { name: 'a batch with parts that are no messages', body: [5, ping, []], version: '2025-03-26', want: messages(3) },
  { name: 'a batch of nothing else', body: [5, []], version: '2025-03-26', want: invalid() },
  { name: 'an empty batch', body: [], version: '2025-03-26', want: invalid() },
  { name: 'one message where there are batches', body: ping, version: '2025-03-26', want: messages(1) },
])('a POST with $name', ({ body, version = '2025-11-25', want }) => {
  expect(inspectPosted(body, version)).toEqual(want);
});
