import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../src/kernel/index.ts';
import { patternProblem } from '../../../src/plugins/manifest/pattern.ts';
import type { Setting } from '../../../src/settings/index.ts';
import { brief, useBundles } from './read-bundle.ts';

const bundles = useBundles();

function declare(
  settings: JsonValue,
  key = 'user_config',
): { readonly settings: readonly Setting[]; readonly issues: readonly string[] } {
  const manifest = { name: 'p', [key]: settings };
  const { plugin, issues } = bundles.parse({ '.codex-plugin/plugin.json': manifest, 'skills/a/SKILL.md': 'x' });
  return {
    settings: plugin?.settings ?? [],
    issues: issues.map((issue) => `${brief([issue])[0]?.replace(/@.*/, '')}: ${issue.message}`),
  };
}

const PLAIN: Omit<Setting, 'key'> = {
  type: 'string',
  title: '',
  description: '',
  sensitive: false,
  required: false,
  multiple: false,
  default: null,
  min: null,
  max: null,
  enum: null,
  pattern: null,
};

describe('a setting as it is declared', () => {
  const everything = {
    type: 'string',
    title: 'Region',
    description: 'Where the data is.',
    required: true,
    default: 'eu-1',
    enum: ['eu-1', 'us-1'],
    min: 4,
    max: 8,
    pattern: '[a-z]+-[0-9]',
  };
  test.each<{ name: string; written: JsonObject; want: Partial<Setting> }>([
    { name: 'everything of a string', written: everything, want: { ...everything, type: 'string' } },
    { name: 'nothing but a name', written: {}, want: {} },
    {
      name: 'a secret',
      written: { type: 'string', sensitive: true, title: 'Token' },
      want: { sensitive: true, title: 'Token' },
    },
    {
      name: 'a number in its range',
      written: { type: 'number', min: 0.5, max: 3, default: 2 },
      want: { type: 'number', min: 0.5, max: 3, default: 2 },
    },
    { name: 'a boolean', written: { type: 'boolean', default: false }, want: { type: 'boolean', default: false } },
    {
      name: 'several folders',
      written: { type: 'directory', multiple: true, default: ['/a', '${HOME}'] },
      want: { type: 'directory', multiple: true, default: ['/a', '${HOME}'] },
    },
    { name: 'a file', written: { type: 'file', required: true }, want: { type: 'file', required: true } },
    { name: "Claude's options", written: { options: ['a', 'b'] }, want: { enum: ['a', 'b'] } },
    { name: 'members that are null', written: { default: null, min: null, title: 'T' }, want: { title: 'T' } },
  ])('$name', ({ written, want }) => {
    expect(declare({ key: written }).settings).toEqual([{ ...PLAIN, key: 'key', ...want }]);
  });

  test("Claude's userConfig is the same, and beside user_config it is left out", () => {
    expect(declare({ a: {} }, 'userConfig').settings.map(({ key }) => key)).toEqual(['a']);
    const manifest = { name: 'p', user_config: { a: {} }, userConfig: { b: {} } };
    const { sure, issues } = bundles.parse({ '.claude-plugin/plugin.json': manifest });
    expect([sure().settings.map(({ key }) => key), brief(issues)]).toEqual([
      ['a'],
      ['warning PLUGIN_DUPLICATE_KEY userConfig@6:3'],
    ]);
  });
});

