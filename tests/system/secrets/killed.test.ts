import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { proves } from '../../e2e/support/proves.ts';
import { useStoreHomes, valuesOf } from '../../support/secret-stores.ts';
import { runWriter } from '../../support/secret-writers.ts';

const createHome = useStoreHomes();

const WORKERS = 8;
const WRITES = 200;
const NAMES = 20;
const KILL_AFTER = 10;

test(proves('secrets.killed'), { timeout: 600_000 }, async () => {
  const home = createHome();
  home.keyring.reachable = false;
  /** The highest acknowledged number by name. */
  const acknowledged = new Map<string, number>();
  const workers = Array.from({ length: WORKERS }, (_, worker) =>
    runWriter({
      home: home.path,
      worker,
      writes: WRITES,
      killAfter: KILL_AFTER,
      onAck: (count) => void acknowledged.set(`W${worker}_${count % NAMES} docs`, count),
    }),
  );
  const all = Promise.all(workers);
  const watch = { reads: 0, done: false };
  void all.finally(() => (watch.done = true)).catch(() => {});
  for (; !watch.done; watch.reads += 1) {
    const before = new Map(acknowledged);
    const values = await valuesOf(home.store('file'));
    const lost = [...before].filter(([name, count]) => Number(values[name] ?? -1) < count);
    expect(lost).toEqual([]);
    await sleep(20);
  }
  const results = await all;
  expect(watch.reads).toBeGreaterThan(10);
  expect(results.reduce((sum, { kills }) => sum + kills, 0)).toBeGreaterThanOrEqual(WORKERS * 5);
  expect(await valuesOf(home.store('file'))).toEqual(
    Object.fromEntries([...acknowledged].map(([name, count]) => [name, String(count)])),
  );
  expect(acknowledged.size).toBe(WORKERS * NAMES);
  const opened = execFileSync('age', ['-d', '-i', join(home.path, 'identity.txt'), join(home.path, 'secrets.age')], {
    encoding: 'utf8',
  });
  expect((JSON.parse(opened) as { secrets: unknown[] }).secrets).toHaveLength(WORKERS * NAMES);
  // However often they were killed, no more is left than one file that was being written.
  const left = readdirSync(home.path).filter((name) => !['secrets.age', 'identity.txt', 'run'].includes(name));
  expect(left.filter((name) => !/^(secrets\.age|identity\.txt)\.new$/.test(name))).toEqual([]);
});
