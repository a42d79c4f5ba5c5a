import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scanReferences } from '../../../src/config/index.ts';
import { Secret } from '../../../src/kernel/index.ts';
import {
  connectionKey,
  declaredEnvNames,
  type FilledLaunch,
  planReload,
  type ResolvedServer,
  secretReaders,
  serversReading,
} from '../../../src/servers/index.ts';
import { USER_FILE } from '../config/read-config.ts';
import { fill, http, ROOT, serverSetting, sourcesOf, stdio } from './filling.ts';
import { pluginInput, pluginServer, resolveWith, type Situation, setting } from './plugin-input.ts';

const ID = 'poka@acme';
const CONFIGURE = `run: plugboard plugin configure ${ID}`;
const withSettings = (toml: string, ...settings: readonly ReturnType<typeof setting>[]) =>
  pluginInput(ID, [pluginServer('poka', { toml })], { settings });
const values = (lines: string): string => `[plugins."${ID}".user_config]\n${lines}`;
const uses = (...keys: readonly string[]): string =>
  `command = "node"\nenv = { ${keys.map((key) => `${key.toUpperCase()} = "\${user_config.${key}}"`).join(', ')} }`;

const only = (situation: Situation): ResolvedServer => {
  const [server] = resolveWith(situation).servers;
  if (server === undefined) throw new Error('no server');
  return server;
};

describe('values of settings', () => {
  test.each([
    { name: 'a text', of: setting('v'), says: 'v = "eu"', want: ['eu'] },
    { name: 'a number', of: setting('v', { type: 'number' }), says: 'v = 7', want: ['7'] },
    { name: 'a boolean', of: setting('v', { type: 'boolean' }), says: 'v = false', want: ['false'] },
    { name: 'a list', of: setting('v', { multiple: true }), says: 'v = ["a", "b"]', want: ['a', 'b'] },
    { name: 'a folder of the user', of: setting('v', { type: 'directory' }), says: 'v = "~/x"', want: ['/home/ada/x'] },
    { name: 'a default', of: setting('v', { default: 'd' }), says: '', want: ['d'] },
    { name: 'a value before the default', of: setting('v', { default: 'd' }), says: 'v = "eu"', want: ['eu'] },
    { name: 'none', of: setting('v'), says: '', want: null },
  ])('$name', ({ of, says, want }) => {
    const server = only({ plugins: [withSettings(uses('v'), of)], user: values(says) });
    expect(server).toMatchObject({ verdict: { kind: 'startable' }, sources: { settings: { v: { values: want } } } });
  });

  test('are those that the server refers to, and go to nobody else', () => {
    const server = only({ plugins: [withSettings(uses('a'), setting('a'), setting('b'))] });
    expect(Object.keys(server.sources.settings)).toEqual(['a']);
    expect(server.sources).toMatchObject({ consumer: { kind: 'plugin', id: ID }, folders: [ROOT, '/data/poka'] });
  });

  test('that are wrong stop the server, with the place and never the value', () => {
    const situation = {
      plugins: [withSettings(uses('n'), setting('n', { type: 'number' }))],
      user: values('n = "oddity"'),
    };
    const { servers, issues } = resolveWith(situation);
    const problem = {
      code: 'PLUGIN_SETTING_VALUE',
      severity: 'error',
      message: `plugins."${ID}".user_config.n must be a number`,
      ...{ file: USER_FILE, line: 2, column: 5, plugin: ID },
    };
    expect(servers[0]?.verdict).toMatchObject({ kind: 'invalid', issues: [problem] });
    expect(issues).toMatchObject([problem]);
    expect(JSON.stringify([servers, issues])).not.toContain('oddity');
  });

  test('that are wrong are no problem of a server that does not use them', () => {
    const plugins = [withSettings('command = "node"', setting('n', { type: 'number' }))];
    expect(resolveWith({ plugins, user: values('n = "x"') })).toMatchObject({
      servers: [{ verdict: { kind: 'startable' } }],
      issues: [{ code: 'PLUGIN_SETTING_VALUE', severity: 'error' }],
    });
  });

  test('that are secret are not used from config.toml', () => {
    const plugins = [withSettings(uses('t'), setting('t', { sensitive: true }))];
    const { servers, issues } = resolveWith({ plugins, user: values('t = "canary-value"') });
    expect(servers[0]).toMatchObject({
      verdict: { kind: 'startable' },
      sources: { settings: { t: { values: null } } },
    });
    expect(issues).toMatchObject([
      { code: 'PLUGIN_SETTING_IN_CONFIG', severity: 'error', file: USER_FILE, line: 2, plugin: ID },
    ]);
    expect(JSON.stringify([servers, issues])).not.toContain('canary-value');
  });

  test('of a key that is not declared have no effect, and the likely one is named', () => {
    const plugins = [withSettings(uses('region'), setting('region'))];
    expect(resolveWith({ plugins, user: values('regoin = "x"') }).issues).toMatchObject([
      { code: 'PLUGIN_SETTING_VALUE', severity: 'warning', line: 2, hint: "did you mean 'region'?" },
    ]);
  });
});