describe('a setting that is declared wrongly is left out, and the others stay', () => {
  test.each<{ name: string; key?: string; written: JsonValue; want: string }>([
    { name: 'no object', written: 'x', want: 'bad must be an object, and is a string' },
    {
      name: 'unknown type',
      written: { type: 'secret' },
      want: 'bad.type must be one of string, number, boolean, directory, file',
    },
    {
      name: 'type of a wrong kind',
      written: { type: 1 },
      want: 'bad.type must be one of string, number, boolean, directory, file',
    },
    {
      name: 'secret with a default',
      written: { sensitive: true, default: 'x' },
      want: 'bad.default may not stand beside `sensitive`: a secret does not belong into a plugin',
    },
    {
      name: 'default of another type',
      written: { type: 'number', default: '1' },
      want: 'bad.default must be a number',
    },
    {
      name: 'default out of range',
      written: { type: 'number', max: 3, default: 4 },
      want: 'bad.default must be at most 3',
    },
    {
      name: 'default that is too short',
      written: { min: 3, default: 'ab' },
      want: 'bad.default must be at least 3 characters',
    },
    {
      name: 'default that is not listed',
      written: { enum: ['a'], default: 'b' },
      want: 'bad.default must be one of `a`',
    },
    {
      name: 'several defaults for one value',
      written: { default: ['a'] },
      want: 'bad.default may be an array only with `multiple`',
    },
    {
      name: 'one default for several values',
      written: { multiple: true, default: 'a' },
      want: 'bad.default must be an array, and is a string',
    },
    {
      name: 'one wrong among several defaults',
      written: { multiple: true, default: ['a', 1] },
      want: 'bad.default must be a string',
    },
    {
      name: 'flags that are no booleans',
      written: { sensitive: 'yes' },
      want: 'bad.sensitive must be true or false, and is a string',
    },
    { name: 'title of a wrong kind', written: { title: {} }, want: 'bad.title must be a string, and is an object' },
    {
      name: 'range of a boolean',
      written: { type: 'boolean', min: 1 },
      want: 'bad.min is for numbers and strings, and this setting is a boolean',
    },
    {
      name: 'range that is no number',
      written: { type: 'number', max: '3' },
      want: 'bad.max must be a number, and is a string',
    },
    {
      name: 'length that is no whole number',
      written: { min: 0.5 },
      want: 'bad.min must be a whole number, 0 or more: it is the length of a string',
    },
    { name: 'empty range', written: { type: 'number', min: 2, max: 1 }, want: 'bad.min is larger than `max`' },
    { name: 'empty choice', written: { enum: [] }, want: 'bad.enum must be an array with at least one value' },
    { name: 'choice of another type', written: { enum: ['a', 1] }, want: 'bad.enum has a value that must be a string' },
    { name: 'choice twice', written: { enum: ['a', 'a'] }, want: 'bad.enum has a value twice' },
    {
      name: 'pattern for a number',
      written: { type: 'number', pattern: '1' },
      want: 'bad.pattern is for strings, and this setting is a number',
    },
    { name: 'pattern that is none', written: { pattern: '(' }, want: 'bad.pattern is not a regular expression' },
    {
      name: 'pattern that takes too long',
      written: { pattern: '(a+)+' },
      want: 'bad.pattern repeats a group in which something varies, which can take too long',
    },
    {
      name: 'name with a blank',
      key: 'a b',
      written: {},
      want: '"a b" has a name that cannot be used: up to 64 letters, digits, `_` and `-`, not starting with a digit',
    },
    {
      name: 'name of a number',
      key: '1',
      written: {},
      want: '1 has a name that cannot be used: up to 64 letters, digits, `_` and `-`, not starting with a digit',
    },
  ])('$name', ({ key = 'bad', written, want }) => {
    const { settings, issues } = declare({ good: {}, [key]: written });
    expect([settings.map((setting) => setting.key), issues.map((issue) => issue.replace(/^.*?: /, ''))]).toEqual([
      ['good'],
      [`user_config.${want}`],
    ]);
  });

  test('user_config that is no object gives no settings', () => {
    expect(declare(['a'])).toEqual({
      settings: [],
      issues: [
        'error PLUGIN_SETTING_INVALID user_config: user_config must be an object with a setting under each name, and is an array; there are no settings',
      ],
    });
  });

  test('a key without effect is a warning, and the setting counts', () => {
    const { settings, issues } = declare({ a: { colour: 'red' } });
    expect([settings.length, issues]).toEqual([
      1,
      ['warning PLUGIN_UNKNOWN_KEY user_config.a.colour: user_config.a.colour is not known and has no effect'],
    ]);
  });

  test('names of JavaScript are names like others', () => {
    const { settings } = declare(JSON.parse('{"__proto__": {"sensitive": true}, "constructor": {}}') as JsonValue);
    expect(settings.map(({ key }) => key)).toEqual(['__proto__', 'constructor']);
  });

  test('of very many the first 64 count', () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`s${index}`, {}]));
    const { settings, issues } = declare(many);
    expect([settings.length, issues]).toEqual([
      64,
      ['error PLUGIN_SETTING_INVALID user_config: user_config has 300 settings; those after the first 64 are left out'],
    ]);
  });
});

describe('a pattern of a plugin', () => {
  test.each([
    '[a-z]+',
    '^sk-[A-Za-z0-9]{20,}$',
    '(?:a|b)c',
    '[^@]+@[^@]+\\.[a-z]+',
    '\\d{4}-\\d{2}',
    '(https?)://[^/]+',
    'a|b',
    '(ab){3}',
    '[(+]*x',
  ])('%s is used', (pattern) => expect(patternProblem(pattern)).toBeNull());
  test.each([
    '(a+)+',
    '(a|a)*',
    '((a+)b)+',
    '(a?){20}',
    '(.*)*',
    '(x(y*))*',
    'a*a*a*a*a*a*a*',
    '(a)\\1',
    '(?=a)b',
    '[',
    'x'.repeat(201),
    '(a{1,5}){1,5}',
  ])('%s is refused', (pattern) => expect(patternProblem(pattern)).not.toBeNull());
  test.each(['(a|a)'.repeat(39), '[ab]?'.repeat(40)])('%s would take for ever, and is not tried', (pattern) => {
    const text = `${'a'.repeat(60)}!`;
    const { settings, issues } = declare({ s: { pattern, default: text, enum: [text] } });
    expect([settings.map((setting) => setting.pattern), issues]).toEqual([[pattern], []]);
  });
});
