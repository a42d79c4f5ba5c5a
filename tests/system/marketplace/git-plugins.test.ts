import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PluginSource } from '../../../src/marketplace/index.ts';
import { proves } from '../../e2e/support/proves.ts';
import { type GitFile, type GitRepository, type GitServer, startGitServer } from '../../support/git-server.ts';
import { NO_EVIDENCE, YES } from '../../support/plugin-stores.ts';
import { useStores } from '../../support/use-stores.ts';
import { install, offer, tools } from './tools-repository.ts';

const createStores = useStores();

let server: GitServer;
let count = 0;
beforeAll(async () => {
  server = await startGitServer();
});
beforeEach(() => server.behave({ auth: null, filters: true, commits: true, hangs: false }));
afterAll(() => server.close());

const repository = (): GitRepository => server.create(`repository-${(count += 1)}`);

const FILES = ['.codex-plugin/plugin.json', '.mcp.json'];

describe('a plugin from a repository', () => {
  test('is the newest commit of the default branch, without anything of git', async () => {
    const stores = createStores();
    const one = repository();
    one.commit(tools('1.0.0'));
    const commit = one.commit(
      tools('1.1.0', '', { 'bin/run': { text: '#!/bin/sh\n', executable: true }, latest: { link: 'bin/run' } }),
    );
    const source = { source: 'git', url: one.url } as const;
    const prepared = await stores.plugins.prepare(offer(stores, source), stores.fetch);
    expect(prepared.facts).toMatchObject({ version: '1.1.0', revision: commit, source });
    const { receipt } = await prepared.commit(YES, NO_EVIDENCE);
    expect(receipt.files.map(({ path, kind, executable }) => [path, kind, executable])).toEqual([
      ['.codex-plugin/plugin.json', 'file', false],
      ['.mcp.json', 'file', false],
      ['bin/run', 'file', true],
      ['latest', 'link', false],
    ]);
    expect(readdirSync(receipt.installedPath ?? '').toSorted()).toEqual([
      '.codex-plugin',
      '.mcp.json',
      'bin',
      'latest',
    ]);
    expect(stores.progress).toEqual([`cloning ${one.url}`, `writing the files of ${one.url}`]);
  });

  test('is that of a branch, of a tag, of a commit', async () => {
    const stores = createStores();
    const one = repository();
    const first = one.commit(tools('1.0.0'));
    one.git('tag', '-a', '-m', 'first', 'v1');
    one.git('branch', 'old');
    one.commit(tools('2.0.0'));
    for (const ref of ['old', 'v1', first]) {
      expect(await install(stores, { source: 'git', url: one.url, ref })).toEqual({ revision: first, files: FILES });
    }
    expect(await install(stores, { source: 'git', url: one.url, ref: 'main', sha: first })).toMatchObject({
      revision: first,
    });
    expect(await install(stores, { source: 'git', url: one.url, sha: first.slice(0, 10) })).toMatchObject({
      revision: first,
    });
  });

  test('is a folder of it, and only the files of that folder are fetched', async () => {
    const stores = createStores();
    const one = repository();
    const noise = Array.from({ length: 40 }, (_, n) => [`other/${n}`, `${n}`.repeat(1000)] as const);
    const commit = one.commit({ ...tools('1.0.0', 'plugins/tools/'), ...Object.fromEntries(noise) });
    const source = { source: 'git-subdir', url: one.url, path: 'plugins/tools', ref: 'main' } as const;
    const before = server.sentBytes();
    expect(await install(stores, source)).toEqual({ revision: commit, files: FILES });
    const withFilter = server.sentBytes() - before;
    server.behave({ filters: false });
    expect(await install(stores, source)).toEqual({ revision: commit, files: FILES });
    expect(withFilter).toBeLessThan(server.sentBytes() - before - withFilter);
  });

  test('of a server that gives commits only by name is found in the history of its ref', async () => {
    const stores = createStores();
    const one = repository();
    const first = one.commit(tools('1.0.0'));
    one.commit(tools('1.1.0'));
    server.behave({ commits: false, filters: false });
    expect(await install(stores, { source: 'git', url: one.url, sha: first })).toEqual({
      revision: first,
      files: FILES,
    });
  });

  test.each([
    { name: 'a commit that is not there', ref: 'main', sha: '1'.repeat(40) },
    { name: 'a commit that was replaced', ref: 'main', sha: 'replaced' },
    { name: 'a shortened commit that is not there', ref: 'main', sha: '1234567' },
    { name: 'a shortened commit that is too short', ref: 'main', sha: 'first 4' },
  ])(`of $name is not installed: ${proves('plugins.as-asked')}`, async ({ ref, sha }) => {
    const stores = createStores();
    const one = repository();
    const first = one.commit(tools('1.0.0'));
    one.git('update-ref', '-d', 'refs/heads/main');
    const second = one.commit(tools('1.0.0', '', { evil: 'x' }));
    one.git('reflog', 'expire', '--expire=now', '--all');
    one.git('gc', '--quiet', '--prune=now');
    const wanted = sha === 'replaced' ? first : sha === 'first 4' ? second.slice(0, 4) : sha;
    await expect(install(stores, { source: 'git', url: one.url, ref, sha: wanted })).rejects.toMatchObject({
      code: 'PLUGIN_REVISION_MISMATCH',
      message: `${one.url} has no commit ${wanted}; its ref \`main\` is at ${second}`,
    });
    expect(stores.plugins.cached('tools@acme')).toEqual([]);
  });

  test.each<{ name: string; source: Partial<PluginSource>; files?: Readonly<Record<string, GitFile>>; want: object }>([
    {
      name: 'a ref that is not there',
      source: { ref: 'nope' },
      want: { code: 'PLUGIN_FETCH_FAILED', hint: expect.stringContaining('ref') },
    },
    {
      name: 'a folder that is not there',
      source: { source: 'git-subdir', path: 'nope' },
      want: { code: 'PLUGIN_FETCH_FAILED', message: expect.stringContaining('it has no folder `nope`') },
    },
    {
      name: 'a file in the place of the folder',
      source: { source: 'git-subdir', path: '.mcp.json' },
      want: { code: 'PLUGIN_FETCH_FAILED' },
    },
    { name: 'a ref that is an option', source: { ref: '--upload-pack=touch' }, want: { code: 'PLUGIN_FETCH_FAILED' } },
    {
      name: 'a link that leads out',
      source: {},
      files: { x: { link: '../../x' } },
      want: { code: 'PLUGIN_UNSAFE_ARCHIVE' },
    },
    {
      name: 'a link to a file of the machine',
      source: {},
      files: { x: { link: '/etc/passwd' } },
      want: { code: 'PLUGIN_UNSAFE_ARCHIVE' },
    },
    {
      name: 'a link out of its folder, into the repository',
      source: { source: 'git-subdir', path: 'part' },
      files: { ...tools('1.0.0', 'part/'), 'part/x': { link: '../.mcp.json' } },
      want: { code: 'PLUGIN_UNSAFE_ARCHIVE' },
    },
  ])(`with $name is not installed: ${proves('plugins.hostile')}`, async ({ source, files = {}, want }) => {
    const stores = createStores();
    const one = repository();
    one.commit({ ...tools('1.0.0'), ...files });
    await expect(install(stores, { source: 'git', url: one.url, ...source } as PluginSource)).rejects.toMatchObject(
      want,
    );
    expect(stores.plugins.cached('tools@acme')).toEqual([]);
    expect(readdirSync(join(stores.home, 'plugins', 'cache', '.staging'))).toEqual([]);
  });

  test('tells of what git keeps in another place: submodules, and files of LFS', async () => {
    const stores = createStores();
    const one = repository();
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12345\n`;
    const commit = one.commit(tools('1.0.0', '', { 'model.bin': pointer }));
    const tree = `${one.git('ls-tree', commit)}\n160000 commit ${commit}\tvendored\n`;
    one.git(
      'update-ref',
      'refs/heads/main',
      one.git('commit-tree', '-m', 'with a submodule', one.input('mktree', tree)),
    );
    const prepared = await stores.plugins.prepare(offer(stores, { source: 'git', url: one.url }), stores.fetch);
    await prepared.discard();
    expect(prepared.issues).toEqual(
      ['vendored', 'model.bin'].map((path) =>
        expect.objectContaining({
          code: 'PLUGIN_FETCH_FAILED',
          severity: 'warning',
          plugin: 'tools@acme',
          file: `tools@acme/${path}`,
        }),
      ),
    );
  });

  test('that stands for more files than there are on earth is refused before one is written', {
    timeout: 60_000,
  }, async () => {
    const stores = createStores();
    const one = repository();
    one.commit(tools('1.0.0'));
    let tree = one.git('rev-parse', 'HEAD^{tree}');
    for (let level = 0; level < 9; level += 1) {
      const entries = Array.from({ length: 12 }, (_, n) => `040000 tree ${tree}\td${n}\n`).join('');
      tree = one.input('mktree', entries);
    }
    one.git('update-ref', 'refs/heads/main', one.git('commit-tree', '-m', 'many', tree));
    await expect(install(stores, { source: 'git', url: one.url })).rejects.toMatchObject({ code: 'PLUGIN_TOO_LARGE' });
    expect(stores.progress).toEqual([`cloning ${one.url}`]);
  });

  test('that unpacks to more than is allowed is refused', { timeout: 60_000 }, async () => {
    const stores = createStores();
    const one = repository();
    one.commit({ ...tools('1.0.0'), big: 'x'.repeat(260 * 1024 * 1024) });
    await expect(install(stores, { source: 'git', url: one.url })).rejects.toMatchObject({ code: 'PLUGIN_TOO_LARGE' });
    expect(readdirSync(join(stores.home, 'plugins', 'cache', '.staging'))).toEqual([]);
  });

  test('keeps line ends and pointers of LFS as they were committed, whatever its attributes say', async () => {
    const stores = createStores();
    const one = repository();
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n';
    one.commit({
      ...tools('1.0.0'),
      'a.txt': 'one\ntwo\n',
      'b.bin': pointer,
      '.gitattributes': '*.bin filter=lfs\n* text=auto\n',
    });
    writeFileSync(
      join(stores.folder, 'account', '.gitconfig'),
      `[core]\n\tautocrlf = true\n\thooksPath = ${stores.folder}/hooks\n\tfsmonitor = ${stores.folder}/hooks/post-checkout\n`,
    );
    mkdirSync(join(stores.folder, 'hooks'));
    for (const name of ['post-checkout', 'reference-transaction', 'post-index-change']) {
      writeFileSync(join(stores.folder, 'hooks', name), `#!/bin/sh\ntouch ${stores.folder}/ran\n`, { mode: 0o755 });
    }
    await install(stores, { source: 'git', url: one.url });
    const [installed] = stores.plugins.installed().plugins;
    expect(readFileSync(join(installed?.root ?? '', 'a.txt'), 'utf8')).toBe('one\ntwo\n');
    expect(readFileSync(join(installed?.root ?? '', 'b.bin'), 'utf8')).toBe(pointer);
    expect(existsSync(join(stores.folder, 'ran'))).toBe(false);
  });

  test('chooses none of the filters and encodings that the user has set up, by no attribute', async () => {
    const stores = createStores();
    const one = repository();
    const files = {
      'a.sh': 'echo hi\n',
      'a.txt': 'one\ntwo\n',
      'a.id': '$Id$\n',
      'a.wide': 'wide',
      'sub/a.sh': 'echo hi\n',
    };
    const attributes =
      '[attr]mine filter=up\n*.sh mine\n*.txt text eol=crlf\n*.id ident\n*.wide working-tree-encoding=UTF-16LE\n';
    one.commit({ ...tools('1.0.0'), ...files, '.gitattributes': attributes, 'sub/.gitattributes': '*.sh filter=up\n' });
    writeFileSync(
      join(stores.folder, 'account', '.gitconfig'),
      `[filter "up"]\n\tsmudge = "touch ${stores.folder}/ran; tr a-z A-Z"\n\tclean = cat\n\trequired = true\n`,
    );
    await install(stores, { source: 'git', url: one.url });
    const root = stores.plugins.installed().plugins[0]?.root ?? '';
    const written = Object.keys(files).map((name) => [name, readFileSync(join(root, name), 'utf8')]);
    // What git made of it when it was committed.
    expect(Object.fromEntries(written)).toEqual({ ...files, 'a.wide': '楷敤' });
    expect(existsSync(join(stores.folder, 'ran'))).toBe(false);
  });
});

