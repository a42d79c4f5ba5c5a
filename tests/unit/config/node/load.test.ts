import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type LoadOptions, loadConfig } from '../../../../src/config/node/index.ts';
import { brief } from '../read-config.ts';

let root = '';
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'plugboard-config-')));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string | Uint8Array): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const load = (options: Partial<LoadOptions> = {}) =>
  loadConfig({
    home: join(root, 'home'),
    overrides: [],
    env: { HOME: join(root, 'user') },
    systemDir: join(root, 'etc'),
    ...options,
  });

const server = (name: string, command = 'c'): string => `[mcp_servers.${name}]\ncommand = "${command}"\n`;

test('an empty machine gives an empty config, and the files that may come', async () => {
  const loaded = await load({ projectDir: join(root, 'app') });
  expect(loaded.config.servers.size).toBe(0);
  expect(loaded.config.issues).toEqual([]);
  expect(loaded.brokenFiles).toEqual([]);
  expect(loaded.requirements).toEqual([]);
  expect(loaded.files).toEqual(
    [
      'etc/plugboard/requirements.toml',
      'etc/codex/requirements.toml',
      'etc/plugboard/config.toml',
      'home/config.toml',
      'app/.plugboard/config.toml',
      'app/.codex/config.toml',
    ].map((path) => join(root, path)),
  );
});

test('every layer has its say', async () => {
  write('etc/plugboard/config.toml', `${server('a', 'system')}${server('b', 'system')}`);
  write('home/config.toml', `${server('b', 'user')}[projects."${join(root, 'app')}"]\ntrust_level = "trusted"\n`);
  write('app/.plugboard/config.toml', server('c', 'plugboard'));
  write('app/.codex/config.toml', `${server('c', 'codex')}${server('d', 'codex')}`);
  const { config } = await load({ projectDir: join(root, 'app'), overrides: ['mcp_servers.a.command=flag'] });
  expect(config.issues).toEqual([]);
  expect([...config.servers.values()].map(({ name, transport, origin }) => [name, transport, origin.layer])).toEqual([
    ['a', expect.objectContaining({ command: 'flag' }), 'flag'],
    ['b', expect.objectContaining({ command: 'user' }), 'user'],
    ['c', expect.objectContaining({ command: 'codex' }), 'project'],
    ['d', expect.objectContaining({ command: 'codex' }), 'project'],
  ]);
});

describe('a project', () => {
  test('that nobody trusts is ignored with a note that says how to trust it', async () => {
    const file = write('my app/.codex/config.toml', server('evil'));
    const { config, brokenFiles } = await load({ projectDir: join(root, 'my app') });
    expect(config.servers.size).toBe(0);
    expect(config.issues).toEqual([
      {
        code: 'CONFIG_UNTRUSTED_PROJECT',
        severity: 'note',
        message: 'the file is ignored, because its folder is not trusted',
        hint: `if you trust it, run: plugboard config trust '${join(root, 'my app')}'`,
        file,
      },
    ]);
    expect(brokenFiles).toEqual([]);
  });

  test.each(['flag', 'project itself'])('cannot be trusted by a %s', async (who) => {
    const trust = `[projects."${join(root, 'app')}"]\ntrust_level = "trusted"\n`;
    write('app/.plugboard/config.toml', `${server('x')}${trust}`);
    const overrides = who === 'flag' ? [`projects."${join(root, 'app')}".trust_level="trusted"`] : [];
    const { config } = await load({ projectDir: join(root, 'app'), overrides });
    expect(config.servers.size).toBe(0);
  });

  test('is trusted by its real path as well, but not when either path is distrusted', async () => {
    write('app/.plugboard/config.toml', server('x'));
    symlinkSync(join(root, 'app'), join(root, 'link'));
    const trust = (path: string, level: string): string =>
      `[projects."${join(root, path)}"]\ntrust_level = "${level}"\n`;
    write('home/config.toml', trust('app', 'trusted'));
    expect((await load({ projectDir: join(root, 'link') })).config.servers.size).toBe(1);
    write('home/config.toml', trust('app', 'trusted') + trust('link', 'untrusted'));
    expect((await load({ projectDir: join(root, 'link') })).config.servers.size).toBe(0);
    write('etc/plugboard/config.toml', trust('app', 'trusted'));
    write('home/config.toml', trust('app', 'untrusted'));
    expect((await load({ projectDir: join(root, 'app') })).config.servers.size).toBe(0);
  });

  test("is not the home folder, whose files are the user's own", async () => {
    write('user/.plugboard/config.toml', server('x'));
    write('user/.codex/config.toml', server('y'));
    const { config } = await load({ home: join(root, 'user/.plugboard'), projectDir: join(root, 'user') });
    expect([...config.servers.keys()]).toEqual(['x']);
    expect(config.issues).toEqual([]);
  });

  test('sets its servers, but not the endpoint', async () => {
    write('home/config.toml', `[projects."${join(root, 'app')}"]\ntrust_level = "trusted"\n`);
    write('app/.plugboard/config.toml', '[serve]\nhost = "0.0.0.0"\n');
    const { config } = await load({ projectDir: join(root, 'app') });
    expect(config.serve.host).toBe('127.0.0.1');
    expect(brief(config.issues)).toEqual(['warning CONFIG_NOT_FROM_PROJECT serve@1:2']);
  });
});

