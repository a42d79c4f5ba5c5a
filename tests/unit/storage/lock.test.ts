import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppError } from '../../../src/kernel/index.ts';
import { takeLock } from '../../../src/storage/node/index.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plugboard-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Another process that takes the lock, says whether it got it, and then waits to be killed. */
const HOLDER = `
  const { takeLock } = await import(process.argv[1]);
  process.stdout.write(takeLock(process.argv[2]) === null ? 'busy' : 'held');
  setInterval(() => {}, 1000);
`;

async function holder(file: string): Promise<{ readonly said: string; readonly kill: () => Promise<void> }> {
  const door = new URL('../../../src/storage/node/index.ts', import.meta.url).href;
  const child = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, door, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const said = await new Promise<string>((resolve) => child.stdout.setEncoding('utf8').once('data', resolve));
  return {
    said,
    kill: () => {
      child.kill('SIGKILL');
      return gone;
    },
  };
}

test('one process has a lock at a time, and a killed one has it no more', async () => {
  const file = join(folder, 'host.lock');
  const first = await holder(file);
  const second = await holder(file);
  expect([first.said, second.said]).toEqual(['held', 'busy']);
  expect(takeLock(file)).toBeNull();
  await first.kill();
  const release = takeLock(file);
  expect(release).not.toBeNull();
  expect((await holderThenGone(file)).said).toBe('busy');
  release?.();
  expect((await holderThenGone(file)).said).toBe('held');
  await second.kill();
});

async function holderThenGone(file: string): Promise<{ readonly said: string }> {
  const one = await holder(file);
  await one.kill();
  return one;
}

test('a lock is taken and given back within one process, too', () => {
  const file = join(folder, 'x.lock');
  const release = takeLock(file);
  expect(takeLock(file)).toBeNull();
  release?.();
  const again = takeLock(file);
  expect(again).not.toBeNull();
  again?.();
});

test.each([
  { name: 'in a folder that is not there', path: ['none', 'x.lock'], content: null },
  {
    name: 'of another kind',
    path: ['x.lock'],
    content: 'a text that is no lock, and long enough to be looked at. '.repeat(20),
  },
])('a lock file $name is a coded error', ({ path, content }) => {
  const file = join(folder, ...path);
  if (content !== null) writeFileSync(file, content);
  expect(() => takeLock(file)).toThrow(AppError);
  expect(() => takeLock(file)).toThrow(/lock cannot be taken/);
});

test('giving a lock back twice does no harm, also when it is taken again in between', () => {
  const file = join(folder, 'x.lock');
  const release = takeLock(file);
  release?.();
  release?.();
  const again = takeLock(file);
  expect(again).not.toBeNull();
  release?.();
  expect(takeLock(file)).toBeNull();
  again?.();
});
