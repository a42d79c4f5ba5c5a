import { describe, expect, test } from 'vitest';
import { isLoopback } from '../../../src/config/scalars.ts';
import { brief, configFrom, PROJECT_DIR, serverFrom, USER_FILE } from './read-config.ts';

const stdio = (lines: string): string => `[mcp_servers.x]\ncommand = "c"\n${lines}`;
const http = (lines: string): string => `[mcp_servers.x]\nurl = "https://h/"\n${lines}`;
const OP = '\n[secret_providers.op]\ncommand = "op"';
const issuesOf = (user: string): readonly string[] => brief(configFrom({ user }).issues);

describe('a server of config.toml may refer to variables and secrets', () => {
  test.each([
    '[mcp_servers.x]\ncommand = "${env:BIN}"',
    stdio('args = ["--root", "${env:HOME:-/srv}/x"]'),
    stdio('env = { A = "${secret:a}", B = "Bearer ${env:B}${secret:op://v/i}" }') + OP,
    stdio('cwd = "${env:HOME}/notes"'),
    stdio('env = { A = "$${env:A} and $${user_config.b} and $${HOME}" }'),
    '[mcp_servers.x]\nurl = "https://${env:HOST}/mcp"',
    '[mcp_servers.x]\nurl = "https://${env:HOST:-h}/mcp?q=${secret:q}"',
    '[mcp_servers.x]\nurl = "${env:URL}"',
    '[mcp_servers.x]\nurl = "${env:BASE}/mcp"',
    http('http_headers = { Authorization = "Bearer ${secret:token}" }'),
    http('http_headers_helper = "./h.sh $TOKEN ${TOKEN}"'),
  ])('%s', (user) => {
    expect(issuesOf(user)).toEqual([]);
    expect(serverFrom({ user }).problems).toEqual([]);
  });

  test('which stay as they are written until it starts', () => {
    const { transport } = serverFrom({
      user: '[mcp_servers.x]\nurl = "https://${env:H}/@scope?a=$${b}"\nhttp_headers = { A = "${env:A:-x@y}" }',
    });
    expect(transport).toMatchObject({ url: 'https://${env:H}/@scope?a=$${b}', headers: { A: '${env:A:-x@y}' } });
  });
});

describe('a reference that cannot stand for anything is an error of its server', () => {
  const BROKEN = 'write `${env:NAME}`, `${env:NAME:-default}` or `${secret:NAME}`; `$${` is a literal `${`';
  const PLUGINS = 'use `${env:NAME}` or `${secret:NAME}`; `$${` is a literal `${`';
  const HELPER = 'let the program read it from its environment, for example as `$NAME`';
  const PROVIDER = 'write the program that prints the value: secret_providers.op.command = ["PROGRAM", "ARGUMENT"]';
  test.each([
    { user: stdio('env = { A = "${env:A:-${B}}" }'), key: 'env.A@3:13', hint: BROKEN },
    { user: stdio('args = ["${env:1}"]'), key: 'args.0@3:9', hint: BROKEN },
    { user: http('oauth = { client_id = "${secret:}" }'), key: 'oauth.client_id@3:23', hint: BROKEN },
    { user: '[mcp_servers.x]\nurl = "https://h/${secret:a b}"', key: 'url@2:7', hint: BROKEN },
    { user: stdio('env = { A = "${user_config.token}" }'), key: 'env.A@3:13', hint: PLUGINS },
    { user: stdio('cwd = "${PLUGIN_ROOT}/w"'), key: 'cwd@3:7', hint: PLUGINS },
    { user: stdio('args = ["${CLAUDE_PLUGIN_DATA}"]'), key: 'args.0@3:9', hint: PLUGINS },
    {
      user: '[mcp_servers.x]\ncommand = "sh"\nargs = ["-c", "ls ${PLUGIN_ROOT}"]',
      key: 'args.1@3:15',
      hint: PLUGINS,
    },
    { user: http('http_headers_helper = "h ${env:A}"'), key: 'http_headers_helper@3:23', hint: HELPER },
    { user: http('http_headers_helper = "h ${secret:A"'), key: 'http_headers_helper@3:23', hint: HELPER },
    { user: stdio('env = { A = "${secret:op://v/i}" }'), key: 'env.A@3:13', hint: PROVIDER },
  ])('$user', ({ user, key, hint }) => {
    const { issues, servers } = configFrom({ user: `${user}\n[mcp_servers.y]\ncommand = "y"` });
    const own = issues.filter(({ code }) => code !== 'KEY_NOT_YET_SUPPORTED');
    expect(brief(own)).toEqual([`error CONFIG_LITERAL_REFERENCE mcp_servers.x.${key}`]);
    expect(own[0]?.hint).toBe(hint);
    expect([servers.get('x')?.problems, servers.get('y')?.problems]).toEqual([own, []]);
  });

  test('a provider that is broken cannot be asked, either', () => {
    const user = `${stdio('env = { A = "${secret:op://v/i}" }')}\n[secret_providers.op]\ncommand = []`;
    expect(issuesOf(user)).toEqual([
      'error CONFIG_LITERAL_REFERENCE mcp_servers.x.env.A@3:13',
      'error CONFIG_WRONG_TYPE secret_providers.op@4:19',
    ]);
  });
});