describe('a host', () => {
  test('that asks who is there is asked with what the user has set up, and nobody else is', async () => {
    const stores = createStores();
    const one = repository();
    one.commit(tools('1.0.0'));
    server.behave({ auth: 'ada:secret' });
    await expect(install(stores, { source: 'git', url: one.url })).rejects.toMatchObject({
      code: 'PLUGIN_FETCH_FAILED',
      hint: expect.stringContaining('sign in first'),
    });
    const helper = '!f() { echo username=ada; echo password=secret; }; f';
    execFileSync('git', [
      'config',
      '--file',
      join(stores.folder, 'account', '.gitconfig'),
      'credential.helper',
      helper,
    ]);
    expect(await install(stores, { source: 'git', url: one.url })).toMatchObject({ files: FILES });
  });

  test.each([
    { name: 'that does not answer', url: 'http://127.0.0.1:1/x.git', hint: 'nothing answers there' },
    { name: 'that does not exist', url: 'https://plugboard-test.invalid/x.git', hint: 'name of the host' },
    { name: 'that cannot be reached over ssh', url: 'ssh://git@127.0.0.1:1/x.git', hint: 'nothing answers there' },
  ])('$name is an error with a hint', async ({ url, hint }) => {
    const stores = createStores();
    await expect(install(stores, { source: 'git', url })).rejects.toMatchObject({
      code: 'PLUGIN_FETCH_FAILED',
      message: expect.stringContaining(url),
      hint: expect.stringContaining(hint),
    });
  });

  test('that has no such repository', async () => {
    const stores = createStores();
    await expect(
      install(stores, { source: 'git', url: repository().url.replace('.git', '-x.git') }),
    ).rejects.toMatchObject({
      code: 'PLUGIN_FETCH_FAILED',
      hint: expect.stringContaining('check the address'),
    });
  });

  test('that hangs is left when the user cancels, and nothing stays behind', async () => {
    const stores = createStores();
    const one = repository();
    server.behave({ hangs: true });
    const controller = new AbortController();
    const asked = server.requests.length;
    const installing = stores.plugins.prepare(offer(stores, { source: 'git', url: one.url }), {
      ...stores.fetch,
      signal: controller.signal,
    });
    const ended = installing.catch((error: unknown) => error);
    await expect.poll(() => server.requests.length).toBeGreaterThan(asked);
    controller.abort(new Error('Ctrl-C'));
    expect(await ended).toEqual(new Error('Ctrl-C'));
    expect(readdirSync(join(stores.home, 'plugins', 'cache', '.staging'))).toEqual([]);
  });

  test.each([
    { name: 'a folder of this machine', to: 'file:///' },
    { name: 'a program', to: 'ext::sh -c "touch RAN" ' },
  ])('is not replaced by $name, whatever the configuration of git says', async ({ to }) => {
    const stores = createStores();
    const one = repository();
    const config = join(stores.folder, 'account', '.gitconfig');
    const target = to.replace('RAN', join(stores.folder, 'ran'));
    execFileSync('git', ['config', '--file', config, `url.${target}.insteadOf`, one.url.slice(0, -4)]);
    execFileSync('git', ['config', '--file', config, 'protocol.allow', 'always']);
    await expect(install(stores, { source: 'git', url: one.url })).rejects.toMatchObject({
      code: 'PLUGIN_FETCH_FAILED',
      message: expect.stringContaining('not allowed'),
    });
    expect(existsSync(join(stores.folder, 'ran'))).toBe(false);
  });
});
