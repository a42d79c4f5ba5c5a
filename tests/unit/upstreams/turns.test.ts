import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AppError } from '../../../src/kernel/index.ts';
import { createCallQueue } from '../../../src/upstreams/node/call-queue.ts';
import { MAX_ATTEMPTS, planRetry } from '../../../src/upstreams/retry.ts';
import { createTurns } from '../../../src/upstreams/turns.ts';

test('those that read run together, any other alone, and nobody is overtaken', () => {
  const turns = createTurns();
  const began: string[] = [];
  const take = (name: string, mode: 'shared' | 'exclusive') => turns.take(mode, () => began.push(name));
  const a = take('read a', 'shared');
  const b = take('read b', 'shared');
  const c = take('write c', 'exclusive');
  const d = take('read d', 'shared');
  const e = take('write e', 'exclusive');
  expect([began.splice(0), turns.waiting()]).toEqual([['read a', 'read b'], 3]);
  a();
  a();
  expect(began).toEqual([]);
  b();
  expect(began.splice(0)).toEqual(['write c']);
  e();
  c();
  expect([began, turns.waiting()]).toEqual([['read d'], 0]);
  d();
});

test('whatever comes and goes, nobody runs beside one that runs alone, all run in order, and nobody is left', () => {
  const step = fc.oneof(fc.constantFrom('shared' as const, 'exclusive' as const), fc.record({ end: fc.nat(20) }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const turns = createTurns();
      const running = new Map<number, 'shared' | 'exclusive'>();
      const places: (() => void)[] = [];
      const left = new Set<number>();
      const order: number[] = [];
      const begin = (mode: 'shared' | 'exclusive'): void => {
        const id = places.length;
        places.push(() => {});
        places[id] = turns.take(mode, () => {
          running.set(id, mode);
          order.push(id);
          const alone = [...running.values()].filter((other) => other === 'exclusive').length;
          expect(alone === 0 || running.size === 1).toBe(true);
        });
      };
      const end = (id: number): void => {
        running.delete(id);
        left.add(id);
        places[id]?.();
      };
      for (const one of steps) {
        if (typeof one === 'string') begin(one);
        else if (one.end < places.length) end(one.end);
      }
      while (running.size > 0) for (const id of running.keys()) end(id);
      expect(order).toEqual([...order].sort((x, y) => x - y));
      expect(turns.waiting()).toBe(0);
      expect(places.map((_, id) => id).filter((id) => !left.has(id))).toEqual([]);
    }),
  );
});

test('a queue runs calls in turn, lets go of one that is cancelled, and sends those that wait elsewhere', async () => {
  const queue = createCallQueue();
  const began: string[] = [];
  let finish: () => void = () => {};
  const hold = new Promise<void>((resolve) => (finish = resolve));
  const call = (name: string, signal = new AbortController().signal) =>
    queue.run({ mode: 'exclusive', signal }, async () => {
      began.push(name);
      await hold;
      return { kind: 'result', result: name };
    });
  const cancelling = new AbortController();
  const [first, second, third] = [call('first'), call('second', cancelling.signal), call('third')];
  expect([began, queue.waiting()]).toEqual([['first'], 2]);
  cancelling.abort();
  await expect(second).rejects.toMatchObject({ code: 'CALL_CANCELLED' });
  queue.move();
  expect([await third, queue.waiting()]).toEqual(['moved', 0]);
  const fourth = call('fourth');
  finish();
  expect([await first, await fourth]).toEqual([
    { kind: 'result', result: 'first' },
    { kind: 'result', result: 'fourth' },
  ]);
  expect(began).toEqual(['first', 'fourth']);
});

test('a call that fails passes its turn on', async () => {
  const queue = createCallQueue();
  const { signal } = new AbortController();
  const fails = queue.run({ mode: 'exclusive', signal }, () => Promise.reject(new AppError('INTERNAL', 'x')));
  const next = queue.run({ mode: 'exclusive', signal }, async () => ({ kind: 'result', result: 1 }));
  await expect(fails).rejects.toMatchObject({ code: 'INTERNAL' });
  expect(await next).toEqual({ kind: 'result', result: 1 });
});

test('pauses between attempts grow to half a minute, and end', () => {
  const pauses = Array.from({ length: MAX_ATTEMPTS }, (_, index) => planRetry(index + 1));
  expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, null]);
});
