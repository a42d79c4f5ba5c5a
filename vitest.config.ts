import { defineConfig } from 'vitest/config';

/** `npm test` runs everything that needs only Node; `npm run test:system` sets PLUGBOARD_TESTS=system. */
const system = process.env['PLUGBOARD_TESTS'] === 'system';

export default defineConfig({
  test: {
    include: system ? ['tests/system/**/*.test.ts'] : ['tests/{unit,architecture,e2e}/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Waiting for a condition is no measurement: a busy machine may take its time.
    expect: { poll: { timeout: 15_000, interval: 20 } },
    maxWorkers: 2,
  },
});
