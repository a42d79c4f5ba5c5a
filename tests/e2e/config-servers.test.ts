import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SERVER_KEYS } from '../../src/config/index.ts';
import { loadConfig } from '../../src/config/node/index.ts';
import { createLocalExecutor } from '../../src/executors/node/index.ts';
import { createHost, noPlugins } from '../../src/host/node/index.ts';
import { type Issue, silentLog } from '../../src/kernel/index.ts';
import { systemClock } from '../../src/kernel/node/index.ts';
import { openStore } from '../../src/storage/node/index.ts';
import { eventually } from '../support/eventually.ts';
import { callText, fixture, type Home, useHomes } from '../support/home.ts';
import { noSecrets } from '../support/no-secrets.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

type Doctor = {
  readonly servers: readonly { readonly name: string; readonly state: { readonly kind: string } }[];
  readonly checks: { readonly config: { readonly issues: readonly Issue[] } };
};

async function doctor(home: Home): Promise<Doctor> {
  return JSON.parse((await home.finish(['doctor', '--json'], { cwd: home.folder })).stdout) as Doctor;
}

function states({ servers }: Doctor): Readonly<Record<string, string>> {
  return Object.fromEntries(servers.map(({ name, state }) => [name, state.kind]));
}

function write(file: string, text: string): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

function configText(home: Home, text: string): void {
  write(join(home.path, 'config.toml'), text);
}

/** The lines that start `echo.mjs`. */
const echo = `command = ${JSON.stringify(process.execPath)}\nargs = ${JSON.stringify(fixture('echo').args)}`;

/** A program that leaves a mark when it is started. */
function marking(mark: string): string {
  return `command = "sh"\nargs = ["-c", ${JSON.stringify(`echo > '${mark}'`)}]`;
}

describe(proves('config.not-yet'), () => {
  const rows = SERVER_KEYS.filter(({ notYet }) => notYet !== undefined);
  /** Examples that ask for what happens anyway. */
  const telling: Readonly<Record<string, string>> = { auth: 'auth = "chatgpt"' };
  const lineOf = ({ key, example }: (typeof rows)[number]): string => telling[key] ?? example;

  test('each server with such a key is connected', { timeout: 60_000 }, async () => {
    const home = createHome();
    const stdio = rows.filter(({ transport }) => transport !== 'http');
    const more = [
      {
        name: 'remote',
        line: 'env_vars = [{ name = "HOME", source = "remote" }]',
        would: 'read the variable on the machine',
      },
      {
        name: 'tool',
        line: 'tools.echo.approval_mode = "prompt"',
        would: 'ask for approval before calls of this tool',
      },
      { name: 'limit', line: 'tools.echo.output_token_limit = 9', would: 'shorten long results of this tool' },
      ...stdio.map((row) => ({ name: row.key, line: lineOf(row), would: row.notYet ?? '' })),
    ];
    configText(home, more.map(({ name, line }) => `[mcp_servers.${name}]\n${echo}\n${line}\n`).join(''));
    const report = await doctor(home);
    expect(states(report)).toEqual(Object.fromEntries(more.map(({ name }) => [name, 'connected'])));
    const said = report.checks.config.issues.map(({ severity, code, server, message }) => ({
      severity,
      code,
      server,
      message,
    }));
    expect(said).toEqual(
      more.map(({ name, would }) => ({
        severity: 'warning',
        code: 'KEY_NOT_YET_SUPPORTED',
        server: name,
        message: expect.stringContaining(` is not acted on yet; it would ${would}`),
      })),
    );
    expect((await home.finish(['doctor'], { cwd: home.folder })).status).toBe(0);
  });

  test('no key of an HTTP server makes it invalid', async () => {
    const home = createHome();
    const http = rows.filter(({ transport }) => transport !== 'stdio');
    const tables = http.map((row) => `[mcp_servers.${row.key}]\nurl = "http://127.0.0.1:9/mcp"\n${lineOf(row)}\n`);
    configText(home, tables.join(''));
    const list = JSON.parse((await home.finish(['mcp', 'list', '--json'], { cwd: home.folder })).stdout) as unknown;
    expect(list).toEqual(
      http
        .map(({ key }) => key)
        .sort()
        .map((name) => expect.objectContaining({ name, state: null })),
    );
  });
});

