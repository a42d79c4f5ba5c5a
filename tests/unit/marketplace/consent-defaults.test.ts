import { expect, test } from 'vitest';
import { diffConsent } from '../../../src/marketplace/consent-diff.ts';
import { NO_FACTS } from './sample-plugin.ts';

const optional = { key: 'host', sensitive: false, required: false };

test.each<{ name: string; before: string | null | undefined; after: string | null; want: string | null }>([
  {
    name: 'another one',
    before: '"old"',
    after: '"new"',
    want: '! optional, default "new" (before: optional, default "old")',
  },
  {
    name: 'one where there was none',
    before: null,
    after: '"new"',
    want: '! optional, default "new" (before: optional)',
  },
  { name: 'none any more', before: '"old"', after: null, want: 'optional (before: optional, default "old")' },
  {
    name: 'one that nobody was shown',
    before: undefined,
    after: '1',
    want: '! optional, default 1 (before: optional)',
  },
  { name: 'none, where nobody knows what there was', before: undefined, after: null, want: null },
  {
    name: 'a list for a text that looks like it',
    before: '"[1]"',
    after: '[1]',
    want: '! optional, default [1] (before: optional, default "[1]")',
  },
  { name: 'the same', before: '"same"', after: '"same"', want: null },
])('the default of a setting that changed: $name', ({ before, after, want }) => {
  const known = before === undefined ? optional : { ...optional, default: before };
  const changes = diffConsent(
    { ...NO_FACTS, settings: [known] },
    { ...NO_FACTS, settings: [{ ...optional, default: after }] },
  );
  expect(changes.map(({ widens, text }) => `${widens ? '! ' : ''}${text}`)).toEqual(want === null ? [] : [want]);
});
