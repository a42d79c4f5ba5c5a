import { describe, expect, test } from 'vitest';
import {
  type AllowedSource,
  marketplaceRequirementFor,
  sourceAllowed,
} from '../../../src/config/marketplace-requirements.ts';
import type { MarketplaceIdentity } from '../../../src/config/types.ts';

const git = (source: string, ref: string | null = null): MarketplaceIdentity => ({ sourceType: 'git', source, ref });
const local = (source: string): MarketplaceIdentity => ({ sourceType: 'local', source, ref: null });
const repository: AllowedSource = { source: 'git', url: 'https://github.com/acme/tools.git', ref: null };
const branch: AllowedSource = { ...repository, ref: 'main' };
const host: AllowedSource = { source: 'host_pattern', pattern: /github\.com/u };
const folder: AllowedSource = { source: 'local', path: '/srv/market/' };

test.each([
  { name: 'nothing is allowed by an empty list', rules: [], given: local('/srv/market'), want: false },
  { name: 'a folder', rules: [folder], given: local('/srv/market'), want: true },
  { name: 'a folder in it', rules: [folder], given: local('/srv/market/a'), want: false },
  { name: 'a folder with a longer name', rules: [folder], given: local('/srv/marketing'), want: false },
  { name: 'a folder with detours', rules: [folder], given: local('/srv/x/../market'), want: true },
  { name: 'a folder does not allow an address', rules: [folder], given: git('/srv/market'), want: false },
  { name: 'a repository', rules: [repository], given: git('https://GITHUB.com/acme/tools'), want: true },
  {
    name: 'a repository at any branch',
    rules: [repository],
    given: git('https://github.com/acme/tools', 'x'),
    want: true,
  },
  { name: 'another repository', rules: [repository], given: git('https://github.com/acme/tools2'), want: false },
  { name: 'a repository by another road', rules: [repository], given: git('git@github.com:acme/tools'), want: false },
  { name: 'another case in the path', rules: [repository], given: git('https://github.com/Acme/tools'), want: false },
  { name: 'a branch', rules: [branch], given: git('https://github.com/acme/tools', 'main'), want: true },
  { name: 'another branch', rules: [branch], given: git('https://github.com/acme/tools', 'dev'), want: false },
  {
    name: 'no branch where one is demanded',
    rules: [branch],
    given: git('https://github.com/acme/tools'),
    want: false,
  },
  {
    name: 'a rule with an address that git would not get',
    rules: [{ ...repository, url: 'x' }],
    given: git('x'),
    want: false,
  },
  { name: 'a host over https', rules: [host], given: git('https://github.com/x/y'), want: true },
  { name: 'a host over ssh', rules: [host], given: git('git@github.com:x/y'), want: true },
  { name: 'a host with a port', rules: [host], given: git('https://github.com:8443/x/y'), want: true },
  {
    name: 'a host that only contains the pattern',
    rules: [host],
    given: git('https://github.com.evil.example/x'),
    want: false,
  },
  { name: 'a host in the user name', rules: [host], given: git('https://github.com@evil.example/x'), want: false },
  { name: 'a host in the path', rules: [host], given: git('https://evil.example/github.com'), want: false },
  { name: 'a folder under a host rule', rules: [host], given: local('github.com'), want: false },
  {
    name: 'a pattern of alternatives, each for the whole',
    rules: [{ source: 'host_pattern', pattern: /a|github/u }],
    given: git('https://github.com/x'),
    want: false,
  },
  {
    name: 'a pattern with anchors of its own',
    rules: [{ source: 'host_pattern', pattern: /^github\.com$/u }],
    given: git('https://github.com/x'),
    want: true,
  },
  { name: 'one of several', rules: [folder, host], given: git('https://github.com/x/y'), want: true },
] satisfies readonly { name: string; rules: readonly AllowedSource[]; given: MarketplaceIdentity; want: boolean }[])(
  'allowed sources: $name',
  ({ rules, given, want }) => expect(sourceAllowed(given, rules)).toBe(want),
);

describe('every requirements file has to allow a marketplace', () => {
  const rules = (file: string, restrict: boolean, allowed: readonly AllowedSource[]) => ({
    file,
    marketplaces: { restrict, allowed },
  });
  const silent = { file: '/etc/codex/requirements.toml', marketplaces: null };
  const market = local('/srv/market');
  test.each([
    { name: 'none at all', files: [], want: null },
    { name: 'one that says nothing of marketplaces', files: [silent], want: null },
    { name: 'a list that restricts nothing', files: [rules('/a', false, [])], want: null },
    { name: 'a list with the source', files: [rules('/a', true, [folder])], want: null },
    { name: 'an empty list', files: [rules('/a', true, [])], want: '/a' },
    {
      name: 'one that allows and one that does not',
      files: [rules('/a', true, [folder]), rules('/b', true, [host])],
      want: '/b',
    },
  ])('$name', ({ files, want }) => expect(marketplaceRequirementFor(files, market)).toBe(want));
});
