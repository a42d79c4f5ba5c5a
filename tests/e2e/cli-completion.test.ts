import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { refusal, said } from '../support/cli.ts';
import { fixture, useHomes } from '../support/home.ts';
import { plugin, writeMarketplace } from '../support/marketplace-folder.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

test(proves('cli.completion'), async () => {
  const home = createHome();
  home.configure({ memory: fixture('echo'), 'my-docs': fixture('echo'), broken: {} });
  for (const [shell, mark] of [
    ['bash', 'complete -F __plugboard_complete plugboard'],
    ['zsh', '#compdef plugboard'],
    ['fish', 'complete -c plugboard'],
  ] as const) {
    const script = await said(home, ['completion', shell]);
    expect(script).toContain(mark);
    expect(script).toContain('plugboard complete --');
  }
  expect(await refusal(home, ['completion', 'tcsh'])).toMatchObject({ status: 2, code: 'USAGE' });
  /** What is offered for the last of these words. */
  const offered = async (...words: readonly string[]): Promise<readonly string[]> => {
    const lines = (await said(home, ['complete', '--', ...words])).split('\n');
    expect(lines.at(-1)).toBe(':4');
    return lines.slice(0, -1).map((line) => line.split('\t')[0] ?? '');
  };
  expect(await offered('')).toEqual([
    'serve',
    'stdio',
    'mcp',
    'plugin',
    'tools',
    'doctor',
    'token',
    'secret',
    'connect',
    'config',
    'completion',
  ]);
  expect(await offered('mcp', 'r')).toEqual(['remove', 'restart']);
  expect(await offered('mcp', 'get', '')).toEqual(['broken', 'memory', 'my-docs']);
  expect(await offered('mcp', 'logs', 'm')).toEqual(['memory', 'my-docs']);
  expect(await offered('doctor', '--server', 'my')).toEqual(['my-docs']);
  expect(await offered('mcp', 'add', '--env')).toEqual(['--env', '--env-var', '--env-file', '--env-header']);
  expect(await offered('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  expect(await offered('nothing', 'like', 'this')).toEqual([]);
});

test('plugins and marketplaces are completed by their names, each where it can stand', async () => {
  const home = createHome();
  const root = writeMarketplace(join(home.folder, 'acme'), 'acme', {
    tools: plugin('tools', {}, { manifest: { user_config: { token: { sensitive: true }, region: {} } } }),
    tasks: plugin('tasks', {}),
  });
  await said(home, ['plugin', 'marketplace', 'add', root]);
  await home.finish(['plugin', 'add', 'tools']);
  const offered = async (...words: readonly string[]): Promise<readonly string[]> => {
    const lines = (await said(home, ['complete', '--', ...words])).split('\n');
    return lines.slice(0, -1).map((line) => line.split('\t')[0] ?? '');
  };
  expect(await offered('plugin', 'marketplace', '')).toEqual(['add', 'list', 'upgrade', 'remove']);
  expect(await offered('plugin', 'marketplace', 'remove', '')).toEqual(['acme']);
  expect(await offered('plugin', 'list', '-m', '')).toEqual(['acme']);
  expect(await offered('plugin', 'add', 't')).toEqual(['tools@acme', 'tasks@acme']);
  expect(await offered('plugin', 'remove', '')).toEqual(['tools@acme']);
  expect(await offered('plugin', 'configure', '')).toEqual(['tools@acme']);
  expect(await offered('plugin', 'configure', 'tools@acme', '--stdin', '')).toEqual(['region', 'token']);
});

test('the script for bash may be read twice', async () => {
  const home = createHome();
  writeFileSync(join(home.folder, 'script.bash'), await said(home, ['completion', 'bash']));
  const run = home.command(
    'bash',
    [
      '-c',
      'for round in 1 2; do source ./script.bash; done; complete -p plugboard; echo $ShellCompDirectiveKeepOrder; type -t readonly',
    ],
    { cwd: home.folder },
  );
  expect({ status: await run.ended, stdout: run.stdout(), stderr: run.stderr() }).toEqual({
    status: 0,
    stdout: 'complete -F __plugboard_complete plugboard\n32\nbuiltin\n',
    stderr: '',
  });
});

test('completion goes on when the configuration cannot be read', async () => {
  const home = createHome();
  expect(await said(home, ['--config', '/does/not/exist', 'complete', '--', 'mcp', 'get', ''])).toBe(':4');
});
