import { expect, test } from 'vitest';
import { wireText } from '../../../src/gateway/wire-text.ts';
import type { JsonValue } from '../../../src/kernel/index.ts';

const deep = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)) as JsonValue;

test.each([
  {
    name: 'a message is its JSON',
    message: { jsonrpc: '2.0', id: 'x', result: { a: [1, null, ''] } } as const,
    want: { jsonrpc: '2.0', id: 'x', result: { a: [1, null, ''] } },
  },
  {
    name: 'an answer that is nested too deeply is an error of its request',
    message: { jsonrpc: '2.0', id: '', result: deep } as const,
    want: { jsonrpc: '2.0', id: '', error: { code: -32000, data: { code: 'UPSTREAM_PROTOCOL' } } },
  },
  {
    name: 'so is an error',
    message: { jsonrpc: '2.0', id: 0, error: { code: 1, message: '', data: deep } } as const,
    want: { jsonrpc: '2.0', id: 0, error: { code: -32000 } },
  },
  {
    name: 'a notification is a log message',
    message: { jsonrpc: '2.0', method: 'notifications/x', params: { deep } } as const,
    want: {
      method: 'notifications/message',
      params: { level: 'error', data: expect.stringContaining('notifications/x') },
    },
  },
])('$name', ({ message, want }) => expect(JSON.parse(wireText(message))).toMatchObject(want));
