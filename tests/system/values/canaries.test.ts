import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commandsOf, NOUNS } from '../../../src/cli/node/commands/index.ts';
import { proves } from '../../e2e/support/proves.ts';
import { createReader, type Reader } from '../../support/age.ts';
import { CANARIES, type Canary, leaks } from '../../support/canaries.ts';
import {
  arrived,
  digestFiles,
  digestsFrom,
  environmentOf,
  httpDigestsFrom,
  useHttpDigests,
} from '../../support/digests.ts';
import { commandLine, fixture, type Home, type Run, useHomes } from '../../support/home.ts';
import { useFixtures } from '../../support/http-fixtures/fixtures.ts';
import type { Answer } from '../../support/http-fixtures/serve.ts';
import { bundledFiles, install } from '../../support/installed-plugin.ts';
import { plugin, writeMarketplace } from '../../support/marketplace-folder.ts';
import { processFacts, until } from '../../support/processes.ts';
import { PRODUCT } from '../../support/product.ts';
import type { RawClient } from '../../support/raw-client.ts';

const createHome = useHomes();
const serveDigests = useHttpDigests();
const { serve } = useFixtures();

const ID = 'plug@acme';
const NAMES = CANARIES.map(({ name }) => name);
/** What may stand in a header. */
const SENDABLE = CANARIES.filter(({ value }) => /^[\x21-\x7e]{1,4000}$/.test(value));
/** What stands in one line of a file, between quotes that it has none of. */
const ONE_LINE = CANARIES.filter(({ value }) => /^[\w.=-]+$/.test(value));
/** In every way of giving a value there is at least one that is plain, and one that begins like an option. */
const OF_SHELL = CANARIES.slice(0, 8);
const LITERAL = CANARIES.slice(0, 32);
const PROVIDED = CANARIES[7] as Canary;
const VALUES = Object.fromEntries(CANARIES.map(({ name, value }) => [name, value]));

const key = (canary: Canary): string => canary.name.toLowerCase();
const values = (canaries: readonly Canary[]): Record<string, string> =>
  Object.fromEntries(canaries.map(({ name, value }) => [name, value]));

/** What is written out in the configuration is a secret if its name says so, or if it looks like one. */
const literalName = (name: string): string => `${name}_TOKEN`;
/** As text that refers to nothing. */
const escaped = (canaries: readonly Canary[]): Record<string, string> =>
  Object.fromEntries(canaries.map(({ name, value }) => [literalName(name), value.replaceAll('${', () => '$${')]));

/** Refuses everything, and repeats the headers of the request wherever a server can. */
const telltale: Answer = (seen, response) => {
  const said = JSON.stringify(seen.headers);
  response.writeHead(seen.message?.['method'] === 'initialize' ? 401 : 500, {
    'content-type': 'text/plain',
    'www-authenticate': said,
  });
  response.end(said);
};

/** Everything that was seen, each with where. */
type Seen = [where: string, text: string][];

