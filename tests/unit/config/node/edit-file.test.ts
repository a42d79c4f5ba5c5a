import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'smol-toml';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addServer, setKey } from '../../../../src/config/index.ts';
import { editFile, loadConfig, trustProject } from '../../../../src/config/node/index.ts';
import { takeLock } from '../../../../src/storage/node/index.ts';
import { proves } from '../../../e2e/support/proves.ts';
import { until } from '../../../support/processes.ts';

const CHILD = fileURLToPath(new URL('../../../fixtures/config/edit-child.ts', import.meta.url));

let root = '';
let home = '';
let file = '';
let children: ChildProcess[] = [];
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'plugboard-edit-')));
  home = join(root, 'home');
  file = join(home, 'config.toml');
});
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  children = [];
  rmSync(root, { recursive: true, force: true });
});

function start(...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [CHILD, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  children.push(child);
  return child;
}

const place = () => ({ file, lockFor: () => join(home, 'run/config-edit.lock'), takeLock });
const edit = (text: (old: string) => string, of = file): Promise<boolean> => editFile({ ...place(), file: of }, text);
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

function given(text: string, mode = 0o600): void {
  mkdirSync(home, { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
}

describe('an edit', () => {
  test('makes the home and a file that only its owner can read', async () => {
    expect(await edit((old) => addServer(old, 'x', { command: 'c' }))).toBe(true);
    expect(readFileSync(file, 'utf8')).toBe('[mcp_servers.x]\ncommand = "c"\n');
    expect([modeOf(file), modeOf(home), modeOf(join(home, 'run'))]).toEqual(['600', '700', '700']);
  });

  test.each([0o600, 0o644, 0o640])('keeps the mode %o', async (mode) => {
    given('a = 1\n', mode);
    await edit((old) => setKey(old, ['a'], 2));
    expect(readFileSync(file, 'utf8')).toBe('a = 2\n');
    expect(modeOf(file)).toBe(mode.toString(8));
  });

  test('writes through a symbolic link, which stays', async () => {
    given('');
    const target = join(root, 'dotfiles.toml');
    writeFileSync(target, '# mine\na = 1\n');
    rmSync(file);
    symlinkSync('../dotfiles.toml', file);
    await edit((old) => setKey(old, ['a'], 2));
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(readFileSync(target, 'utf8')).toBe('# mine\na = 2\n');
  });

  test('writes through a symbolic link to a file that is not there yet', async () => {
    mkdirSync(home);
    symlinkSync(join(root, 'new/dotfiles.toml'), file);
    await edit((old) => setKey(old, ['a'], 2));
    expect(readlinkSync(file)).toBe(join(root, 'new/dotfiles.toml'));
    expect(readFileSync(join(root, 'new/dotfiles.toml'), 'utf8')).toBe('a = 2\n');
    expect(modeOf(join(root, 'new/dotfiles.toml'))).toBe('600');
  });

  test('that changes nothing writes nothing', async () => {
    given('a = 1\n');
    const before = statSync(file);
    expect(await edit((old) => setKey(old, ['a'], 1))).toBe(false);
    expect(statSync(file).ino).toBe(before.ino);
    expect(await edit((old) => old, join(home, 'none.toml'))).toBe(false);
    expect(existsSync(join(home, 'none.toml'))).toBe(false);
  });

  test('of a file that is not TOML is refused with the place, and the file is untouched', async () => {
    given('a = 1\nb = \n');
    await expect(edit((old) => setKey(old, ['a'], 2))).rejects.toMatchObject({
      code: 'CONFIG_NOT_TOML',
      where: `${file}:2:5`,
    });
    expect(readFileSync(file, 'utf8')).toBe('a = 1\nb = \n');
  });

  test('of a folder, or below a file, says what is wrong', async () => {
    mkdirSync(file, { recursive: true });
    await expect(edit(() => 'a = 1\n')).rejects.toMatchObject({ code: 'CONFIG_UNREADABLE', where: file });
    const below = join(home, 'run/config-edit.lock/config.toml');
    await expect(edit(() => 'a = 1\n', below)).rejects.toMatchObject({ code: 'CONFIG_EDIT_REFUSED', where: below });
  });

  test('leaves no other file behind, and gives the lock back also when it fails', async () => {
    await edit(() => 'a = 1\n');
    await expect(edit((old) => setKey(old, ['a', 'b'], 1))).rejects.toMatchObject({ code: 'CONFIG_EDIT_REFUSED' });
    await edit(() => 'a = 2\n');
    expect(readdirSync(home).sort()).toEqual(['config.toml', 'run']);
  });
});

describe('several processes', () => {
  test(`that edit at once: ${proves('config.edit-together')}`, { timeout: 120_000 }, async () => {
    given('# mine\n[mcp_servers.first]\ncommand = "c"\n');
    const each = 30;
    const running = ['a', 'b'].map((name) => start('servers', home, file, name, String(each)));
    const exits = await Promise.all(running.map((child) => once(child, 'exit')));
    expect(exits).toEqual([
      [0, null],
      [0, null],
    ]);
    const names = Array.from({ length: each }, (_, n) => [`a-${n}`, `b-${n}`]).flat();
    const { config } = await loadConfig({ home, overrides: [], env: {}, systemDir: root });
    expect([...config.servers.keys()].sort()).toEqual(['first', ...names].sort());
    expect(readFileSync(file, 'utf8').startsWith('# mine\n')).toBe(true);
  });

  test('wait for each other', async () => {
    given('a = 1\n');
    mkdirSync(join(home, 'run'));
    const giveBack = takeLock(join(home, 'run/config-edit.lock'));
    const editing = edit((old) => setKey(old, ['a'], 2));
    await sleep(100);
    expect(readFileSync(file, 'utf8')).toBe('a = 1\n');
    giveBack?.();
    await editing;
    expect(readFileSync(file, 'utf8')).toBe('a = 2\n');
  });

  test(`that are killed half-way leave no lock, either: ${proves('config.edit-together')}`, {
    timeout: 120_000,
  }, async () => {
    given('first = 0\nlast = 0\n');
    for (let round = 0; round < 8; round += 1) {
      const child = start('rewrite', home, file, '', '1000000');
      const before = statSync(file).ino;
      await until(() => statSync(file).ino !== before);
      await sleep(round * 3);
      child.kill('SIGKILL');
      await once(child, 'exit');
      const { first, last } = parse(readFileSync(file, 'utf8'));
      expect(first).toBe(last);
      expect(await edit((old) => setKey(old, ['round'], round))).toBe(true);
      expect(parse(readFileSync(file, 'utf8'))).toEqual({ first, last, round });
    }
  });
});

describe('trusting a project', () => {
  test('writes its real path, so that its files are read', async () => {
    const dir = join(root, 'my app');
    mkdirSync(join(dir, '.plugboard'), { recursive: true });
    writeFileSync(join(dir, '.plugboard/config.toml'), '[mcp_servers.x]\ncommand = "c"\n');
    symlinkSync(dir, join(root, 'link'));
    given('# mine\n');
    await trustProject(place(), join(root, 'link'), { home, overrides: [], env: {}, systemDir: root });
    expect(readFileSync(file, 'utf8')).toBe(`# mine\n\n[projects."${dir}"]\ntrust_level = "trusted"\n`);
    const { config } = await loadConfig({
      home,
      overrides: [],
      env: {},
      systemDir: root,
      projectDir: join(root, 'link'),
    });
    expect([...config.servers.keys()]).toEqual(['x']);
  });

  const etc = (text: string): string => {
    mkdirSync(join(root, 'plugboard'), { recursive: true });
    writeFileSync(join(root, 'plugboard/config.toml'), text);
    return join(root, 'plugboard/config.toml');
  };
  const load = (projectDir: string) => loadConfig({ home, overrides: [], env: {}, systemDir: root, projectDir });

  test('counts, however the same folder is spelt where it was distrusted', async () => {
    const dir = join(root, 'app');
    mkdirSync(join(dir, '.plugboard'), { recursive: true });
    writeFileSync(join(dir, '.plugboard/config.toml'), '[mcp_servers.x]\ncommand = "c"\n');
    symlinkSync(dir, join(root, 'link'));
    given(`[projects."${dir}/"]\ntrust_level = "untrusted"\n[projects."${root}/link"]\ntrust_level = "untrusted"\n`);
    const options = { home, overrides: [], env: {}, systemDir: root };
    expect(await trustProject(place(), join(root, 'link'), options)).toBe(true);
    for (const path of [dir, join(root, 'link')]) expect([...(await load(path)).config.servers.keys()]).toEqual(['x']);
    expect(await trustProject(place(), dir, options)).toBe(false);
  });

  test("is refused where the system's file says otherwise, and says where", async () => {
    const dir = join(root, 'app');
    mkdirSync(dir);
    const system = etc(`[projects."${dir}/"]\ntrust_level = "untrusted"\n`);
    given('# mine\n');
    const options = { home, overrides: [], env: {}, systemDir: root };
    await expect(trustProject(place(), dir, options)).rejects.toMatchObject({
      code: 'CONFIG_EDIT_REFUSED',
      where: `${system}:2`,
    });
    expect(readFileSync(file, 'utf8')).toBe('# mine\n');
  });

  test('of a relative path trusts nothing', async () => {
    const dir = join(root, 'app');
    mkdirSync(join(dir, '.plugboard'), { recursive: true });
    writeFileSync(join(dir, '.plugboard/config.toml'), '[mcp_servers.x]\ncommand = "c"\n');
    given('[projects."."]\ntrust_level = "trusted"\n');
    const { config } = await load(dir);
    expect([...config.servers.keys()]).toEqual([]);
    expect(config.issues).toContainEqual({
      code: 'CONFIG_WRONG_TYPE',
      severity: 'error',
      message: 'projects."." is no absolute path, and has no effect',
      file,
      line: 1,
      column: 11,
      key: 'projects."."',
    });
  });

  test('needs a folder', async () => {
    await expect(
      trustProject(place(), join(root, 'none'), { home, overrides: [], env: {}, systemDir: root }),
    ).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(existsSync(file)).toBe(false);
  });
});