test(proves('config.did-you-mean'), async () => {
  const home = createHome();
  const mark = join(home.folder, 'started');
  configText(
    home,
    `[mcp_servers.typo]\n${echo}\nstartup_timout_sec = 5\nenv_var = ["HOME"]\nwholly_unknown = 1\n` +
      [
        'enabeld = false',
        'enabledTools = ["echo"]',
        'disable_tools = ["crash"]',
        'aproval_mode = "prompt"',
        'disabled = true',
      ]
        .map((line, index) => `[mcp_servers.safe${index}]\n${line}\n${marking(mark)}\n`)
        .join(''),
  );
  const report = await doctor(home);
  expect(states(report)).toEqual({
    ...Object.fromEntries([0, 1, 2, 3, 4].map((index) => [`safe${index}`, 'invalid'])),
    typo: 'connected',
  });
  expect(report.checks.config.issues.map(({ severity, key, line, hint }) => [severity, key, line, hint])).toEqual([
    ['warning', 'mcp_servers.typo.startup_timout_sec', 4, 'did you mean `startup_timeout_sec`?'],
    ['warning', 'mcp_servers.typo.env_var', 5, 'did you mean `env_vars`?'],
    ['warning', 'mcp_servers.typo.wholly_unknown', 6, undefined],
    ['error', 'mcp_servers.safe0.enabeld', 8, 'write `enabled = false` to turn the server off'],
    ['error', 'mcp_servers.safe1.enabledTools', 12, 'write `enabled_tools`, or remove the key'],
    ['error', 'mcp_servers.safe2.disable_tools', 16, 'write `disabled_tools`, or remove the key'],
    ['error', 'mcp_servers.safe3.aproval_mode', 20, 'write `default_tools_approval_mode`, or remove the key'],
    ['error', 'mcp_servers.safe4.disabled', 24, 'write `enabled = false` to turn the server off'],
  ]);
  expect(existsSync(mark)).toBe(false);
});

test(proves('config.literal-secret'), async () => {
  const home = createHome();
  const secret = 'hunter2-in-a-file';
  configText(
    home,
    `[mcp_servers.token]\nurl = "http://127.0.0.1:9/mcp"\nbearer_token = "${secret}"\n` +
      `[mcp_servers.stdio_token]\n${echo}\nbearer_token = "${secret}"\n` +
      `[mcp_servers.literal]\n${echo}\nenv = { PLAIN = "$HOME", BRACES = "\${HOME}" }\n` +
      `[mcp_servers.ours]\n${echo}\nenv = { OPEN = "\${env:HOME", OTHER = "${secret}" }\n`,
  );
  const report = await doctor(home);
  expect(states(report)).toEqual({ literal: 'connected', ours: 'invalid', stdio_token: 'invalid', token: 'invalid' });
  expect(report.checks.config.issues.map(({ severity, code, key }) => `${severity} ${code} ${key}`)).toEqual([
    'error CONFIG_LITERAL_TOKEN mcp_servers.token.bearer_token',
    'error CONFIG_LITERAL_TOKEN mcp_servers.stdio_token.bearer_token',
    'note CONFIG_LITERAL_REFERENCE mcp_servers.literal.env.PLAIN',
    'note CONFIG_LITERAL_REFERENCE mcp_servers.literal.env.BRACES',
    'error CONFIG_LITERAL_REFERENCE mcp_servers.ours.env.OPEN',
  ]);
  const agent = home.pipe();
  await agent.initialize();
  await home.untilServer('literal', 'connected');
  expect(await callText(agent, 'literal__env', { name: 'PLAIN' })).toBe('$HOME');
  expect(await callText(agent, 'literal__env', { name: 'BRACES' })).toBe('${HOME}');
  await agent.close();

  const commands = [
    ['doctor'],
    ['mcp', 'list'],
    ['mcp', 'get', 'token'],
    ['mcp', 'get', 'ours'],
    ['config', 'explain', 'mcp_servers'],
  ];
  for (const command of commands.flatMap((words) => [words, [...words, '--json']])) {
    const { stdout, stderr } = await home.finish(command, { cwd: home.folder });
    expect(stdout).toMatch(/token|ours/);
    expect(stdout + stderr).not.toContain(secret);
  }
  const set = await home.finish(['config', 'set', 'mcp_servers.literal.bearer_token', secret], { cwd: home.folder });
  expect([set.status, set.stderr]).toEqual([2, expect.stringContaining('[CONFIG_LITERAL_TOKEN]')]);
  expect(set.stderr).not.toContain(secret);
});

