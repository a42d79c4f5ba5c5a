import { describe, expect, test } from 'vitest';
import { type SettingState, settingStates } from '../../../src/cli/settings/setting-states.ts';
import { type FieldPlan, type FormField, planField, sentTexts } from '../../../src/cli/settings/settings-form.ts';
import type { Setting } from '../../../src/settings/index.ts';
import { setting } from '../../support/settings.ts';

function field(declared: Partial<Setting>, from: SettingState['from'], more: Partial<FormField> = {}): FormField {
  const one = setting('key', declared);
  const [state] = settingStates([one], { values: new Map(), secrets: new Set() });
  if (state === undefined) throw new Error('no state');
  return {
    setting: one,
    state: { ...state, from },
    texts: [],
    byDefault: null,
    held: false,
    removing: false,
    problem: null,
    ...more,
  };
}

const SECRET = { sensitive: true, required: true };

describe('what becomes of a field', () => {
  test.each<{ name: string; of: FormField; sent?: readonly string[]; want: FieldPlan }>([
    { name: 'something new', of: field({}, 'unset'), sent: ['a'], want: 'check' },
    { name: 'the same again', of: field({}, 'config', { texts: ['a'] }), sent: ['a'], want: 'keep' },
    { name: 'something else', of: field({}, 'config', { texts: ['a'] }), sent: ['b'], want: 'check' },
    { name: 'nothing where nothing was', of: field({}, 'unset'), want: 'keep' },
    { name: 'nothing where something was', of: field({}, 'config', { texts: ['a'] }), want: 'unset' },
    { name: 'nothing where it is required', of: field({ required: true }, 'config', { texts: ['a'] }), want: 'refuse' },
    { name: 'nothing beside a default', of: field({ required: true, default: 1 }, 'default'), want: 'keep' },
    { name: 'nothing for a secret that is set', of: field(SECRET, 'secret'), want: 'keep' },
    { name: 'nothing for a secret that is not', of: field(SECRET, 'unset'), want: 'refuse' },
    { name: 'nothing for a secret that was sent before', of: field(SECRET, 'unset', { held: true }), want: 'keep' },
    { name: 'nothing for an optional secret', of: field({ sensitive: true }, 'unset'), want: 'keep' },
    { name: 'a stored secret to be removed', of: field(SECRET, 'secret', { removing: true }), want: 'unset' },
    {
      name: 'a stored secret to be removed, and another',
      of: field(SECRET, 'secret', { removing: true }),
      sent: ['a'],
      want: 'both',
    },
    { name: 'a removal where nothing is stored', of: field(SECRET, 'unset', { removing: true }), want: 'refuse' },
    { name: 'a secret again', of: field(SECRET, 'secret'), sent: ['a'], want: 'check' },
  ])('$name: $want', ({ of, sent = [], want }) => expect(planField(of, sent)).toBe(want));
});

test.each<{ name: string; declared: Partial<Setting>; sent: string; want: readonly string[] }>([
  { name: 'one text, without blanks around it', declared: {}, sent: 'setting.key=+a+', want: ['a'] },
  { name: 'a secret as it is', declared: { sensitive: true }, sent: 'setting.key=+a+', want: [' a '] },
  { name: 'a list by lines', declared: { multiple: true }, sent: 'setting.key=a%0D%0A%0D%0Ab+c', want: ['a', 'b c'] },
  { name: 'a list by boxes', declared: { multiple: true }, sent: 'setting.key=a&setting.key=b', want: ['a', 'b'] },
  { name: 'the first of what is one', declared: {}, sent: 'setting.key=a&setting.key=b', want: ['a'] },
  { name: 'nothing', declared: {}, sent: 'other=a', want: [] },
])('sent is $name', ({ declared, sent, want }) => {
  expect(sentTexts(setting('key', declared), new URLSearchParams(sent))).toEqual(want);
});
