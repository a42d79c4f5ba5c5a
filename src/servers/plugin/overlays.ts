import { type Config, type Located, type LocatedTable, renderKey, type ServerOverlay } from '../../config/index.ts';
import type { Issue } from '../../kernel/index.ts';
import { atPlace } from '../verdict-parts.ts';
import type { PluginClaim } from './claims.ts';
import type { LaidTable } from './merge.ts';
import { list } from './name-issues.ts';
import { namesMeaning } from './names.ts';

export type Overlays = {
  /** What is laid over each server, from low to high: its policy, then entries of config.toml. */
  readonly of: ReadonlyMap<PluginClaim, readonly LaidTable[]>;
  /** Entries that say something of plugins' servers, with the one server they are for; null where several are meant. */
  readonly settled: ReadonlyMap<string, PluginClaim | null>;
  readonly issues: readonly Issue[];
};

/**
 * Which entries without command and address are laid over which servers.
 *
 * An entry is for the server that people know by its name, or that alone is meant by it: as its plugin calls it, or as
 * `<plugin>:<server>`, also while no other plugin has one of that name. Where several are meant, it takes away from each of
 * them what it takes away, and adds to none. The more exact a name is, the more its entry counts.
 */
export function overlaysOf(
  claims: readonly PluginClaim[],
  names: ReadonlyMap<PluginClaim, string>,
  config: Config,
): Overlays {
  const of = new Map(claims.map((claim) => [claim, policyOf(claim)]));
  const settled = new Map<string, PluginClaim | null>();
  const issues: Issue[] = [];
  const meaning = new Map(claims.map((claim) => [claim, namesMeaning(claim)]));
  // From the end: the first of three may not be there.
  const exactness = ({ name }: ServerOverlay): number =>
    Math.max(
      ...claims
        .map((claim) => meaning.get(claim)?.toReversed().indexOf(name) ?? -1)
        .map((at) => (at === -1 ? 0 : 3 - at)),
      0,
    );
  for (const overlay of [...config.overlays.values()].toSorted((a, b) => exactness(a) - exactness(b))) {
    const meant = claims.filter((claim) => names.get(claim) === overlay.name);
    const called = claims.filter(
      (claim) => meaning.get(claim)?.includes(overlay.name) === true && !meant.includes(claim),
    );
    const exact = meant[0] ?? (called.length === 1 ? called[0] : undefined) ?? null;
    if (exact === null && called.length === 0) continue;
    settled.set(overlay.name, exact);
    const path = ['mcp_servers', overlay.name];
    for (const claim of new Set([...meant, ...called])) {
      const table = claim === exact ? overlay.table : takingAway(overlay.table);
      of.set(claim, [...(of.get(claim) ?? []), { path, table }]);
    }
    const inUse = called.filter(({ active }) => active);
    if (exact === null && inUse.length > 1) issues.push(...ambiguous(overlay, { claims: inUse, names }));
  }
  return { of, settled, issues };
}

function policyOf({ pluginId, server, policy }: PluginClaim): readonly LaidTable[] {
  return policy === null ? [] : [{ path: ['plugins', pluginId, 'mcp_servers', server], table: policy.table }];
}

function takesAway([key, value]: readonly [string, Located]): boolean {
  if (key === 'enabled') return !(value.kind === 'scalar' && value.value === true);
  return key === 'enabled_tools' || key === 'disabled_tools';
}

/** What of a table only ever turns off or hides. */
function takingAway(table: LocatedTable): LocatedTable {
  return { ...table, entries: new Map([...table.entries].filter(takesAway)) };
}

function ambiguous(
  { name, table }: ServerOverlay,
  { claims, names }: { readonly claims: readonly PluginClaim[]; readonly names: ReadonlyMap<PluginClaim, string> },
): readonly Issue[] {
  const left = [...table.entries].filter((entry) => !takesAway(entry));
  const [first] = left;
  if (first === undefined) return [];
  const tables = [...new Set(left.map(([key, value]) => (value.kind === 'table' ? key : null)))];
  const headers = (path: readonly string[]): string =>
    tables.map((key) => `[${renderKey(key === null ? path : [...path, key])}]`).join(' and ');
  const [firstKey, firstValue] = first;
  const key = renderKey(['mcp_servers', name, ...(tables.length === 1 && tables[0] !== null ? [firstKey] : [])]);
  const ids = claims.map(({ pluginId }) => pluginId);
  const called = claims.map((claim) => names.get(claim) ?? claim.server);
  return [
    {
      code: 'PLUGIN_OVERLAY_AMBIGUOUS',
      severity: 'error',
      message: `${key} fits servers of ${list(ids, 'and')}, which are called ${list(called, 'and')}; it is laid over none of them`,
      hint: `write ${list(
        claims.map(({ pluginId, server }) => headers(['plugins', pluginId, 'mcp_servers', server])),
        'or',
      )}`,
      ...atPlace(firstValue.origin),
      key,
    },
  ];
}