describe('--config', () => {
  test('takes the place of the user layer', async () => {
    write('home/config.toml', server('x'));
    const file = write('other/c.toml', `${server('y')}cwd = ".."\n`);
    const { config, files } = await load({ configFile: file });
    expect([...config.servers.values()].map(({ name, transport }) => [name, transport])).toEqual([
      ['y', expect.objectContaining({ cwdAbsolute: root })],
    ]);
    expect(files).toContain(file);
    expect(files).not.toContain(join(root, 'home/config.toml'));
  });

  test.each([
    { name: 'is missing', path: 'nowhere.toml', hint: 'name a file that exists' },
    { name: 'is a folder', path: '.', hint: 'put a TOML file in its place, or name another' },
  ])('that $name is an error', async ({ path, hint }) => {
    await expect(load({ configFile: join(root, path) })).rejects.toMatchObject({
      code: 'CONFIG_UNREADABLE',
      where: join(root, path),
      hint,
      facts: { exit: 2 },
    });
  });
});

describe('a broken file', () => {
  test.each([
    { name: 'not TOML', text: 'a = ', code: 'CONFIG_NOT_TOML', hint: /^correct this line/ },
    {
      name: 'not UTF-8',
      text: new Uint8Array([0x61, 0x3d, 0x22, 0xff, 0x22]),
      code: 'CONFIG_UNREADABLE',
      hint: /^save it as UTF-8$/,
    },
  ])('is skipped and the others stay: $name', async ({ text, code, hint }) => {
    write('etc/plugboard/config.toml', server('x'));
    const file = write('home/config.toml', text);
    const { config, brokenFiles } = await load();
    expect([...config.servers.keys()]).toEqual(['x']);
    expect(brokenFiles).toEqual([
      expect.objectContaining({ code, severity: 'error', file, hint: expect.stringMatching(hint) as string }),
    ]);
    expect(config.issues).toEqual(brokenFiles);
  });

  test('a folder in its place is said', async () => {
    mkdirSync(join(root, 'home/config.toml'), { recursive: true });
    expect((await load()).brokenFiles).toMatchObject([
      { code: 'CONFIG_UNREADABLE', hint: 'put a TOML file in its place, or name another' },
    ]);
  });
});

describe('requirements', () => {
  test('of both files count', async () => {
    write('etc/plugboard/requirements.toml', '[mcp_servers]\n');
    write('etc/codex/requirements.toml', 'allowed_sandbox_modes = []\n');
    expect((await load()).requirements.map(({ file, servers }) => [file, servers?.size])).toEqual([
      [join(root, 'etc/plugboard/requirements.toml'), 0],
      [join(root, 'etc/codex/requirements.toml'), undefined],
    ]);
  });

  test.each(['plugboard', 'codex'])('of %s that are damaged or unreadable stop everything', async (owner) => {
    const path = `etc/${owner}/requirements.toml`;
    write(path, 'mcp_servers = ');
    await expect(load()).rejects.toMatchObject({ code: 'CONFIG_SYSTEM_DAMAGED', facts: { exit: 2 } });
    rmSync(join(root, path));
    mkdirSync(join(root, path));
    await expect(load()).rejects.toMatchObject({ code: 'CONFIG_SYSTEM_DAMAGED', where: join(root, path) });
  });
});

test('the target of a linked file is watched, too', async () => {
  const target = write('dotfiles/plugboard.toml', server('x'));
  mkdirSync(join(root, 'home'));
  symlinkSync(target, join(root, 'home/config.toml'));
  expect((await load()).files).toEqual(expect.arrayContaining([join(root, 'home/config.toml'), target]));
});
