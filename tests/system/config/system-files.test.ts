/**
 * The files of the machine, as the command line reads them: with a private `/etc` in a mount namespace of its own, which
 * needs root.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { proves } from '../../e2e/support/proves.ts';
import { type Finished, type Home, useHomes } from '../../support/home.ts';
import { PRODUCT } from '../../support/product.ts';

const createHome = useHomes();

/** `plugboard ARGS` where `/etc/plugboard` holds these files. */
async function onMachine(
  home: Home,
  files: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<Finished> {
  const etc = join(home.folder, 'etc');
  mkdirSync(join(etc, 'plugboard'), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(etc, 'plugboard', name), text);
  const run = home.command(
    'unshare',
    ['--mount', 'sh', '-c', 'mount --bind "$0" /etc && exec "$@"', etc, process.execPath, PRODUCT, ...args],
    { cwd: home.folder },
  );
  const status = await run.ended;
  return { status, stdout: run.stdout(), stderr: run.stderr() };
}

test(`the system layer: ${proves('config.layers')}`, async () => {
  const home = createHome();
  home.configure({ both: { command: 'user' } });
  const files = {
    'config.toml': '[mcp_servers.both]\ncommand = "system"\nargs = ["a"]\n[mcp_servers.own]\ncommand = "c"\n',
  };
  const { stdout, stderr } = await onMachine(home, files, ['mcp', 'list', '--json']);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toMatchObject([
    { name: 'both', transport: { command: 'user', args: ['a'] }, origin: { layer: 'user' } },
    { name: 'own', origin: { layer: 'system', file: '/etc/plugboard/config.toml', line: 4 } },
  ]);
});

test(proves('config.requirements'), async () => {
  const home = createHome();
  home.configure({ yes: { command: 'true' }, no: { command: 'true' } });
  const allowed = { 'requirements.toml': '[mcp_servers.yes.identity]\ncommand = "true"\n' };
  const listed = await onMachine(home, allowed, ['mcp', 'list', '--json']);
  expect(JSON.parse(listed.stdout)).toMatchObject([
    { name: 'no', enabled: false, disabled_reason: 'requirements (/etc/plugboard/requirements.toml)' },
    { name: 'yes', enabled: true, disabled_reason: null },
  ]);
  const damaged = { 'requirements.toml': '[mcp_servers.yes]\n' };
  for (const args of [['serve', '--port', '0'], ['stdio'], ['stdio', '--standalone'], ['mcp', 'list'], ['doctor']]) {
    const { status, stderr } = await onMachine(home, damaged, args);
    expect({ args, status, stderr }).toEqual({
      args,
      status: 2,
      stderr: expect.stringMatching(/\/etc\/plugboard\/requirements\.toml:1:\d+.*\[CONFIG_SYSTEM_DAMAGED\]/s),
    });
  }
});
