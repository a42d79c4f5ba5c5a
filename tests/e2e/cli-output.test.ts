import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fixture, useHomes } from '../support/home.ts';
import { PRODUCT } from '../support/product.ts';

const createHome = useHomes();

test.each([
  { args: 'plugin list' },
  { args: 'mcp list' },
  { args: 'mcp list --json' },
  { args: 'plugin validate . --sarif' },
  { args: '--help' },
])('output that cannot be written is an error: $args', async ({ args }) => {
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  const cwd = join(home.folder, 'empty');
  mkdirSync(cwd);
  const line = `exec "$1" "$2" ${args} > /dev/full`;
  const run = home.command('sh', ['-c', line, 'sh', process.execPath, PRODUCT], { cwd, env: home.env });
  expect(await run.ended).toBe(1);
  const message = 'the output could not be written (ENOSPC)';
  if (args.endsWith('--json'))
    expect(JSON.parse(run.stderr())).toMatchObject({ error: { code: 'OUTPUT_UNWRITABLE', message } });
  else
    expect(run.stderr()).toMatch(
      /^plugboard: the output could not be written \(ENOSPC\)\n {2}.* \[OUTPUT_UNWRITABLE\]\n$/,
    );
});

test('who reads no further ends it quietly', async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  const line = '"$1" "$2" mcp list | true';
  const run = home.command('sh', ['-c', line, 'sh', process.execPath, PRODUCT], { env: home.env });
  expect([await run.ended, run.stderr()]).toEqual([0, '']);
});
