import { expect, test } from 'vitest';
import { EventStore } from '../../../src/gateway/event-store.ts';
import type { RpcNotification } from '../../../src/kernel/index.ts';

const say = (data: unknown): RpcNotification => ({ jsonrpc: '2.0', method: 'x', params: { data: data as string } });
const said = (store: EventStore, id: string): readonly unknown[] | null =>
  store.after(id)?.events.map((event) => (JSON.parse(event.data) as { params: { data: unknown } }).params.data) ?? null;

test('events of each stream have their own numbers, and what came after one can be had again', () => {
  const store = new EventStore();
  expect(store.mark('a')).toBe('a-0');
  expect([store.add('a', say(1)).id, store.add('b', say(2)).id, store.add('a', say(3)).id]).toEqual([
    'a-1',
    'b-1',
    'a-2',
  ]);
  expect(store.mark('a')).toBe('a-2');
  expect(store.after('a-0')).toEqual({
    stream: 'a',
    events: [
      { id: 'a-1', data: JSON.stringify(say(1)) },
      { id: 'a-2', data: JSON.stringify(say(3)) },
    ],
  });
  expect([said(store, 'a-1'), said(store, 'a-2'), said(store, 'b-0'), said(store, 'a-99')]).toEqual([[3], [], [2], []]);
});

test.each(['', 'a', 'a-', '-1', 'a-x', 'a--1', 'b-0', 'a-1-1', '__proto__-0'])(
  'the id "%s", which nobody gave, is known to nobody',
  (id) => {
    const store = new EventStore();
    store.mark('a');
    expect(store.after(id)).toBeNull();
  },
);

test('a stream that is forgotten is not known any more', () => {
  const store = new EventStore();
  store.add('a', say(1));
  store.forget('a');
  expect(store.after('a-0')).toBeNull();
});

test('a thousand events are kept; the oldest go first, of whatever stream', () => {
  const store = new EventStore();
  store.add('a', say('first'));
  for (let i = 0; i < 1000; i += 1) store.add('b', say(i));
  expect(said(store, 'a-0')).toEqual([]);
  expect(said(store, 'b-0')).toHaveLength(1000);
});

test('8 MiB are kept, and one event in any case', () => {
  const store = new EventStore();
  for (let i = 0; i < 20; i += 1) store.add('a', say('x'.repeat(1024 * 1024)));
  expect(said(store, 'a-0')).toHaveLength(7);
  store.add('a', say('y'.repeat(20 * 1024 * 1024)));
  expect(said(store, 'a-0')).toHaveLength(1);
});