describe('what is known before anything is looked up', () => {
  test.each([
    {
      name: 'a required setting',
      toml: uses('a', 'b'),
      settings: [setting('a', { required: true }), setting('b')],
      names: ['user_config.a'],
      command: CONFIGURE,
    },
    {
      name: 'an optional one in a path',
      toml: 'command = "node"\ncwd = "${user_config.d}"',
      settings: [setting('d')],
      names: ['user_config.d'],
      command: CONFIGURE,
    },
    {
      name: 'one that is not declared',
      toml: uses('x'),
      settings: [],
      names: ['user_config.x'],
      command: `the plugin refers to settings that it does not declare, so only its maintainer can help; see: plugboard plugin show ${ID}`,
    },
  ])('$name must be set first', ({ toml, settings, names, command }) => {
    expect(only({ plugins: [withSettings(toml, ...settings)] }).verdict).toMatchObject({
      kind: 'needs_config',
      names,
      command,
    });
  });

  test('a required one that is secret may be in the store', () => {
    const plugins = [withSettings(uses('t'), setting('t', { sensitive: true, required: true }))];
    expect(only({ plugins }).verdict.kind).toBe('startable');
  });

  test.each([
    { name: 'of a secret', toml: 'command = "c"\nargs = ["${secret:K}"]' },
    { name: 'of a provider in an address', toml: 'url = "https://h/${secret:op://v/i}"' },
    { name: 'of a secret in a path', toml: 'command = "${secret:K}"\nallow_secret_in_args = true' },
  ])('an argument $name is invalid, which is an issue at the place of the server', ({ toml }) => {
    const user = `secret_providers.op.command = ["true"]\n[mcp_servers.x]\n${toml}`;
    const { servers, issues } = resolveWith({ plugins: [], user });
    expect(issues).toMatchObject([{ code: 'SECRET_IN_ARGS', file: USER_FILE, line: 2, server: 'x' }]);
    expect(servers.map(({ verdict }) => verdict)).toEqual([{ kind: 'invalid', issues }]);
  });

  test('one that a broken file may give waits for that file', () => {
    const plugins = [withSettings(uses('r'), setting('r', { required: true }))];
    expect(only({ plugins, user: 'a = 1\na = 2' }).verdict).toMatchObject({
      kind: 'needs_config',
      names: ['user_config.r'],
      command: `correct ${USER_FILE}:2:1; until then the whole file is skipped`,
    });
  });

  test('an optional secret setting in an argument stops nobody who has not set it', () => {
    const toml = 'command = "c"\nargs = ["${user_config.t}"]';
    expect(only({ plugins: [withSettings(toml, setting('t', { sensitive: true }))] }).verdict.kind).toBe('startable');
    expect(
      only({ plugins: [withSettings(toml, setting('t', { sensitive: true, required: true }))] }).verdict.kind,
    ).toBe('invalid');
  });

  describe('variables that nobody agreed to', () => {
    const agreed = (agreedVariables: readonly string[] | null, toml: string, user = '') =>
      only({ plugins: [pluginInput(ID, [pluginServer('poka', { toml })], { agreedVariables })], user }).verdict;
    const blocked = (detail: string) => ({
      kind: 'blocked',
      reason: 'consent',
      detail,
      command: `run: plugboard plugin add ${ID}`,
    });

    test.each([
      { name: 'in `env_vars`', toml: 'command = "c"\nenv_vars = ["A", { name = "B" }]', names: 'A, B' },
      { name: 'in a text', toml: 'command = "c"\nenv.X = "${env:A} ${env:B:-x}"', names: 'A, B' },
      { name: 'as bearer token', toml: 'url = "https://h/"\nbearer_token_env_var = "A"', names: 'A' },
      { name: 'in headers', toml: 'url = "https://h/"\nenv_http_headers = { X = "A" }', names: 'A' },
    ])('$name', ({ toml, names }) => {
      expect(agreed([], toml)).toMatchObject(blocked(names));
      expect(agreed(names.split(', '), toml)).toMatchObject({ kind: 'startable' });
      expect(agreed(null, toml)).toMatchObject({ kind: 'startable' });
    });

    test('are no matter where the user names them himself', () => {
      const user = '[mcp_servers.poka]\nenv_vars = ["A"]\nenv.X = "${env:B}"';
      expect(agreed([], 'command = "c"\nenv_vars = ["EVIL"]', user)).toMatchObject({
        kind: 'startable',
        launch: { envVars: [{ name: 'A' }] },
      });
      expect(agreed([], 'command = "c"\nenv.Y = "${env:EVIL}"', user)).toMatchObject(blocked('EVIL'));
    });
  });
});

