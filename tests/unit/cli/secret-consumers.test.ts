import { describe, expect, test } from 'vitest';
import { effectNotes, effectsOf, type Readers, targetOf } from '../../../src/cli/secret-consumers.ts';
import { Secret } from '../../../src/kernel/index.ts';
import { parseConsumer, type SecretDocument, type SecretRef } from '../../../src/secrets/index.ts';
import { pluginInput, pluginServer, resolveWith, setting } from '../servers/plugin-input.ts';

const CONFIG = `
[mcp_servers.docs]
command = "docs"
env_vars = ["TOKEN", { name = "KEY", required = true }]

[mcp_servers.web]
url = "http://127.0.0.1:9/mcp"
[mcp_servers.web.http_headers]
X-Key = "\${secret:web-key}"
`;

const { servers } = resolveWith({
  user: CONFIG,
  plugins: [
    pluginInput(
      'poka@acme',
      [pluginServer('poka', { toml: 'command = "node"\nenv = { T = "${user_config.token}" }' })],
      {
        settings: [setting('token', { sensitive: true, required: true })],
      },
    ),
    pluginInput('left@acme', [pluginServer('twin')]),
    pluginInput('right@acme', [pluginServer('twin')]),
  ],
});
const readers: Readers = { servers, plugins: ['poka@acme', 'left@acme', 'right@acme'] };

describe('whom a secret is for', () => {
  test.each([
    { words: 'docs', consumer: { kind: 'server', name: 'docs' }, note: null },
    {
      words: 'poka',
      consumer: { kind: 'plugin', id: 'poka@acme' },
      note: "'poka' is a server of the plugin poka@acme, and reads what is stored for the plugin",
    },
    { words: 'poka@acme', consumer: { kind: 'plugin', id: 'poka@acme' }, note: null },
    {
      words: 'poka@acne',
      consumer: { kind: 'plugin', id: 'poka@acne' },
      note: "no plugin 'poka@acne' is installed yet; did you mean 'poka@acme'?",
    },
    {
      words: 'left',
      consumer: { kind: 'server', name: 'left' },
      note: "no server 'left' is configured yet; did you mean 'left@acme'?",
    },
    {
      words: 'dosc',
      consumer: { kind: 'server', name: 'dosc' },
      note: "no server 'dosc' is configured yet; did you mean 'docs'?",
    },
    {
      words: 'something-else',
      consumer: { kind: 'server', name: 'something-else' },
      note: "no server 'something-else' is configured yet",
    },
  ])('$words', ({ words, consumer, note }) => {
    expect(targetOf(parseConsumer(words), readers)).toEqual({ consumer, note });
  });

  test('a qualified name is the plugin in it, and not one that calls its server so', () => {
    const plugins = [
      pluginInput('good@acme', [pluginServer('github')]),
      pluginInput('evil@acme', [pluginServer('good:github')]),
    ];
    const named = (some: typeof plugins) =>
      targetOf(parseConsumer('good:github'), { servers: resolveWith({ plugins: some }).servers, plugins: [] }).consumer;
    expect(named(plugins)).toEqual({ kind: 'plugin', id: 'good@acme' });
    expect(named(plugins.slice(1))).toEqual({ kind: 'server', name: 'good:github' });
  });

  test('a name that several plugins use is nobody, and both are named', () => {
    expect(() => targetOf(parseConsumer('twin'), readers)).toThrow(
      expect.objectContaining({ code: 'SECRET_BAD_CONSUMER', hint: 'say --for left@acme, or --for right@acme' }),
    );
  });
});

const ref = (name: string, consumer: string): SecretRef => ({ name, consumer: parseConsumer(consumer) });
const env = (given: Readonly<Record<string, string>> = {}) => ({ variable: (name: string) => given[name] });
const stored = (...refs: readonly SecretRef[]): SecretDocument => ({
  records: refs.map((one) => ({ ...one, value: new Secret(one.name, 'v'), setAt: 0, source: { how: 'stdin' } })),
  retired: [],
});

describe('what a change does to servers', () => {
  test.each([
    { name: 'one that may be unset', changed: ref('TOKEN', 'docs'), want: { servers: ['docs'], waiting: [] } },
    { name: 'one that is required', changed: ref('KEY', 'docs'), want: { servers: ['docs'], waiting: ['docs'] } },
    { name: 'one in a header', changed: ref('web-key', 'web'), want: { servers: ['web'], waiting: ['web'] } },
    {
      name: 'the setting of a plugin',
      changed: ref('user_config.token', 'poka@acme'),
      want: { servers: ['poka'], waiting: ['poka'] },
    },
    { name: 'one of another consumer', changed: ref('KEY', 'web'), want: { servers: [], waiting: [] } },
    { name: 'one that nobody names', changed: ref('OTHER', 'docs'), want: { servers: [], waiting: [] } },
  ])('taking away $name', ({ changed, want }) => {
    expect(effectsOf([changed], servers, { after: stored(), ...env() })).toEqual({ ...want, restarts: want.servers });
  });

  test('what the environment gives, or what was lacking before, is not waited for', () => {
    const changed = [ref('KEY', 'docs')];
    expect(effectsOf(changed, servers, { after: stored(), ...env({ KEY: 'k' }) }).waiting).toEqual([]);
    expect(effectsOf([ref('TOKEN', 'docs')], servers, { after: stored(), ...env() }).waiting).toEqual([]);
  });

  test('setting one leaves nobody waiting for it', () => {
    const changed = ref('KEY', 'docs');
    const after = stored(changed);
    expect(effectsOf([changed], servers, { after, ...env() })).toEqual({
      servers: ['docs'],
      restarts: ['docs'],
      waiting: [],
    });
  });

  test.each([
    {
      name: 'nobody asks for it',
      effects: { servers: [], restarts: [], waiting: [] },
      how: { running: [], removed: false },
      want: ['no server asks for KEY yet: a server names it in env_vars, or as ${secret:KEY}'],
    },
    {
      name: 'nobody asked for it',
      effects: { servers: [], restarts: [], waiting: [] },
      how: { running: [], removed: true },
      want: [],
    },
    {
      name: 'two read it, and run',
      effects: { servers: ['a', 'b'], restarts: ['a', 'b'], waiting: [] },
      how: { running: ['a', 'b', 'c'], removed: false },
      want: ['read by a, b; they restart in the running host'],
    },
    {
      name: 'two read it, and one of them runs',
      effects: { servers: ['a', 'b'], restarts: ['a'], waiting: [] },
      how: { running: ['a', 'b'], removed: false },
      want: ['read by a, b; a restarts in the running host'],
    },
    {
      name: 'one needs it',
      effects: { servers: ['a'], restarts: ['a'], waiting: ['a'] },
      how: { running: ['a'], removed: true },
      want: [
        'was read by a; it restarts in the running host',
        "'a' cannot start without it; see: plugboard doctor --server a",
      ],
    },
  ])('said when $name', ({ effects, how, want }) => {
    expect(effectNotes(effects, { name: 'KEY', ...how })).toEqual(want);
  });
});