/** Every file below a folder, with its content. */
const filesBelow = (folder: string): readonly (readonly [string, string])[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .flatMap((path): [string, string][] => {
      try {
        return [[path, readFileSync(path, 'latin1')]];
      } catch {
        return [];
      }
    });

/** Which programs got values, by a word in their command line: all others are to have none in their environment. */
const RECEIVERS = ['as-child', 'as-shell', 'as-plug', 'as-filed', 'as-literal', 'as-provided', 'spill', 'hang-'];

/** A copy of one of those that is about to become another program. */
function isFork(pid: number, own: ReadonlySet<number>): boolean {
  const parent = processFacts(pid)?.parent ?? 0;
  return own.has(parent) && commandLine(parent).join(' ') === commandLine(pid).join(' ');
}

/** What can be read of the processes of a home, but for `own`: those to which the test itself gave something. */
function processesOf(home: Home, own: ReadonlySet<number>): Seen {
  return home.processes().flatMap((pid): Seen => {
    const line = commandLine(pid).join(' ');
    const receives = RECEIVERS.some((word) => line.includes(word));
    const shown: Seen = [[`command line of ${line.slice(0, 300)}`, line]];
    return receives || own.has(pid) || isFork(pid, own)
      ? shown
      : [...shown, [`environment of ${line.slice(0, 300)}`, environmentOf(pid)]];
  });
}

/** Programs in front of the real ones that write down the environment they get. */
function spies(home: Home): { readonly path: string; readonly seen: string } {
  const [path, seen] = [join(home.folder, 'spies'), join(home.folder, 'spied')];
  for (const folder of [path, seen]) mkdirSync(folder);
  for (const name of ['git', 'npm']) {
    const real = (home.env['PATH'] ?? '').split(':').map((folder) => join(folder, name));
    writeFileSync(
      join(path, name),
      `#!/bin/sh\nenv > '${seen}/${name}-env-$$'\nprintf '%s\\n' "$@" > '${seen}/${name}-args-$$'\nfor p in ${real.join(' ')}; do [ -x "$p" ] && exec "$p" "$@"; done\n`,
    );
    chmodSync(join(path, name), 0o755);
  }
  return { path, seen };
}

type Way = 'stdin' | 'file' | 'env';
const wayOf = (index: number): Way => (['stdin', 'file', 'env'] as const)[index % 3] ?? 'stdin';

/** Runs a command that takes a value, in each of the ways in turn. `own` learns of processes that the test gave it to. */
function give(
  home: Home,
  { name, value }: Canary,
  how: { way: Way; args: (way: Way, at: string) => readonly string[]; own: Set<number> },
): Run {
  const { way, args, own } = how;
  const file = join(home.folder, 'given', `${name}.txt`);
  mkdirSync(join(home.folder, 'given'), { recursive: true });
  // One line break at the end is not part of a value that is read.
  writeFileSync(file, `${value}\n`, { mode: 0o600 });
  const run =
    way === 'env'
      ? home.run(args(way, 'GIVEN'), { env: { ...home.env, GIVEN: value } })
      : way === 'file'
        ? home.run(args(way, file))
        : home.command('sh', ['-c', `exec "$0" "$@" < '${file}'`, process.execPath, PRODUCT, ...args(way, '')]);
  if (way === 'env') own.add(run.pid);
  return run;
}

const secretArgs =
  (name: string) =>
  (way: Way, at: string): readonly string[] => {
    const from = { stdin: ['--stdin'], file: ['--from-file', at], env: ['--from-env', at] }[way];
    const consumers = ['child', 'spill', 'hang', 'wrong', 'web', 'refusing'].flatMap((consumer) => ['--for', consumer]);
    return ['secret', 'set', name, ...consumers, ...from, '--json'];
  };
const settingArgs =
  (canary: Canary) =>
  (way: Way, at: string): readonly string[] => {
    const from = {
      stdin: ['--stdin', key(canary)],
      file: ['--from-file', `${key(canary)}=${at}`],
      env: ['--from-env', `${key(canary)}=${at}`],
    };
    return ['plugin', 'configure', ID, ...from[way], '--json'];
  };

/** Writes the configuration that uses every way in which a value comes to a server. */
async function configureAll(home: Home): Promise<void> {
  const [web, refusing] = await Promise.all([serveDigests(), serve(telltale)]);
  const headers = Object.fromEntries(SENDABLE.map(({ name }) => [`X-${name.replace('_', '-')}`, `\${secret:${name}}`]));
  const file = join(home.folder, 'filed.env');
  writeFileSync(file, ONE_LINE.map(({ name, value }) => `${name}=${value}\n`).join(''), { mode: 0o600 });
  const provider = join(home.folder, 'provider.mjs');
  writeFileSync(
    provider,
    `import { readFileSync, writeFileSync } from 'node:fs';
     writeFileSync(${JSON.stringify(join(home.folder, 'provider-env'))}, JSON.stringify([process.env, process.argv]));
     const value = readFileSync(${JSON.stringify(join(home.folder, 'given', `${PROVIDED.name}.txt`))}, 'utf8').trimEnd();
     console.error('asked for ' + value);
     console.log(value);
     if (process.argv.at(-1).includes('broken')) process.exit(9);`,
  );
  const provided = '${secret:op://vault/item}';
  home.configure(
    {
      child: { ...fixture('digests', 'as-child'), env_vars: NAMES },
      shell: { ...fixture('digests', 'as-shell'), env_vars: OF_SHELL.map(({ name }) => name) },
      filed: { ...fixture('digests', 'as-filed'), env_file: file },
      literal: { ...fixture('digests', 'as-literal'), env: escaped(LITERAL) },
      provided: { ...fixture('digests', 'as-provided'), env: { [PROVIDED.name]: provided } },
      'provided-broken': { ...fixture('digests', 'as-broken'), env: { X: '${secret:op://vault/broken}' } },
      spill: { ...fixture('digests', 'spill'), env_vars: NAMES },
      hang: { ...fixture('hang-initialize'), env_vars: NAMES, startup_timeout_sec: 1 },
      wrong: { command: join(home.folder, 'no-such-program'), env_vars: NAMES },
      refused: { ...fixture('digests', '${secret:CANARY_0}'), env_vars: NAMES },
      sibling: fixture('digests', 'as-sibling'),
      web: { url: web, http_headers: headers },
      refusing: { url: refusing.url, http_headers: headers },
    },
    { secret_providers: { op: { command: [process.execPath, provider] } } },
  );
}

/** A plugin with forty secret settings, and a sibling of its server that refers to none. */
async function installPlugin(home: Home): Promise<void> {
  const settings = CANARIES.map((canary) => [key(canary), { type: 'string', sensitive: true }] as const);
  const env = Object.fromEntries(CANARIES.map((canary) => [canary.name, `\${user_config.${key(canary)}}`]));
  await install(home, ID, {
    servers: {
      plug: { command: 'node', args: ['server.mjs', 'as-plug'], env },
      'plug-sibling': { command: 'node', args: ['server.mjs', 'as-sibling'] },
      'plug-args': { command: 'node', args: ['server.mjs', '${user_config.canary_0}'] },
    },
    manifest: { user_config: Object.fromEntries(settings) },
    files: digestFiles(),
  });
}

/** How each command is called here. `null`: it runs for long, and is tried by itself. */
const CALLS: Readonly<Record<string, (home: Home, reader: Reader) => readonly (readonly string[])[]>> = {
  'mcp list': () => [[]],
  'mcp get': () => [['child'], ['plug'], ['literal'], ['web'], ['wrong'], ['no-such-server']],
  'mcp add': () => [['added', '--env', 'A=b', '--', 'true']],
  'mcp enable': () => [['added']],
  'mcp disable': () => [['added']],
  'mcp remove': () => [['added']],
  'mcp restart': () => [['child'], ['spill'], ['wrong'], ['hang']],
  'mcp logs': () => [['child'], ['spill'], ['plug'], ['refusing'], ['hang']],
  'plugin list': () => [[]],
  'plugin show': () => [[ID]],
  'plugin configure': () => [[ID, '--unset', 'canary_39'], [ID, '--set', 'canary_1=x'], [ID]],
  'plugin validate': (home) => [[join(home.path, 'plugins/cache/acme/plug/1.0.0')]],
  'plugin add': () => [['plug@none']],
  'plugin upgrade': () => [[ID], []],
  'plugin enable': () => [[ID]],
  'plugin disable': () => [['other@acme']],
  'plugin remove': () => [['other@acme']],
  'plugin new': (home) => [[join(home.folder, `made-${performance.now()}`)]],
  'plugin marketplace add': (home) => [[join(home.folder, 'nowhere')]],
  'plugin marketplace list': () => [[]],
  'plugin marketplace upgrade': () => [[]],
  'plugin marketplace remove': () => [['none']],
  'secret list': () => [[]],
  'secret set': () => [['BAD NAME', '--for', 'child', '--from-env', 'HOME']],
  'secret unset': () => [['NO_SUCH']],
  'secret export': (_home, { recipient }) => [['--to-age', recipient]],
  'secret import': (home) => [[join(home.path, 'secrets.age')]],
  'secret rotate': () => [[]],
  'tools list': () => [[]],
  'tools show': () => [['child__digests']],
  'tools call': () => [['child__print', '--args', '{"name":"CANARY_6","as":"base64"}'], ['spill__x']],
  'token create': () => [['t']],
  'token list': () => [[]],
  'token revoke': () => [['t']],
  'config get': () => [['mcp_servers.literal.env'], ['mcp_servers.literal.env.CANARY_0_TOKEN'], ['mcp_servers']],
  'config set': () => [['mcp_optional_startup_grace_ms', '800']],
  'config unset': () => [['mcp_optional_startup_grace_ms']],
  'config explain': () => [
    ['mcp_servers.literal.env.CANARY_0_TOKEN'],
    ['mcp_servers.child.env_vars'],
    [`plugins."${ID}".user_config`],
    ['mcp_servers.plug.env.CANARY_3'],
  ],
  'config path': () => [[]],
  'config trust': (home) => [[home.folder]],
  'connect codex': () => [['--print']],
  doctor: () => [[], ['--server', 'child']],
  completion: () => [['bash']],
  complete: () => [
    ['--', 'mcp', 'get', ''],
    ['--', 'secret', 'unset', ''],
  ],
};
/** Servers whose every line is read. */
const LOGGED = ['child', 'spill', 'plug', 'shell', 'provided', 'refusing', 'filed', 'literal'];

/** They run until they are ended; hosts, pipes and `plugin dev` are run by themselves. */
const LONG = ['serve', 'stdio', 'plugin dev'];

test('every command of the command line is called', async () => {
  const all = (await Promise.all(Object.keys(NOUNS).map((noun) => commandsOf(noun)))).flat().map(({ name }) => name);
  expect([...Object.keys(CALLS), ...LONG].toSorted()).toEqual(all.toSorted());
});

/** What goes wrong, as agents are told of it, and everything that servers print. */
async function provoke(agent: RawClient, seen: Seen): Promise<void> {
  const { content } = await agent.request('tools/call', { name: 'child__encodings', arguments: {} });
  const encodings = JSON.parse((content as readonly { readonly text: string }[])[0]?.text ?? '[]') as string[];
  for (const [index, { name }] of CANARIES.entries())
    for (const as of encodings) {
      const args = { name, as, ...(index % 4 === 0 ? { piece: 7 } : {}) };
      if (VALUES[name]?.length !== undefined && (VALUES[name]?.length ?? 0) > 9000 && index % 4 === 0)
        delete args['piece'];
      await agent.request('tools/call', { name: 'child__print', arguments: args });
      if (index % 8 === 0) await agent.request('tools/call', { name: 'plug__print', arguments: args });
    }
  for (const [tool, args] of [
    ...['spill__x', 'wrong__x', 'hang__x', 'refusing__x', 'provided_broken__x', 'refused__x', 'plug_args__x'].map(
      (name) => [name, {}] as const,
    ),
    ['child__fall', { name: 'CANARY_1' }],
    ['plug__fall', { name: 'CANARY_6' }],
    ['provided__fall', { name: PROVIDED.name }],
    ['filed__fall', { name: ONE_LINE[0]?.name ?? '' }],
    ['shell__fall', { name: OF_SHELL[2]?.name ?? '' }],
    ['literal__fall', { name: literalName('CANARY_6') }],
  ] as const)
    seen.push([
      `the answer to ${tool}`,
      JSON.stringify(await agent.exchange('tools/call', { name: tool, arguments: args })),
    ]);
}

/** The nets were cast where fish are: each server has what is its own. */
async function checkArrived(agent: RawClient): Promise<void> {
  const want = {
    child: VALUES,
    plug: VALUES,
    shell: values(OF_SHELL),
    filed: values(ONE_LINE),
    literal: Object.fromEntries(LITERAL.map(({ name, value }) => [literalName(name), value])),
  };
  for (const [name, expected] of Object.entries(want))
    expect({ name, ...arrived((await digestsFrom(agent, name)).env, expected) }).toEqual({ name, ...expected });
  const nothing = Object.fromEntries(NAMES.map((name) => [name, null]));
  for (const name of ['sibling', 'plug-sibling'])
    expect({ name, ...arrived((await digestsFrom(agent, name)).env, nothing) }).toEqual({ name, ...nothing });
  const headers = Object.fromEntries(
    SENDABLE.map(({ name, value }) => [`x-${name.toLowerCase().replace('_', '-')}`, value]),
  );
  expect(arrived((await httpDigestsFrom(agent, 'web')).headers, headers)).toEqual(headers);
}

test(proves('values.least'), async () => {
  const home = createHome();
  await configureAll(home);
  await installPlugin(home);
  const spied = spies(home);
  const seen: Seen = [];
  const own = new Set<number>();
  const watch = setInterval(() => seen.push(...processesOf(home, own)), 60);
  const finish = async (what: string, run: Run): Promise<number | NodeJS.Signals> => {
    const status = await run.ended;
    seen.push([`${what}: output`, run.stdout()], [`${what}: errors`, run.stderr()]);
    return status;
  };

  for (const [index, canary] of CANARIES.entries()) {
    const set = give(home, canary, { way: wayOf(index), args: secretArgs(canary.name), own });
    expect([canary.name, await finish(`set ${canary.name}`, set)]).toEqual([canary.name, 0]);
    const configured = give(home, canary, { way: wayOf(index + 1), args: settingArgs(canary), own });
    expect([canary.name, await finish(`configure ${canary.name}`, configured)]).toEqual([canary.name, 0]);
  }

  const host = await home.host();
  const agent = home.pipe([], { env: { ...home.env, ...values(OF_SHELL) } });
  own.add(agent.pid);
  await agent.initialize();
  for (const name of ['child', 'plug', 'filed', 'literal', 'sibling', 'plug-sibling', 'web', 'shell', 'provided'])
    await home.untilServer(name, 'connected');
  const followed = LOGGED.map((name) => [name, home.run(['mcp', 'logs', '--follow', name])] as const);
  for (const [, { pid }] of followed) own.add(pid);
  await checkArrived(agent);
  await provoke(agent, seen);

  const reader = await createReader();
  const env = { ...home.env, PATH: `${spied.path}:${home.env['PATH']}`, ...values(OF_SHELL) };
  const market = writeMarketplace(join(home.folder, 'git-market'), 'none', {
    remote: plugin(
      'remote',
      {},
      { entry: { source: { source: 'npm', package: 'no-such-package-of-a-test', registry: 'http://127.0.0.1:9' } } },
    ),
  });
  for (const [name, calls] of Object.entries(CALLS))
    for (const json of [[], ['--json']])
      for (const args of calls(home, reader))
        await finish(`${name} ${args.join(' ')}`, home.run([...json, ...name.split(' '), ...args]));
  // What fetches plugins runs git and npm from a shell that has everything.
  for (const args of [
    ['plugin', 'marketplace', 'add', 'https://127.0.0.1:9/acme/plugins.git'],
    ['plugin', 'marketplace', 'add', market],
    ['plugin', 'add', 'remote@none', '--yes'],
  ]) {
    const run = home.run(args, { env });
    own.add(run.pid);
    await finish(args.join(' '), run);
  }
  // `plugin dev` of a plugin that asks for what the shell has.
  const dev = writeMarketplace(join(home.folder, 'dev'), 'dev', {
    dev: plugin(
      'dev',
      { dev: { command: 'node', args: ['server.mjs', 'as-shell'], env_vars: NAMES } },
      { files: bundledFiles('digests') },
    ),
  });
  const developing = home.run(['plugin', 'dev', join(dev, 'plugins', 'dev'), '--port', '0'], { env });
  own.add(developing.pid);
  await until(() => developing.stdout().includes('/mcp'));
  developing.child.kill('SIGINT');
  await finish('plugin dev', developing);

  clearInterval(watch);
  seen.push(['status', JSON.stringify(await home.status())], ...processesOf(home, own));
  for (const [name, { stdout, stderr }] of followed) seen.push([`logs of ${name}`, stdout() + stderr()]);
  for (const name of LOGGED) seen.push([`last lines of ${name}`, await home.logs(name)]);
  seen.push(['the pipe', agent.stderr()], ['the host', host.stdout() + host.stderr()]);
  await agent.close();
  for (const [, { child }] of followed) child.kill('SIGINT');
  await Promise.all(followed.map(([, { ended }]) => ended));
  host.child.kill('SIGTERM');
  await host.ended;

  const config = join(home.path, 'config.toml');
  const files = filesBelow(home.path).filter(([path]) => path !== config);
  expect(files.map(([path]) => path)).toContain(join(home.path, 'secrets.age'));
  const fetched = filesBelow(spied.seen);
  expect(fetched.map(([path]) => path.replace(/^.*\/(\w+)-.*$/, '$1'))).toEqual(expect.arrayContaining(['git', 'npm']));
  const provider = readFileSync(join(home.folder, 'provider-env'), 'utf8');
  expect([...new Set(leaks([...seen, ...files, ...fetched, ['the provider', provider]]))]).toEqual([]);
  // The nets were cast where fish are: what is hidden left its mark, and the search finds what it should.
  expect(leaks(CANARIES.map(({ name, value }) => [name, value]))).toHaveLength(CANARIES.length);
  const logs = new Map(seen.filter(([where]) => where.startsWith('logs of ')));
  for (const name of LOGGED.filter((one) => one !== 'refusing'))
    expect([name, logs.get(`logs of ${name}`)]).toEqual([name, expect.stringContaining('[secret ')]);
}, 600_000);