describe('a reload', () => {
  const plan = (before: Situation, after: Situation) =>
    planReload(resolveWith(before).servers, resolveWith(after).servers).get('poka');
  const plugins = [withSettings(uses('r'), setting('r'), setting('other'))];
  const env = (line: string) => `[mcp_servers.poka]\ncommand = "c"\n${line}`;

  test.each([
    {
      name: 'another value of a setting connects again',
      before: { plugins, user: values('r = "a"') },
      after: { plugins, user: values('r = "b"') },
      want: 'reconnect',
    },
    {
      name: 'a value of a setting that it does not use changes nothing',
      before: { plugins },
      after: { plugins, user: values('other = "b"') },
      want: 'keep',
    },
    {
      name: 'a value that moved down changes nothing',
      before: { plugins, user: values('r = "a"') },
      after: { plugins, user: `\n${values('r = "a"')}` },
      want: 'keep',
    },
    {
      name: 'another file connects again',
      before: { plugins: [], user: env('env_file = "/a"') },
      after: { plugins: [], user: env('env_file = "/b"') },
      want: 'reconnect',
    },
    {
      name: 'leave for secrets connects again',
      before: { plugins: [], user: env('') },
      after: { plugins: [], user: env('allow_secret_in_args = true') },
      want: 'reconnect',
    },
    {
      name: 'what is laid over connects again',
      before: { plugins },
      after: { plugins, user: '[mcp_servers.poka.env]\nA = "1"' },
      want: 'reconnect',
    },
  ])('$name', ({ before, after, want }) => expect(plan(before, after)).toBe(want));

  test('the variables of references belong to the names that agents hand over, and to the key of a connection', () => {
    const user = env('args = ["${env:A}", "${env:B:-x}", "$${env:C}"]\nenv_vars = ["D"]');
    const { servers } = resolveWith({ plugins: [], user });
    expect(declaredEnvNames(servers)).toEqual(['A', 'B', 'D']);
    const launch = stdio({ args: ['${env:A}'] });
    expect(connectionKey(launch, { A: '1' })).not.toBe(connectionKey(launch, { A: '2' }));
    expect(connectionKey(launch, { A: '1', B: '1' })).toBe(connectionKey(launch, { A: '1', B: '2' }));
  });
});