describe('what is said besides', () => {
  test.each([
    { user: stdio('env = { A = "$TOKEN" }'), key: 'env.A@3:13' },
    { user: stdio('env = { A = "${TOKEN} ${env:B}" }'), key: 'env.A@3:13' },
    { user: http('http_headers = { A = "$${B} $C" }'), key: 'http_headers.A@3:22' },
    { user: stdio('args = ["--home", "${HOME}"]'), key: 'args.1@3:19' },
    { user: stdio('cwd = "$HOME/x"'), key: 'cwd@3:7' },
  ])('what looks like a variable of a shell stays as it is, with a note: $user', ({ user, key }) => {
    const { issues } = configFrom({ user });
    expect(brief(issues)).toEqual([`note CONFIG_LITERAL_REFERENCE mcp_servers.x.${key}`]);
    expect(issues[0]?.hint).toBe('did you mean `${env:NAME}`?');
  });

  test.each([
    '[mcp_servers.x]\ncommand = "sh"\nargs = ["-c", "exec x $HOME"]',
    '[mcp_servers.x]\ncommand = "pwsh.exe"\nargs = ["-c", "$${env:HOME}"]',
    stdio('args = ["costs $5", "a$"]'),
  ])('what is for a shell, or for none, stays as it is: %s', (user) => expect(issuesOf(user)).toEqual([]));

  test.each([
    { args: '["-c", "curl ${env:TOKEN}"]', want: ['warning CONFIG_LITERAL_REFERENCE mcp_servers.x.args.1@3:15'] },
    { args: '["-lc", "curl ${secret:t}"]', want: ['warning CONFIG_LITERAL_REFERENCE mcp_servers.x.args.1@3:16'] },
    { args: '["-c", "curl $TOKEN"]', want: [] },
    { args: '["run.sh", "${env:TOKEN}"]', want: [] },
  ])('a line for a shell would run what is filled in: $args', ({ args, want }) => {
    const user = `[mcp_servers.x]\ncommand = "/bin/bash"\nargs = ${args}`;
    expect([issuesOf(user), serverFrom({ user }).problems]).toEqual([want, []]);
  });
});

describe('a value is what its key needs, whatever is filled in', () => {
  test.each([
    { user: '[mcp_servers.x]\nurl = "ftp://${env:H}/"', want: 'error CONFIG_WRONG_TYPE mcp_servers.x.url@2:7' },
    { user: '[mcp_servers.x]\nurl = "${env:H} /x"', want: 'error CONFIG_WRONG_TYPE mcp_servers.x.url@2:7' },
    { user: '[mcp_servers.x]\nurl = "https://${env:H}/#a"', want: 'error CONFIG_WRONG_TYPE mcp_servers.x.url@2:7' },
    { user: '[mcp_servers.x]\nurl = "https://ada:${env:P}@h/"', want: 'error CONFIG_WRONG_TYPE mcp_servers.x.url@2:7' },
    {
      user: http('http_headers = { A = "${env:A}\\n" }'),
      want: 'error CONFIG_WRONG_TYPE mcp_servers.x.http_headers.A@3:22',
    },
    { user: stdio('args = ["${env:A}\\u0000"]'), want: 'error CONFIG_WRONG_TYPE mcp_servers.x.args.0@3:9' },
  ])('$user', ({ user, want }) => {
    expect(issuesOf(user)).toEqual([want]);
  });

  test.each(['https://ada:${env:P:-hunter2}@h/', 'https://${env:U:-hunter2}:x@h/', 'ftp://hunter2@${env:H}/'])(
    'an address that holds a password is known without it: %s',
    (url) => {
      const { transport, problems } = serverFrom({ user: `[mcp_servers.x]\nurl = '${url}'` });
      expect(problems.map(({ code }) => code)).toEqual(['CONFIG_WRONG_TYPE']);
      expect(JSON.stringify(transport)).not.toContain('hunter2');
    },
  );
});

