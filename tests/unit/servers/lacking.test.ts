import { describe, expect, test } from 'vitest';
import { askedBy, type Launch, lackingOf, type ServerVerdict, type ValueSources } from '../../../src/servers/index.ts';
import { type Given, http, lookupsOf, serverSetting, sourcesOf, stdio } from './filling.ts';

const ref = { name: 'TOKEN', source: 'local', required: false } as const;

describe('asked of the store and of providers is', () => {
  const asked = (launch: Launch, sources: ValueSources, given: Given = {}): unknown => {
    const { names, references } = askedBy(launch, sources, lookupsOf(given));
    return { names: [...names].sort(), references: [...references] };
  };

  test('what only they can say, each once', () => {
    const launch = stdio({
      args: ['${env:B}', '${user_config.s}', '${user_config.plain}'],
      env: { A: '${secret:K} ${secret:op://v/i} ${env:A:-d}', C: '$${secret:NO}', GIVEN: 'literal' },
      envVars: [ref, { ...ref, name: 'FAR', source: 'remote' }, { ...ref, name: 'GIVEN' }, { ...ref, name: 'EMPTY' }],
    });
    const settings = [serverSetting('s', { sensitive: true }), serverSetting('plain', { values: ['1'] })];
    const sources = sourcesOf({ settings });
    expect(asked(launch, sources, { env: { A: 'a', EMPTY: '' } })).toEqual({
      names: ['B', 'EMPTY', 'K', 'TOKEN', 'user_config.s'],
      references: ['op://v/i'],
    });
  });

  test('what an address and its headers name', () => {
    const launch = http({ url: 'https://${env:H}/', bearerTokenEnvVar: 'T', envHeaders: { 'X-A': 'A' } });
    expect(asked(launch, sourcesOf(), { env: { T: ' ' } })).toEqual({ names: ['A', 'H', 'T'], references: [] });
  });
});

describe('what a server lacks', () => {
  const lacking = (verdict: ServerVerdict, given: Given = {}, sources = sourcesOf()): unknown => {
    const { variable, secret } = lookupsOf(given);
    return lackingOf({ verdict, sources }, { variable, secret: (name) => secret(name) !== undefined });
  };
  const launch = stdio({ env: { A: '${secret:K}', B: '${secret:op://v/i}' }, envVars: [{ ...ref, required: true }] });

  test.each([
    { name: 'all of it', given: {}, want: ['secret K', 'TOKEN'] },
    { name: 'what is left', given: { env: { TOKEN: '' } }, want: ['secret K'] },
    { name: 'nothing', given: { store: { K: 'k', TOKEN: 't' } }, want: null },
  ])('is named: $name', ({ given, want }) => {
    const state = lacking({ kind: 'startable', launch }, given);
    expect(state === null ? null : (state as { names: unknown }).names).toEqual(want);
  });

  test('may be in its env_file, as far as it is listed', () => {
    const filed = { ...launch, envFile: '/srv/a.env' };
    expect(lacking({ kind: 'startable', launch: filed })).toMatchObject({ names: ['secret K'] });
  });

  test('is added to what it needs anyway', () => {
    const command = 'run: something';
    const verdict = { kind: 'needs_config', names: ['user_config.region'], command, launch } as const;
    expect(lacking(verdict)).toEqual({
      kind: 'needs_config',
      names: ['TOKEN', 'secret K', 'user_config.region'],
      command,
    });
    expect(lacking({ ...verdict, launch: null })).toEqual({ kind: 'needs_config', names: verdict.names, command });
  });

  test('does not matter while it is not to start', () => {
    expect(lacking({ kind: 'disabled', by: 'user', where: '-c', command: 'c', launch })).toBe(null);
  });
});
