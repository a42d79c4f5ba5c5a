import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRate } from '../../../src/gateway/rate.ts';

test('twice the rate at once, then as much as time gives', () => {
  const rate = createRate();
  const takes = (count: number, now: number): number =>
    Array.from({ length: count }, () => rate.take(10, now)).filter(Boolean).length;
  expect([takes(100, 5000), takes(100, 5000), takes(100, 5100), takes(100, 6100), takes(100, 60_000)]).toEqual([
    20, 0, 1, 10, 20,
  ]);
});

test('0 is no limit, and a limit that is lowered counts at once', () => {
  const rate = createRate();
  expect(Array.from({ length: 1000 }, () => rate.take(0, 0)).every(Boolean)).toBe(true);
  expect(Array.from({ length: 1000 }, () => rate.take(1000, 0)).every(Boolean)).toBe(true);
  expect(Array.from({ length: 10 }, () => rate.take(1, 0)).filter(Boolean)).toHaveLength(2);
});

test('no stretch of time lets through more than its share and the burst', () => {
  const steps = fc.array(fc.tuple(fc.nat(500), fc.integer({ min: 1, max: 30 })), { maxLength: 50 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 100 }), (moments, perSec) => {
      const rate = createRate();
      let now = 1000;
      let taken = 0;
      for (const [waitMs, count] of moments) {
        now += waitMs;
        for (let i = 0; i < count; i += 1) if (rate.take(perSec, now)) taken += 1;
      }
      expect(taken).toBeLessThanOrEqual(perSec * 2 + ((now - 1000) / 1000) * perSec + 1);
    }),
  );
});

test('a clock that goes back takes nothing away, and gives nothing twice', () => {
  const rate = createRate();
  const takes = (count: number, now: number): number =>
    Array.from({ length: count }, () => rate.take(10, now)).filter(Boolean).length;
  const hourMs = 3_600_000;
  const now = 10 * hourMs;
  expect([takes(5, now), takes(100, now - hourMs), takes(100, now - hourMs + 1000), takes(100, now)]).toEqual([
    5, 15, 10, 20,
  ]);
});