describe('readers of the store', () => {
  const { servers } = resolveWith({
    plugins: [
      pluginInput(
        ID,
        [
          pluginServer('poka', { toml: 'command = "c"\nenv_vars = ["V"]\nenv.T = "${user_config.t}"' }),
          pluginServer('quiet', { toml: 'command = "c"\nenv.R = "${user_config.r}"' }),
        ],
        { settings: [setting('t', { sensitive: true }), setting('r')] },
      ),
    ],
    user: '[mcp_servers.docs]\nurl = "https://h/"\nbearer_token_env_var = "V"\nhttp_headers.X = "${secret:K}"\n[mcp_servers.bad]\ncommand = 1\n[mcp_servers.off]\ncommand = "c"\nenabled = false\nenv_vars = ["V"]',
  });

  test('are the servers with the names they look up, for whom they ask', () => {
    const consumer = { kind: 'plugin', id: ID };
    expect(secretReaders(servers)).toEqual([
      { server: 'bad', consumer: { kind: 'server', name: 'bad' }, names: [] },
      { server: 'docs', consumer: { kind: 'server', name: 'docs' }, names: ['K', 'V'] },
      { server: 'off', consumer: { kind: 'server', name: 'off' }, names: ['V'] },
      { server: 'poka', consumer, names: ['V', 'user_config.t'] },
      { server: 'quiet', consumer, names: [] },
    ]);
  });

  test.each([
    { ref: { name: 'V', consumer: { kind: 'plugin', id: ID } as const }, want: ['poka'] },
    { ref: { name: 'V', consumer: { kind: 'server', name: 'docs' } as const }, want: ['docs'] },
    { ref: { name: 'V', consumer: { kind: 'server', name: 'poka' } as const }, want: [] },
    { ref: { name: 'user_config.t', consumer: { kind: 'plugin', id: ID } as const }, want: ['poka'] },
    { ref: { name: 'user_config.r', consumer: { kind: 'plugin', id: ID } as const }, want: ['quiet'] },
    { ref: { name: 'OTHER', consumer: { kind: 'plugin', id: ID } as const }, want: [] },
  ])('$ref.name of $ref.consumer changed', ({ ref, want }) => {
    expect(serversReading(servers, [ref])).toEqual({ servers: want, restarts: want });
  });

  test('that are not to start are not started again', () => {
    const ref = { name: 'V', consumer: { kind: 'server', name: 'off' } as const };
    expect(serversReading(servers, [ref])).toEqual({ servers: ['off'], restarts: [] });
  });
});

describe('literal values that look like secrets', () => {
  const notesOf = (situation: Situation) =>
    resolveWith(situation).issues.filter(({ code }) => code === 'SECRET_IN_CONFIG');
  const inEnv = (line: string) => notesOf({ plugins: [], user: `[mcp_servers.x]\ncommand = "c"\nenv = { ${line} }` });

  test.each([
    'A = "ghp_abcdefghijklmnop0123"',
    'A = "github_pat_11ABCDEFGHIJKLMNOP"',
    'A = "sk-proj-abcdefghijklmnopqrs"',
    'A = "xoxb-1234-abcdef"',
    'A = "AKIAIOSFODNN7EXAMPLE"',
    'A = "AIzaSyA-abcdefghijklmnopqrstuvwxyz01"',
    'A = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc"',
    'A = "-----BEGIN PRIVATE KEY-----"',
    'API_TOKEN = "abcdef0123456789"',
    'PASSWORD = "Correct-Horse-7-Battery"',
  ])('a note for %s', (line) => expect(inEnv(line)).toHaveLength(1));

  test.each([
    'API_TOKEN = "${env:TOKEN_0123456789}"',
    'TOKEN_FILE = "/etc/secrets/token0123456789"',
    'KEY_FILE = "~/keys/id_ed25519_2024"',
    'AUTH_URL = "https://h.example/v1/token0123"',
    'TOKEN_COUNT = "1234567890123456"',
    'KEEP_SECRET = "true"',
    'API_TOKEN = "short1"',
    'PASS_PHRASE = "a sentence of 5 words and more"',
    'REGION = "abcdef0123456789"',
  ])('none for %s', (line) => expect(inEnv(line)).toEqual([]));

  test('say where, and what to do, for whom the secret is to be stored', () => {
    const token = 'ghp_abcdefghijklmnop0123';
    const user = [
      `[mcp_servers.x]\ncommand = "c"\nenv.TOKEN = "${token}"`,
      `[mcp_servers.h]\nurl = "https://h/"\nhttp_headers.X-Api-Key = "Bearer ${token}"`,
      `[mcp_servers.poka.env]\nTOKEN = "${token}"`,
      `[plugins."${ID}".mcp_servers.poka.env]\nOTHER = "${token}"`,
    ].join('\n');
    const notes = notesOf({ plugins: [pluginInput(ID, [pluginServer('poka')])], user });
    expect(notes.map(({ key, line, hint }) => [key, line, hint])).toEqual([
      [
        'mcp_servers.x.env.TOKEN',
        1,
        'run: plugboard secret set TOKEN --for x; then write env_vars = ["TOKEN"] in place of the value',
      ],
      [
        'mcp_servers.h.http_headers.X-Api-Key',
        4,
        'run: plugboard secret set X_Api_Key --for h; then write http_headers.X-Api-Key = "Bearer ${secret:X_Api_Key}" in place of the value',
      ],
      [
        'mcp_servers.poka.env.TOKEN',
        8,
        `run: plugboard secret set TOKEN --for ${ID}; then write env.TOKEN = "\${secret:TOKEN}" in place of the value`,
      ],
      [
        `plugins."${ID}".mcp_servers.poka.env.OTHER`,
        10,
        `run: plugboard secret set OTHER --for ${ID}; then write env.OTHER = "\${secret:OTHER}" in place of the value`,
      ],
    ]);
    expect(JSON.stringify(notes)).not.toContain(token);
  });
});

