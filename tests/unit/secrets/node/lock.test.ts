import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type TakeLock, whileLocked } from '../../../../src/secrets/node/lock.ts';
import { codeOf } from '../../../support/secret-stores.ts';

/** Locks of one machine, and what is held. */
function createLocks(): { readonly takeLock: TakeLock; readonly held: Set<string> } {
  const held = new Set<string>();
  return {
    held,
    takeLock: (file) => {
      if (held.has(file)) return null;
      held.add(file);
      return () => void held.delete(file);
    },
  };
}

test('whoever came first is first, and nobody who comes back overtakes', async () => {
  const { takeLock, held } = createLocks();
  const turns: number[] = [];
  const release = takeLock('store') ?? (() => {});
  const waiting: Promise<void>[] = [];
  for (let number = 0; number < 8; number += 1) {
    const again = async (): Promise<void> => {
      for (const round of [0, 1, 2])
        await whileLocked('store', takeLock, async () => void turns.push(number + 10 * round));
    };
    waiting.push(again());
    // Each is as far in front as it gets before the next one comes.
    while (!held.has(`store.${number + 1}`) || held.size > number + 2) await turn();
  }
  expect(held.size).toBe(9);
  release();
  await Promise.all(waiting);
  expect(turns.slice(0, 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect([turns.length, held.size]).toEqual([24, 0]);
});

test('more than there are places for come to their turn, too', async () => {
  const { takeLock, held } = createLocks();
  let count = 0;
  await Promise.all(Array.from({ length: 40 }, () => whileLocked('store', takeLock, async () => void (count += 1))));
  expect([count, held.size]).toEqual([40, 0]);
});

test('what fails gives its place back', async () => {
  const { takeLock, held } = createLocks();
  const failing = whileLocked('store', takeLock, () => Promise.reject(new Error('it failed')));
  await expect(failing).rejects.toThrow('it failed');
  const broken: TakeLock = (file) => {
    if (file === 'store') throw new Error('no disk');
    return takeLock(file);
  };
  await expect(whileLocked('store', broken, async () => {})).rejects.toThrow('no disk');
  expect([...held]).toEqual([]);
});

test('a store that stays locked is said after a while, and the line is left', { timeout: 30_000 }, async () => {
  const { takeLock, held } = createLocks();
  takeLock('store');
  expect(await codeOf(whileLocked('store', takeLock, async () => {}))).toBe('SECRET_STORE_BUSY');
  expect([...held]).toEqual(['store']);
});
