import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { watchSize } from '../../../../src/marketplace/node/watch-size.ts';

const folder = mkdtempSync(join(tmpdir(), 'plugboard-size-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a folder that grows beyond measure ends what fills it', async () => {
  mkdirSync(join(folder, 'a', 'b'), { recursive: true });
  const { exceeded, stop } = watchSize(folder, 1_000_000);
  writeFileSync(join(folder, 'a', 'one'), Buffer.alloc(600_000));
  writeFileSync(join(folder, 'a', 'b', 'two'), Buffer.alloc(600_000));
  await expect.poll(() => exceeded.aborted).toBe(true);
  expect(exceeded.reason).toMatchObject({ code: 'PLUGIN_TOO_LARGE', message: expect.stringContaining('1 MB') });
  stop();
});

test('a folder that is not there is no problem', () => {
  const { exceeded, stop } = watchSize(join(folder, 'none'), 1);
  stop();
  expect(exceeded.aborted).toBe(false);
});
