import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { keyFrom } from '../../../src/secrets/node/age-file.ts';
import { put, useStoreHomes, valuesOf } from '../../support/secret-stores.ts';

const createHome = useStoreHomes();
const MOVER = fileURLToPath(new URL('../../fixtures/secrets/mover.mjs', import.meta.url));
const ROUNDS = 40;

/** Lets a process move the key to and fro, and kills it a moment after its first change. @returns The last number it acknowledged. */
async function moveUntilKilled(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [MOVER, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let last = -1;
  let timer: NodeJS.Timeout | undefined;
  createInterface({ input: child.stdout }).on('line', (line) => {
    last = Number(line);
    timer ??= setTimeout(() => child.kill('SIGKILL'), randomInt(60));
  });
  const signal = await new Promise((resolve) => child.once('close', (_, by) => resolve(by)));
  clearTimeout(timer);
  expect(signal).toBe('SIGKILL');
  return last;
}

test('killed while two processes move the key to and fro and write, nothing is lost and the key is where the file says', {
  timeout: 300_000,
}, async () => {
  const home = createHome();
  const folder = join(home.path, '..', 'keyring');
  mkdirSync(folder);
  home.keyring.reachable = false;
  await put(home.store('file'), 'KEPT docs', 'v');
  const acknowledged = [-1, -1];
  for (let round = 0; round < ROUNDS; round += 1) {
    const runs = acknowledged.map((last, worker) =>
      moveUntilKilled([home.path, folder, String(worker), String(last + 1)]),
    );
    for (const [worker, last] of (await Promise.all(runs)).entries()) acknowledged[worker] = last;
    // What is left is read with the keys there are.
    home.keyring.reachable = true;
    home.keyring.keys.clear();
    for (const id of readdirSync(folder)) {
      const text = readFileSync(join(folder, id), 'utf8');
      if (text !== '') home.keyring.keys.set(id, keyFrom(text));
    }
    const values = await valuesOf(home.store('auto'));
    const numbers = acknowledged.map((_, worker) => Number(values[`M${worker} docs`]));
    expect(values['KEPT docs']).toBe('v');
    // One more may have been written, and not been told of any more.
    for (const [worker, last] of acknowledged.entries()) {
      expect([last, last + 1]).toContain(numbers[worker]);
      acknowledged[worker] = numbers[worker] ?? last;
    }
  }
  expect(Math.min(...acknowledged)).toBeGreaterThan(ROUNDS);
  const left = readdirSync(home.path).filter((name) => !/^(secrets\.age|identity\.txt)(\.new)?$/.test(name));
  expect(left).toEqual(['run']);
});
