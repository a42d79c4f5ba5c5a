import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useHomes } from '../support/home.ts';
import { PRODUCT } from '../support/product.ts';

const createHome = useHomes();

test('where a disk has room for half of config.toml, the edit is refused and the file stays as it was', async () => {
  const home = createHome();
  home.configure({ docs: { command: 'x' } });
  const file = join(home.path, 'config.toml');
  writeFileSync(file, `${readFileSync(file, 'utf8')}# ${'x'.repeat(60_000)}\n`);
  const before = readFileSync(file);
  const names = readdirSync(home.path);
  // The system writes what still fits, and refuses the rest.
  const script = 'ulimit -f 32; exec "$0" "$@"';
  const args = [PRODUCT, '--json', 'mcp', 'add', 'more', '--', 'y'];
  const run = home.command('sh', ['-c', script, process.execPath, ...args]);
  expect(await run.ended).toBe(2);
  expect(run.stderr()).toContain('CONFIG_EDIT_REFUSED');
  expect(readFileSync(file)).toEqual(before);
  expect(readdirSync(home.path)).toEqual(names);
});