describe('a working folder', () => {
  test.each([
    { cwd: '${env:D}', want: null },
    { cwd: '${env:D}/x', want: null },
    { cwd: '/a/../b/${env:D:-../..//c}', want: '/b/${env:D:-../..//c}' },
    { cwd: '~/a/${env:D}', want: '/home/ada/a/${env:D}' },
    { cwd: '~${env:D}', want: `${PROJECT_DIR}/~\${env:D}` },
    { cwd: 'a/..${env:D}/b', want: `${PROJECT_DIR}/a/..\${env:D}/b` },
    { cwd: '..${env:D}', want: `${PROJECT_DIR}/..\${env:D}` },
    { cwd: '/${env:D}', want: '/${env:D}' },
    { cwd: '/a$${env:D}', want: '/a$${env:D}' },
    { cwd: '/a/${b}', want: '/a/${b}' },
  ])('$cwd starts where it is written, as far as that is known', ({ cwd, want }) => {
    const { transport } = serverFrom({ project: stdio(`cwd = '${cwd}'`) });
    expect(transport).toMatchObject({ cwd, cwdAbsolute: want });
  });
});

describe('a file with variables', () => {
  test.each([
    { name: 'of the user', sources: { user: stdio('env_file = "a/x.env"') }, want: '/home/ada/.plugboard/a/x.env' },
    { name: 'of the machine', sources: { system: stdio('env_file = "x.env"') }, want: '/etc/plugboard/x.env' },
    { name: 'of a project', sources: { project: stdio('env_file = "../.env"') }, want: `${PROJECT_DIR}/.env` },
    { name: 'in the home folder', sources: { project: stdio('env_file = "~/x.env"') }, want: '/home/ada/x.env' },
    { name: 'of -c', sources: { user: stdio(''), flags: ['mcp_servers.x.env_file=/x.env'] }, want: '/x.env' },
  ])('$name starts at the file that names it', ({ sources, want }) => {
    expect(configFrom(sources).issues).toEqual([]);
    expect(serverFrom(sources).transport).toMatchObject({ envFile: want });
  });

  test.each([
    { user: stdio(''), flags: ['mcp_servers.x.env_file=x.env'], key: 'mcp_servers.x.env_file' },
    {
      user: '',
      flags: ['plugins."p@m".mcp_servers.x.env_file=x.env'],
      key: 'plugins."p@m".mcp_servers.x.env_file',
    },
  ])('of -c is absolute: $flags', ({ user, flags, key }) => {
    expect(brief(configFrom({ user, flags }).issues)).toEqual([`error CONFIG_WRONG_TYPE ${key}`]);
  });
});

test('a server names no scheme that another layer cannot see', () => {
  const { servers, issues } = configFrom({ user: OP, project: stdio('env = { A = "${secret:op://v/i}" }') });
  expect([issues, servers.get('x')?.problems]).toEqual([[], []]);
});

test.each(['http://localhost${env:X}/', 'http://127.0.0.1${env:X}/', 'http://127.0.0.${env:X}/', 'http://${env:X}/'])(
  'a host that is filled in is not taken for this machine: %s',
  (url) => expect(URL.canParse(url) && isLoopback(new URL(url).hostname)).toBe(false),
);

test('no message holds what a reference says', () => {
  const user = `${stdio('env = { A = "${env:hunter2", B = "${user_config.hunter2}", C = "$HUNTER2" }')}
args = ["\${secret:op://hunter2}"]\n[secret_providers.x]\ncommand = "\${env:hunter2}"`;
  const { issues } = configFrom({ user });
  expect(issues.length).toBe(5);
  expect(JSON.stringify(issues).toLowerCase().replaceAll(USER_FILE, '')).not.toContain('hunter2');
});
