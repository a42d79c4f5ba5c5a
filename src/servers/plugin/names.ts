import { createHash } from 'node:crypto';

/** A server of a plugin that wants a name. */
export type NameClaim = {
  readonly pluginId: string;
  /** What the plugin calls it. */
  readonly server: string;
  /** Whether the plugin is in use: only such a one may keep others from the short name. */
  readonly active: boolean;
};

const MAX_NAME_LENGTH = 128;

/**
 * The name of each server of a plugin. It is the plugin's own name for it where no other plugin in use has that too, else
 * `<plugin>:<server>`, and `<plugin>@<marketplace>:<server>` where that is taken as well. A name with a `:` is never taken
 * as it is: so it cannot be one that another plugin's server has, or comes to have.
 *
 * @param taken Names of other servers.
 * @returns In the order of `claims`, which decides nothing else. `conflicts`: the claims of plugins in use that share a
 *   name, or a single one whose name has a `:`.
 */
export function namePluginServers<Claim extends NameClaim>(
  claims: readonly Claim[],
  taken: Iterable<string>,
): { readonly names: ReadonlyMap<Claim, string>; readonly conflicts: readonly (readonly Claim[])[] } {
  const names = new Map<Claim, string>();
  const used = new Set(taken);
  const give = (claim: Claim, name: string): void => {
    used.add(name);
    names.set(claim, name);
  };
  const groups = [...Map.groupBy(claims, ({ server }) => server).values()];
  for (const group of groups) {
    const owner = ownerOf(group);
    if (owner !== null) give(owner, owner.server);
  }
  for (const claim of claims.toSorted((a, b) => (a.pluginId < b.pluginId ? -1 : 1))) {
    if (!names.has(claim)) give(claim, freeName(claim, claims, used));
  }
  const inUse = groups.map((group) => group.filter(({ active }) => active));
  return { names, conflicts: inUse.filter((group) => group.length > 1 || group.some(looksQualified)) };
}

/** Whether a plugin calls its server as if it were one of a plugin that it names. */
function looksQualified({ server }: NameClaim): boolean {
  return server.includes(':');
}

/**
 * The names by which entries of config.toml may mean a server of a plugin, whatever people know it by: from the least exact
 * to the most. What a plugin itself writes with a `:` is none of them, so that it cannot be meant in the place of another.
 */
export function namesMeaning({ pluginId, server }: Pick<NameClaim, 'pluginId' | 'server'>): readonly string[] {
  const plugin = pluginId.split('@')[0] ?? '';
  const qualified = [`${plugin}:${server}`, `${pluginId}:${server}`].map((name) => fit(name));
  return server.includes(':') ? qualified : [server, ...qualified];
}

/** Whose the short name is. */
function ownerOf<Claim extends NameClaim>(group: readonly Claim[]): Claim | null {
  if (group.some(looksQualified)) return null;
  const active = group.filter((claim) => claim.active);
  const candidates = active.length === 0 ? group : active;
  return candidates.length === 1 ? (candidates[0] ?? null) : null;
}

function freeName(claim: NameClaim, claims: readonly NameClaim[], used: ReadonlySet<string>): string {
  const { pluginId, server } = claim;
  const plugin = pluginId.split('@')[0] ?? '';
  const namesake = claims.some(
    (other) => other !== claim && other.server === server && other.pluginId.split('@')[0] === plugin,
  );
  const candidates = [...(namesake ? [] : [`${plugin}:${server}`]), `${pluginId}:${server}`];
  const free = candidates.map((name) => fit(name)).find((name) => !used.has(name));
  return free ?? fit(`${pluginId}:${server}`, { always: true });
}

/** At most as long as a name may be; a hash of the whole then stands for the end. */
function fit(name: string, { always = false }: { readonly always?: boolean } = {}): string {
  if (name.length <= MAX_NAME_LENGTH && !always) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 12);
  return `${name.slice(0, MAX_NAME_LENGTH - digest.length - 1)}_${digest}`;
}
