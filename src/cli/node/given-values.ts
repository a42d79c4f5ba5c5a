import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../../config/index.ts';
import { AppError, printableLine } from '../../kernel/index.ts';
import type { InstalledPlugin, MarketplaceSourceJson, Prepared } from '../../marketplace/index.ts';
import { SECRETS_FILE } from '../../secrets/index.ts';
import { type PluginInput, resolveServers } from '../../servers/index.ts';
import { type Given, giftOf, type LaidGift, laidLine } from '../consent-given.ts';
import type { CliContext } from './context.ts';
import type { PluginDesk } from './plugin-desk.ts';
import { isEnabled } from './plugin-switch.ts';
import { withSecretStore } from './secret-store.ts';

/**
 * What a prepared plugin would get besides what it declares. Of one that is installed only what is new: what servers get that
 * it did not have, and everything when it comes from elsewhere now. Nobody is asked for anything.
 */
export async function givenTo({ context, loaded, plugins }: PluginDesk, prepared: Prepared): Promise<Given> {
  const { pluginId, facts, before, agreed } = prepared;
  const { config } = loaded;
  const last = plugins.receipts(pluginId).findLast(({ receipt }) => receipt.outcome === 'done')?.receipt;
  const otherSource = sourceElsewhere(last?.marketplaceSource, facts.marketplaceSource);
  const isNew = before === null || otherSource !== null;
  const known = new Set(isNew ? [] : agreed?.servers.map(({ name }) => name));
  const servers = facts.servers.map(({ name }) => name).filter((name) => !known.has(name));
  return {
    laid: laidGifts({ pluginId, servers }, { config, installed: plugins.installed().plugins }),
    stored: isNew ? await storedFor(context, pluginId) : [],
    settings: isNew ? [...(config.plugins.get(pluginId)?.values.keys() ?? [])] : [],
    otherSource,
  };
}

function sourceElsewhere(
  before: MarketplaceSourceJson | undefined,
  now: MarketplaceSourceJson,
): MarketplaceSourceJson | null {
  return before === undefined || isDeepStrictEqual(before, now) ? null : before;
}

const READY: PluginInput['standing'] = { kind: 'ready' };

/**
 * What the configuration lays over servers of a plugin, also where it is laid over none since another plugin has a server of
 * the same name.
 */
function laidGifts(
  { pluginId, servers }: { readonly pluginId: string; readonly servers: readonly string[] },
  { config, installed }: { readonly config: Config; readonly installed: readonly InstalledPlugin[] },
): readonly LaidGift[] {
  const others = installed.filter((other) => other.pluginId !== pluginId && isEnabled(config, other.pluginId));
  const taken = new Set(
    others.flatMap(({ filed }) => filed.receipt.consent?.facts.servers.map(({ name }) => name) ?? []),
  );
  const alone: PluginInput = {
    ...{ pluginId, plugin: null, standing: READY, knownServers: servers, env: {} },
    ...{ marketplaceSource: null, requestsAccepted: false, agreedVariables: null },
  };
  const { parts } = resolveServers({
    ...{ config, plugins: [alone], requirements: [], removedPlugins: [], pluginIssues: [] },
    workspace: '/',
  });
  return [...parts.values()].flatMap(({ path, laid }) => {
    const server = path.at(-1) ?? '';
    return laid.flatMap((table) => giftOf({ pluginId, server, shared: taken.has(server) }, table) ?? []);
  });
}

/** A line for each thing that the configuration gives to a plugin that is enabled now, for people. */
export function laidNotes(
  { pluginId, filed }: InstalledPlugin,
  among: { readonly config: Config; readonly installed: readonly InstalledPlugin[] },
): readonly string[] {
  const servers = filed.receipt.consent?.facts.servers.map(({ name }) => name) ?? [];
  return laidGifts({ pluginId, servers }, among).map((gift) => printableLine(laidLine(gift)));
}

/** Names of the secrets of a plugin; null when the store does not open. */
async function storedFor(context: CliContext, id: string): Promise<readonly string[] | null> {
  if (!existsSync(join(context.home, SECRETS_FILE))) return [];
  const silent = { ...context, interactive: false };
  return withSecretStore(silent, async ({ store }) => (await store.open()).names({ kind: 'plugin', id })).catch(
    (error: unknown) => {
      if (error instanceof AppError) return null;
      throw error;
    },
  );
}
