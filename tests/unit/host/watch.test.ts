import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { watchFiles } from '../../../src/host/node/index.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

type Watching = { readonly folder: string; readonly changes: () => number };

/** Watches `config.toml` and the folder `plugins/receipts` of a new folder, until it is quiet. */
async function watching(prepare: (folder: string) => void = () => {}): Promise<Watching> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'plugboard-watch-')));
  prepare(folder);
  let changes = 0;
  const stop = watchFiles(
    { files: [join(folder, 'config.toml')], folders: [join(folder, 'plugins', 'receipts')] },
    () => void (changes += 1),
  );
  ends.push(() => {
    stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await quiet(() => changes, 1);
  return { folder, changes: () => changes };
}

/** Waits until a count has reached `atLeast` and grows no more. */
async function quiet(count: () => number, atLeast: number): Promise<void> {
  await expect.poll(count, { timeout: 10_000 }).toBeGreaterThanOrEqual(atLeast);
  for (let seen = -1; seen !== count(); ) {
    seen = count();
    await sleep(300);
  }
}

const receipts = (folder: string): string => join(folder, 'plugins', 'receipts', 'poka@acme');

test.each([
  {
    name: 'a file that is made',
    prepare: () => {},
    change: (folder: string) => writeFileSync(join(folder, 'config.toml'), ''),
  },
  {
    name: 'a file that is written',
    prepare: (folder: string) => writeFileSync(join(folder, 'config.toml'), ''),
    change: (folder: string) => writeFileSync(join(folder, 'config.toml'), 'a = 1'),
  },
  {
    name: 'a folder that is made with all that is in it',
    prepare: () => {},
    change: (folder: string) => {
      mkdirSync(receipts(folder), { recursive: true });
      writeFileSync(join(receipts(folder), '0001.json'), '{}');
    },
  },
  {
    name: 'a file in a folder of the folder',
    prepare: (folder: string) => void mkdirSync(receipts(folder), { recursive: true }),
    change: (folder: string) => writeFileSync(join(receipts(folder), '0001.json'), '{}'),
  },
  {
    name: 'a folder that is removed',
    prepare: (folder: string) => void mkdirSync(receipts(folder), { recursive: true }),
    change: (folder: string) => rmSync(join(folder, 'plugins'), { recursive: true }),
  },
])('$name is told', async ({ prepare, change }) => {
  const { folder, changes } = await watching(prepare);
  const before = changes();
  change(folder);
  await quiet(changes, before + 1);
  expect(changes()).toBeGreaterThan(before);
});

test('a folder that is made step by step, removed and made again goes on being watched', async () => {
  const { folder, changes } = await watching();
  for (let round = 0; round < 2; round += 1) {
    for (const part of ['plugins', 'plugins/receipts', 'plugins/receipts/a@b']) {
      mkdirSync(join(folder, part));
      await quiet(changes, changes());
    }
    const before = changes();
    writeFileSync(join(folder, 'plugins/receipts/a@b/0001.json'), '{}');
    await quiet(changes, before + 1);
    expect(changes()).toBeGreaterThan(before);
    rmSync(join(folder, 'plugins'), { recursive: true });
    await quiet(changes, changes());
  }
});

test('what is beside a watched file is not told', async () => {
  const { folder, changes } = await watching();
  const before = changes();
  writeFileSync(join(folder, 'other.toml'), '');
  mkdirSync(join(folder, 'elsewhere'));
  writeFileSync(join(folder, 'config.toml'), '');
  await quiet(changes, before + 1);
  expect(changes()).toBe(before + 1);
});
