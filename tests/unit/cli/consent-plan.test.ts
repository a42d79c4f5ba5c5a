import { describe, expect, test } from 'vitest';
import { type ConsentCase, planConsent } from '../../../src/cli/consent-plan.ts';
import type { ConsentFacts } from '../../../src/marketplace/index.ts';
import { factsWith } from './sample-facts.ts';

const asking = (...requests: readonly string[]): ConsentFacts => factsWith({ requests });
const before = (facts: ConsentFacts, requestsAccepted: boolean): ConsentCase['before'] => ({ facts, requestsAccepted });

const CASE: ConsentCase = {
  named: true,
  widens: true,
  handsOver: false,
  facts: asking(),
  before: null,
  interactive: false,
  yes: false,
  acceptRequests: false,
};

describe('whether a person is asked', () => {
  test.each<{ name: string; of: Partial<ConsentCase>; want: string }>([
    { name: 'at a terminal', of: { interactive: true }, want: 'ask' },
    { name: 'at a terminal, for an upgrade', of: { interactive: true, named: false }, want: 'ask' },
    { name: 'not with --yes', of: { interactive: true, yes: true }, want: 'yes' },
    { name: 'not without a terminal, where the plugin was named', of: {}, want: 'no_terminal' },
    {
      name: 'not for a named one that is installed, without a terminal, which is not made',
      of: { before: before(asking(), false) },
      want: 'refuse',
    },
    {
      name: 'not for a named one that is installed, with --yes',
      of: { before: before(asking(), false), yes: true },
      want: 'yes',
    },
    {
      name: 'not for a named one that is as it was, without a terminal',
      of: { before: before(asking(), false), widens: false },
      want: 'unchanged',
    },
    { name: 'not for an upgrade without a terminal, which is not made', of: { named: false }, want: 'refuse' },
    { name: 'not for an upgrade with --yes', of: { named: false, yes: true }, want: 'yes' },
    { name: 'not where nothing is more', of: { interactive: true, widens: false }, want: 'unchanged' },
    { name: 'not where nothing is more, without a terminal', of: { named: false, widens: false }, want: 'unchanged' },
    {
      name: 'without a terminal, for a named one that would get what may have been meant for another: it is not made',
      of: { handsOver: true },
      want: 'refuse',
    },
    { name: 'not for such a one with --yes', of: { handsOver: true, yes: true }, want: 'yes' },
    {
      name: 'for such a one at a terminal, also where nothing is more',
      of: { handsOver: true, widens: false, interactive: true },
      want: 'ask',
    },
    { name: 'not for what requirements want', of: { named: false, required: true }, want: 'requirements' },
  ])('$name', ({ of, want }) => expect(planConsent({ ...CASE, ...of }).consent).toBe(want));
});

describe('what a plugin asks for', () => {
  const facts = asking('to be required', 'to run alone');
  test.each<{ name: string; of: Partial<ConsentCase>; want: boolean | 'ask' }>([
    { name: 'nothing is not accepted', of: { facts: asking(), acceptRequests: true }, want: false },
    { name: 'is asked about at a terminal', of: { interactive: true }, want: 'ask' },
    { name: 'is not granted by --yes', of: { interactive: true, yes: true }, want: false },
    { name: 'is not granted without a terminal', of: {}, want: false },
    {
      name: 'is not granted by requirements that want the plugin',
      of: { interactive: true, required: true },
      want: false,
    },
    { name: 'is granted by --accept-requests', of: { acceptRequests: true }, want: true },
    { name: 'stays granted', of: { before: before(facts, true), interactive: true }, want: true },
    {
      name: 'stays refused, and is not asked about again',
      of: { before: before(facts, false), interactive: true },
      want: false,
    },
    {
      name: 'stays granted when it asks for less',
      of: { facts: asking('to be required'), before: before(facts, true) },
      want: true,
    },
    {
      name: 'is asked about again as a whole when it asks for more',
      of: { before: before(asking('to be required'), true), interactive: true },
      want: 'ask',
    },
    {
      name: 'is not granted any more when it asks for more, and nobody is there',
      of: { before: before(asking('to be required'), true), yes: true },
      want: false,
    },
  ])('$name', ({ of, want }) => expect(planConsent({ ...CASE, facts, ...of }).requests).toBe(want));
});
