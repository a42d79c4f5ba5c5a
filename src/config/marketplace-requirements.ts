import { normalize } from 'node:path';
import { parseGitUrl } from './git-url.ts';
import type { MarketplaceIdentity } from './types.ts';

/** One source of marketplaces that a requirements file allows. */
export type AllowedSource =
  /** One repository; `ref: null` leaves branch and tag open. */
  | { readonly source: 'git'; readonly url: string; readonly ref: string | null }
  /** Every repository on a host. The pattern is held against the host alone, without a port. */
  | { readonly source: 'host_pattern'; readonly pattern: RegExp }
  /** One folder, absolute. */
  | { readonly source: 'local'; readonly path: string };

/** `[marketplaces]` of a requirements file. */
export type MarketplaceRequirements = { readonly restrict: boolean; readonly allowed: readonly AllowedSource[] };

/** Longest host that is held against a pattern: none is longer in DNS. */
const MAX_HOST_LENGTH = 253;

/**
 * True when one of `allowed` is the source of this marketplace. Spellings of one git address count as the same address,
 * and a pattern has to match the whole host. An address that git would not get is never allowed.
 */
export function sourceAllowed(identity: MarketplaceIdentity, allowed: readonly AllowedSource[]): boolean {
  return allowed.some((rule) => ruleAllows(rule, identity));
}

/** The file that does not allow this marketplace, or null when all do. */
export function marketplaceRequirementFor(
  requirements: readonly { readonly file: string; readonly marketplaces: MarketplaceRequirements | null }[],
  identity: MarketplaceIdentity,
): string | null {
  const against = requirements.find(
    ({ marketplaces }) => marketplaces?.restrict === true && !sourceAllowed(identity, marketplaces.allowed),
  );
  return against?.file ?? null;
}

/**
 * Whether a requirements file says itself that this marketplace may be used, by allowing nothing but certain sources. A
 * marketplace that is only not refused has nothing but the name that it gives itself.
 */
export function isVouchedMarketplace(
  requirements: readonly { readonly marketplaces: MarketplaceRequirements | null }[],
  identity: MarketplaceIdentity,
): boolean {
  return requirements.some(
    ({ marketplaces }) => marketplaces?.restrict === true && sourceAllowed(identity, marketplaces.allowed),
  );
}

function ruleAllows(rule: AllowedSource, identity: MarketplaceIdentity): boolean {
  switch (rule.source) {
    case 'local':
      return identity.sourceType === 'local' && folder(rule.path) === folder(identity.source);
    case 'git': {
      const wanted = parseGitUrl(rule.url);
      const given = gitUrlOf(identity);
      if (wanted.kind === 'refused' || given === null || wanted.normal !== given.normal) return false;
      return rule.ref === null || rule.ref === identity.ref;
    }
    case 'host_pattern': {
      const host = gitUrlOf(identity)?.host;
      return host !== undefined && host.length <= MAX_HOST_LENGTH && matchesWhole(rule.pattern, host);
    }
    default:
      return rule satisfies never;
  }
}

function gitUrlOf({
  sourceType,
  source,
}: MarketplaceIdentity): { readonly host: string; readonly normal: string } | null {
  const url = sourceType === 'git' ? parseGitUrl(source) : null;
  return url?.kind === 'git' ? url : null;
}

function matchesWhole(pattern: RegExp, text: string): boolean {
  return new RegExp(`^(?:${pattern.source})$`, pattern.flags.replaceAll(/[gy]/g, '')).test(text);
}

function folder(path: string): string {
  const plain = normalize(path);
  return plain.length > 1 ? plain.replace(/[/\\]$/, '') : plain;
}
