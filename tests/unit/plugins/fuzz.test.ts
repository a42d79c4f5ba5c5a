import fc from 'fast-check';
import { expect, test } from 'vitest';
import { brokenPromise, parseCase, randomCase } from './random-bundles.ts';

/** `node bench/plugin-fuzz.ts` runs 100,000, and says how long they took. */
const RUNS = 2000;

test('any bundle is a plugin or an error, and never a crash', () => {
  fc.assert(
    fc.property(randomCase, (one) => {
      expect(brokenPromise(parseCase(one))).toBeNull();
    }),
    { numRuns: RUNS },
  );
});
