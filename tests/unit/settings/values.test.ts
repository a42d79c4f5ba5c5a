import { describe, expect, test } from 'vitest';
import { type JsonValue, Secret } from '../../../src/kernel/index.ts';
import {
  parseSettingTexts,
  type Setting,
  settingDefault,
  settingSecretName,
  settingSecretText,
  settingSeparator,
  settingValueTexts,
} from '../../../src/settings/index.ts';
import { checkSettingValue } from '../../../src/settings/values.ts';

const places = { homeDir: '/home/ada' };

function setting(more: Partial<Setting> = {}): Setting {
  return {
    ...{ key: 'k', type: 'string', title: '', description: '', sensitive: false, required: false, multiple: false },
    ...{ default: null, min: null, max: null, enum: null, pattern: null },
    ...more,
  };
}

const PATH = 'must be an absolute path, or start with `~/`';
const SWITCH = 'must be true or false, or yes or no';

describe('texts that were given become a value', () => {
  test.each<{ of: Partial<Setting>; texts: readonly string[]; want: JsonValue }>([
    { of: {}, texts: [''], want: '' },
    { of: {}, texts: [' a\nb '], want: ' a\nb ' },
    { of: {}, texts: ['12'], want: '12' },
    { of: { type: 'number' }, texts: ['12'], want: 12 },
    { of: { type: 'number' }, texts: [' -0.5 '], want: -0.5 },
    { of: { type: 'number' }, texts: ['1e3'], want: 1000 },
    { of: { type: 'boolean' }, texts: ['true'], want: true },
    { of: { type: 'boolean' }, texts: ['Yes'], want: true },
    { of: { type: 'boolean' }, texts: [' no '], want: false },
    { of: { type: 'directory' }, texts: ['/srv/a b'], want: '/srv/a b' },
    { of: { type: 'directory' }, texts: ['~'], want: '/home/ada' },
    { of: { type: 'file' }, texts: ['~/x/y.pem'], want: '/home/ada/x/y.pem' },
    { of: { multiple: true }, texts: ['a', 'b,c'], want: ['a', 'b,c'] },
    { of: { type: 'directory', multiple: true }, texts: ['~/a', '/b'], want: ['/home/ada/a', '/b'] },
    { of: { type: 'number', multiple: true }, texts: ['1', '2'], want: [1, 2] },
    { of: { enum: ['eu', 'us'] }, texts: ['us'], want: 'us' },
    { of: { type: 'number', enum: [1, 2] }, texts: ['2.0'], want: 2 },
    { of: { type: 'number', min: 1, max: 3 }, texts: ['3'], want: 3 },
    { of: { min: 2, max: 3 }, texts: ['abc'], want: 'abc' },
    { of: { pattern: '[0-9]+' }, texts: ['tried by who asks'], want: 'tried by who asks' },
  ])('$of $texts', ({ of, texts, want }) => {
    expect(parseSettingTexts(setting(of), texts, places)).toEqual({ kind: 'value', value: want });
  });

  test.each<{ of: Partial<Setting>; texts: readonly string[]; want: string }>([
    { of: {}, texts: [], want: 'takes one value' },
    { of: {}, texts: ['a', 'b'], want: 'takes one value' },
    { of: { required: true }, texts: [''], want: 'must not be empty' },
    { of: {}, texts: ['a\0b'], want: 'must not hold a NUL character' },
    { of: { type: 'number' }, texts: [''], want: 'must be a number' },
    { of: { type: 'number' }, texts: ['0x10'], want: 'must be a number' },
    { of: { type: 'number' }, texts: ['1,5'], want: 'must be a number' },
    { of: { type: 'number' }, texts: ['1e999'], want: 'must be a number' },
    { of: { type: 'number' }, texts: ['Infinity'], want: 'must be a number' },
    { of: { type: 'boolean' }, texts: ['1'], want: SWITCH },
    { of: { type: 'boolean' }, texts: ['constructor'], want: SWITCH },
    { of: { type: 'directory' }, texts: [''], want: 'must not be empty' },
    { of: { type: 'directory' }, texts: ['./a'], want: PATH },
    { of: { type: 'file' }, texts: ['~ada/x'], want: PATH },
    { of: { type: 'directory' }, texts: ['${HOME}x'], want: PATH },
    { of: { multiple: true }, texts: [], want: 'must hold at least one value' },
    { of: { multiple: true }, texts: Array.from({ length: 101 }, () => 'a'), want: 'may hold at most 100 values' },
    { of: { type: 'number', multiple: true }, texts: ['1', 'x'], want: 'must be a number' },
    { of: { enum: ['eu', 'us'] }, texts: ['EU'], want: 'must be one of `eu`, `us`' },
    { of: { type: 'number', min: 1 }, texts: ['0'], want: 'must be at least 1' },
    { of: { type: 'number', max: 3 }, texts: ['4'], want: 'must be at most 3' },
    { of: { min: 2 }, texts: ['a'], want: 'must be at least 2 characters' },
    { of: { max: 2, multiple: true }, texts: ['ab', 'abc'], want: 'must be at most 2 characters' },
  ])('$of refuses $texts.length texts: $want', ({ of, texts, want }) => {
    expect(parseSettingTexts(setting(of), texts, places)).toEqual({ kind: 'problem', problem: want });
  });

  test('of many choices a few are named', () => {
    const many = Array.from({ length: 40 }, (_, index) => `choice-${index}`);
    const { problem } = parseSettingTexts(setting({ enum: many }), ['x'], places) as { problem: string };
    expect(problem).toMatch(/^must be one of `choice-0`, .*`choice-11` and 28 more$/);
  });
});

