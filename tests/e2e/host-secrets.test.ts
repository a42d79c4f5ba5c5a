import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commandLine, fixture, type Home, useHomes } from '../support/home.ts';
import { useFixtures } from '../support/http-fixtures/fixtures.ts';
import { json, mcp, result } from '../support/http-fixtures/mcp.ts';
import type { Answer } from '../support/http-fixtures/serve.ts';

const createHome = useHomes();
const { serve } = useFixtures();

/** Values that must not be seen anywhere but in the configuration and where they belong. */
const CANARY = {
  env: 'canary-env-7Hq2',
  envVar: 'canary-env-var-9Lw4',
  bearer: 'canary-bearer-3Xk8',
  header: 'canary-header-5Tz1',
  envHeader: 'canary-env-header-6Vb0',
  helper: 'canary-helper-2Nc7',
  flag: 'canary-flag-1Qa5',
};
const VARIABLES = { GIVEN: CANARY.envVar, REMOTE_TOKEN: CANARY.bearer, REMOTE_HEADER: CANARY.envHeader };

/** Shouts everything it was given, on both streams, and ends. */
const SHOUT = `
  const all = process.env.API_TOKEN + ' ' + process.env.GIVEN;
  process.stderr.write('stderr: ' + all + '\\n');
  process.stdout.write('stdout: ' + all + '\\n');
  setTimeout(() => process.exit(3), 50);
`;

/** Repeats every header of the request in its answer. */
function telltale(status: number): Answer {
  return (seen, response) => {
    const { method } = seen.message ?? {};
    if (method === 'tools/list') {
      return json(response, result(seen, { tools: [{ name: 'tell', inputSchema: { type: 'object' } }] }));
    }
    if (method !== 'tools/call' && status === 200) return mcp()(seen, response);
    const said = JSON.stringify(seen.headers);
    response
      .writeHead(status === 200 ? 500 : status, { 'content-type': 'text/plain', 'www-authenticate': said })
      .end(said);
  };
}

/** Every file below a folder, with its content. */
function files(folder: string): readonly (readonly [string, string])[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => [path, readFileSync(path, 'latin1')] as const);
}

/** What of all that can be seen holds a canary. */
function leaks(seen: readonly (readonly [where: string, text: string])[]): readonly string[] {
  return seen.flatMap(([where, text]) =>
    Object.entries(CANARY).flatMap(([kind, value]) => (text.includes(value) ? [`${kind} in ${where}`] : [])),
  );
}

async function homeWithSecrets(): Promise<Home> {
  const [healthy, refusing] = await Promise.all([serve(telltale(200)), serve(telltale(401))]);
  const home = createHome();
  const helper = join(home.folder, 'helper.mjs');
  writeFileSync(helper, `console.error('${CANARY.helper}'); console.log('{"X-Helper":"${CANARY.helper}"}')`);
  const remote = {
    bearer_token_env_var: 'REMOTE_TOKEN',
    http_headers: { 'X-Literal': CANARY.header },
    env_http_headers: { 'X-Variable': 'REMOTE_HEADER' },
    http_headers_helper: `'${process.execPath}' '${helper}'`,
  };
  home.configure({
    shout: { command: process.execPath, args: ['-e', SHOUT], env: { API_TOKEN: CANARY.env }, env_vars: ['GIVEN'] },
    echo: { ...fixture('echo'), env: { API_TOKEN: CANARY.env }, env_vars: ['GIVEN'] },
    remote: { url: healthy.url, ...remote },
    refusing: { url: refusing.url, ...remote },
  });
  return home;
}

test('no secret is in a log, an error, a report, the database or a command line', async () => {
  const home = await homeWithSecrets();
  const env = { ...home.env, ...VARIABLES };
  const flag = `mcp_servers.echo.env.FLAG_TOKEN="${CANARY.flag}"`;
  const served = home.run(['serve', '--port', '0', '-c', flag], { env });
  await home.untilServer('shout', 'connection_error');
  await home.untilServer('refusing', 'auth_required');
  await home.untilServer('remote', 'connected');
  const pipe = home.pipe([], { env });
  await pipe.initialize();
  const errors = [
    await pipe.exchange('tools/call', { name: 'remote__tell', arguments: {} }),
    await pipe.exchange('tools/call', { name: 'refusing__tell', arguments: {} }),
    await pipe.exchange('tools/call', { name: 'shout__x', arguments: {} }),
    await pipe.exchange('tools/call', { name: 'echo__crash', arguments: {} }),
  ];
  for (const error of errors) expect(error).toHaveProperty('error');
  const commands = [
    ['doctor', '--json'],
    ['doctor'],
    ['mcp', 'list', '--json'],
    ['mcp', 'list'],
    ['mcp', 'get', 'remote', '--json'],
    ['mcp', 'get', 'echo'],
    ['mcp', 'logs', 'shout'],
    ['mcp', 'restart', 'shout'],
  ];
  const printed: [string, string][] = [];
  for (const args of commands) {
    const { stdout, stderr } = await home.finish(args, { env });
    printed.push([args.join(' '), stdout + stderr]);
  }
  const seen: readonly (readonly [string, string])[] = [
    ...printed,
    ...errors.map((error, index) => [`error ${index}`, JSON.stringify(error)] as const),
    ['status', JSON.stringify(await home.status())],
    ['logs of shout', await home.logs('shout')],
    ['serve', served.stdout() + served.stderr()],
    ['the pipe', pipe.stderr()],
    // What a user wrote on a command line is there to see; it goes nowhere else.
    ...home
      .processes()
      .filter((pid) => pid !== served.pid)
      .map((pid) => [`process ${pid}`, commandLine(pid).join(' ')] as const),
    ...files(home.path).filter(([path]) => path !== join(home.path, 'config.toml')),
  ];
  expect(leaks(seen)).toEqual([]);
  // The nets were cast where fish are: what is hidden left its mark, and the servers got what was meant for them.
  expect(await home.logs('shout')).toContain('stderr: [secret ');
  await pipe.close();
});

test('a server is given what it is to have', async () => {
  const home = await homeWithSecrets();
  const pipe = home.pipe([], { env: { ...home.env, ...VARIABLES } });
  await pipe.initialize();
  const answer = JSON.stringify(await pipe.request('tools/call', { name: 'echo__env', arguments: {} }));
  expect(answer).toContain(CANARY.env);
  expect(answer).toContain(CANARY.envVar);
  expect(answer).not.toContain(CANARY.bearer);
  await pipe.close();
});