describe('whatever is filled in', () => {
  const names = ['A', 'B', 'API_KEY'] as const;
  const part = fc.oneof(
    fc.constantFrom('x', ' ', '$', '{', '}', '$$', '$${', '${', '${X}', '/', '..'),
    fc.constantFrom('${env:A}', '${env:B:-d}', '${env:API_KEY}', '${secret:K}', '${secret:op://v/i}'),
    fc.constantFrom('${user_config.p}', '${user_config.s}', '${user_config.l}', '${user_config.o}', '${PLUGIN_ROOT}'),
  );
  const template = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(''));
  // Of values nothing else looks like them, so that each is found wherever it comes to stand.
  const secretText = (label: string) => fc.integer({ min: 0 }).map((n) => `§${label}${n}$\{env:OF_A_VALUE}§`);

  const plainTexts = (filled: unknown): readonly string[] => {
    if (typeof filled === 'string') return [filled];
    if (filled instanceof Secret || typeof filled !== 'object' || filled === null) return [];
    return Object.values(filled).flatMap(plainTexts);
  };
  /** Every text, the values of secrets as well. */
  const allTexts = (filled: unknown): readonly string[] => {
    if (filled instanceof Secret) return [filled.reveal()];
    if (typeof filled === 'string') return [filled];
    if (typeof filled !== 'object' || filled === null) return [];
    return Object.values(filled).flatMap(allTexts);
  };

  test('no reference of a template is left, no value is scanned, and no secret is a plain text', () => {
    fc.assert(
      fc.property(
        fc.record({
          args: fc.array(template, { maxLength: 3 }),
          env: fc.dictionary(fc.constantFrom('E', 'F', 'G_TOKEN'), template),
          url: template,
          headers: fc.dictionary(fc.constantFrom('X', 'Authorization'), template),
          stored: secretText('s'),
          given: fc.dictionary(fc.constantFrom(...names), fc.constantFrom('plain', '', '${env:OF_A_VALUE}')),
          allowSecretInArgs: fc.boolean(),
          set: fc.boolean(),
        }),
        ({ args, env, url, headers, stored, given, allowSecretInArgs, set }) => {
          const sources = sourcesOf({
            allowSecretInArgs,
            settings: [
              serverSetting('p', { values: ['${env:OF_A_VALUE}'] }),
              serverSetting('s', { sensitive: true }),
              serverSetting('l', { values: ['1', '${env:OF_A_VALUE}'], multiple: true }),
              serverSetting('o'),
            ],
          });
          const store = set ? { K: stored, A: stored, API_KEY: stored, 'user_config.s': stored } : {};
          const lookups = { env: given, store, provided: set ? { 'op://v/i': stored } : {} };
          const results: readonly FilledLaunch[] = [
            fill(stdio({ args, env, envVars: [{ name: 'A', source: 'local', required: false }] }), lookups, sources),
            fill(http({ url: `https://h/${url}`, headers }), lookups, sources),
          ];
          for (const result of results) {
            for (const text of plainTexts(result)) expect(text).not.toContain(stored);
            if (result.kind !== 'filled') continue;
            const texts = [...args, ...Object.values(env), url, ...Object.values(headers)];
            const literal = texts.flatMap((text) =>
              scanReferences(text, 'canonical').flatMap((piece) => (piece.kind === 'text' ? [piece.text] : [])),
            );
            // What looks like a reference came from a value, or was escaped.
            const allowed = ['${env:OF_A_VALUE}', ...literal];
            for (const text of allTexts(result.launch)) {
              const left = scanReferences(text, 'canonical').filter(({ kind }) => kind !== 'text');
              for (const { written } of left) expect(allowed.some((known) => known.includes(written))).toBe(true);
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