describe('values that stand in a file', () => {
  test.each<{ of: Partial<Setting>; value: JsonValue; want: string | null }>([
    { of: {}, value: 'x', want: null },
    { of: {}, value: 5, want: 'must be a string' },
    { of: {}, value: ['x'], want: 'takes one value, and not a list' },
    { of: {}, value: { a: 1 }, want: 'must be a string' },
    { of: { type: 'number' }, value: '5', want: 'must be a number' },
    { of: { type: 'boolean' }, value: 'true', want: 'must be a boolean' },
    { of: { type: 'boolean' }, value: false, want: null },
    { of: { type: 'directory' }, value: '~/x', want: null },
    { of: { type: 'directory' }, value: 'x', want: PATH },
    { of: { multiple: true }, value: 'x', want: 'must be a list of values' },
    { of: { multiple: true }, value: [], want: 'must hold at least one value' },
    { of: { multiple: true }, value: ['x', 1], want: 'must be a string' },
    { of: { multiple: true }, value: ['x', ['y']], want: 'must be a string' },
  ])('$of: $value', ({ of, value, want }) => {
    expect(checkSettingValue(setting(of), value)).toBe(want);
  });

  test('a problem never holds the value', () => {
    const value = 'geheim';
    const rules: Partial<Setting>[] = [{ type: 'number' }, { min: 99 }, { enum: ['a'] }, { type: 'file' }];
    for (const of of rules) {
      const secret = setting({ ...of, sensitive: true });
      expect(checkSettingValue(secret, value)).not.toMatch(/geheim|^$/);
      expect(JSON.stringify(parseSettingTexts(secret, [value], places))).not.toContain(value);
    }
  });
});

describe('the texts that stand in place of a reference', () => {
  test.each<{ of: Partial<Setting>; value: JsonValue; want: readonly string[] }>([
    { of: {}, value: '${env:A} $${', want: ['${env:A} $${'] },
    { of: { type: 'number' }, value: 1.5, want: ['1.5'] },
    { of: { type: 'boolean' }, value: false, want: ['false'] },
    { of: { type: 'directory' }, value: '~/x', want: ['/home/ada/x'] },
    { of: {}, value: '~/x', want: ['~/x'] },
    { of: { type: 'number', multiple: true }, value: [1, 2], want: ['1', '2'] },
  ])('$of: $value', ({ of, value, want }) => {
    expect(settingValueTexts(setting(of), value, places)).toEqual(want);
  });

  test('where nobody knows the folder of the user, a path stays as it is', () => {
    expect(settingValueTexts(setting({ type: 'file' }), '~/x', { homeDir: null })).toEqual(['~/x']);
  });

  test.each<{ type: Setting['type']; platform: NodeJS.Platform; want: string }>([
    { type: 'directory', platform: 'linux', want: ':' },
    { type: 'file', platform: 'darwin', want: ':' },
    { type: 'directory', platform: 'win32', want: ';' },
    { type: 'string', platform: 'win32', want: ',' },
    { type: 'number', platform: 'linux', want: ',' },
  ])('items of the type $type are parted by $want on $platform', ({ type, platform, want }) => {
    expect(settingSeparator({ type }, platform)).toBe(want);
  });
});

describe('defaults', () => {
  test.each<{ of: Partial<Setting>; want: JsonValue | null }>([
    { of: {}, want: null },
    { of: { default: 'x' }, want: 'x' },
    { of: { default: '${HOME}/x' }, want: '${HOME}/x' },
    { of: { type: 'number', default: 0 }, want: 0 },
    { of: { type: 'boolean', default: false }, want: false },
    { of: { type: 'directory', default: '${HOME}' }, want: '/home/ada' },
    { of: { type: 'directory', default: '${DESKTOP}' }, want: '/home/ada/Desktop' },
    { of: { type: 'file', default: '${DOCUMENTS}/a.txt' }, want: '/home/ada/Documents/a.txt' },
    { of: { type: 'directory', default: '${DOWNLOADS}/' }, want: '/home/ada/Downloads' },
    { of: { type: 'directory', default: '~/x' }, want: '/home/ada/x' },
    { of: { type: 'directory', default: '/srv/${HOME}' }, want: '/srv/${HOME}' },
    {
      of: { type: 'directory', multiple: true, default: ['${HOME}/a', '/b'] },
      want: ['/home/ada/a', '/b'],
    },
    { of: { multiple: true, default: [] }, want: null },
  ])('$of', ({ of, want }) => {
    expect(settingDefault(setting(of), places)).toEqual(want);
  });
});

describe('a sensitive value in the store', () => {
  test.each<{ of: Partial<Setting>; value: JsonValue; stored: string; texts: readonly string[] }>([
    { of: {}, value: 'a"b\n', stored: 'a"b\n', texts: ['a"b\n'] },
    { of: { type: 'number' }, value: 7, stored: '7', texts: ['7'] },
    { of: { type: 'file' }, value: '~/k', stored: '/home/ada/k', texts: ['/home/ada/k'] },
    { of: { multiple: true }, value: ['a,b', 'c"'], stored: '["a,b","c\\""]', texts: ['a,b', 'c"'] },
  ])('$of: $value', ({ of, value, stored, texts }) => {
    const secret = setting({ ...of, sensitive: true });
    expect(settingSecretText(secret, value, places)).toBe(stored);
    expect(
      (secret.multiple ? new Secret('s', stored).items() : [new Secret('s', stored)]).map((item) => item.reveal()),
    ).toEqual(texts);
  });

  test('has the name of its key', () => {
    expect(settingSecretName('access_token')).toBe('user_config.access_token');
  });
});