test(proves('config.self-reference'), async () => {
  const home = createHome();
  const entries = [
    'command = "plugboard"\nargs = ["stdio", "--agent", "codex"]',
    `command = ${JSON.stringify(process.execPath)}\nargs = ["/opt/plugboard/bin/plugboard.js", "stdio"]`,
    'command = "npx"\nargs = ["-y", "plugboard@latest", "serve"]',
    'command = "sh"\nargs = ["-c", "exec plugboard stdio"]',
    'command = "/usr/bin/env"\nargs = ["plugboard", "stdio"]',
  ];
  configText(
    home,
    [`[mcp_servers.real]\n${echo}\n`, ...entries.map((lines, n) => `[mcp_servers.self${n}]\n${lines}\n`)].join(''),
  );
  const report = await doctor(home);
  expect(states(report)).toEqual({ real: 'connected' });
  expect(report.checks.config.issues.map(({ severity, code, key }) => `${severity} ${code} ${key}`)).toEqual(
    entries.map((_, n) => `warning CONFIG_SELF_REFERENCE mcp_servers.self${n}`),
  );
  const agent = home.pipe();
  await agent.initialize();
  await home.untilServer('real', 'connected');
  const { tools } = (await agent.request('tools/list')) as { readonly tools: readonly { readonly name: string }[] };
  expect(tools.map(({ name }) => name).filter((name) => !name.startsWith('real__'))).toEqual([]);
  await agent.close();
  const added = await home.finish(['mcp', 'add', 'me', '--', 'plugboard', 'stdio'], { cwd: home.folder });
  expect([added.status, added.stderr]).toEqual([2, expect.stringContaining('[CONFIG_SELF_REFERENCE]')]);
});

describe(proves('config.requirements'), () => {
  const load = (home: Home) => () =>
    loadConfig({
      home: home.path,
      overrides: ['mcp_servers.flag.command=sh'],
      env: home.env,
      systemDir: join(home.folder, 'etc'),
    });

  test('what is not listed, or is not as described, is not started', async () => {
    const home = createHome();
    const mark = join(home.folder, 'started');
    configText(
      home,
      `[mcp_servers.listed]\n${echo}\n[mcp_servers.unlisted]\n${marking(mark)}\n[mcp_servers.changed]\n${marking(mark)}\n` +
        `[mcp_servers.off]\n${marking(mark)}\nenabled = false\n`,
    );
    const own = write(
      join(home.folder, 'etc', 'plugboard', 'requirements.toml'),
      `[mcp_servers.listed.identity]\ncommand = ${JSON.stringify(process.execPath)}\n` +
        `args = [{ match = "regex", expression = ".*/echo\\\\.mjs" }]\n[mcp_servers.changed.identity]\ncommand = "other"\n`,
    );
    const store = openStore(join(home.path, 'plugboard.db'));
    const executor = createLocalExecutor({ log: silentLog });
    const host = await createHost({
      home: home.path,
      version: 'test',
      load: load(home),
      plugins: noPlugins,
      secrets: noSecrets(home.path),
      workspace: home.folder,
      env: home.env,
      executor,
      facts: store.facts,
      clock: systemClock,
      log: silentLog,
    });
    try {
      const kinds = await eventually(() => {
        const found = Object.fromEntries(host.servers().map(({ report }) => [report.name, report.state?.kind]));
        expect(found['listed']).toBe('connected');
        return found;
      });
      expect(kinds).toEqual({
        listed: 'connected',
        unlisted: 'blocked',
        changed: 'blocked',
        flag: 'blocked',
        off: 'blocked',
      });
      expect(host.servers().find(({ report }) => report.name === 'unlisted')?.report.state).toEqual({
        kind: 'blocked',
        reason: 'requirements',
        detail: own,
        command: `ask the administrator of ${own}`,
      });
      expect(existsSync(mark)).toBe(false);
    } finally {
      await host.close();
      await executor.close();
      store.close();
    }
  });

  test.each([
    { name: 'is no TOML', text: '[mcp_servers' },
    { name: 'asks for what nobody enforces', text: 'allow_nothing = true' },
    { name: 'lists a server without saying which', text: '[mcp_servers.x]' },
    {
      name: 'has a pattern that is none',
      text: '[mcp_servers.x.identity]\nurl = { match = "regex", expression = "(" }',
    },
  ])('a file that $name stops the start', async ({ text }) => {
    const home = createHome();
    const file = write(join(home.folder, 'etc', 'plugboard', 'requirements.toml'), text);
    await expect(load(home)()).rejects.toMatchObject({
      code: 'CONFIG_SYSTEM_DAMAGED',
      where: expect.stringContaining(file),
      facts: { exit: 2 },
    });
  });
});
