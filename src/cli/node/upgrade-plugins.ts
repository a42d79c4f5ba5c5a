import { AppError } from '../../kernel/index.ts';
import type { ConsentChange, Evidence, InstalledPlugin, Offer, Prepared } from '../../marketplace/index.ts';
import type { Input } from '../command.ts';
import { type Given, handsOver, takeAwayCommands } from '../consent-given.ts';
import type { ChangeError, PlacedPlugin } from '../plugin-reports.ts';
import { placePlugin } from './place-plugin.ts';
import { idParts, type PluginDesk } from './plugin-desk.ts';
import { findOffer } from './plugin-offers.ts';

export const YES_OPTION = { name: 'yes', help: 'agree to what is shown, without a question' } as const;
export const REQUESTS_OPTION = {
  name: 'accept-requests',
  help: 'grant what the plugin asks for as well, such as to run tools without your approval',
} as const;

/** What these options say. */
export type ConsentFlags = { readonly yes: boolean; readonly acceptRequests: boolean };

export function consentFlags({ flags }: Input): ConsentFlags {
  return { yes: flags.has('yes'), acceptRequests: flags.has('accept-requests') };
}

/** What has become of a command so far: it goes into receipts, and is the report in the end. */
export type Tally = {
  readonly selectedMarketplaces: readonly string[];
  readonly upgradedRoots: string[];
  readonly errors: ChangeError[];
  readonly plugins: PlacedPlugin[];
  readonly skipped: InstalledPlugin[];
  /** Whether the person who was asked has gone: then nothing more is begun. */
  stopped: boolean;
};

export function newTally(selectedMarketplaces: readonly string[]): Tally {
  return { selectedMarketplaces, upgradedRoots: [], errors: [], plugins: [], skipped: [], stopped: false };
}

/**
 * Puts what marketplaces offer now in the place of what is installed, one plugin after the other. One that fails keeps
 * what was there, is written down, and does not stop the others. One whose marketplace does not count here is skipped,
 * unless it was `named`: then that is its failure.
 */
export async function upgradePlugins(
  desk: PluginDesk,
  installed: readonly InstalledPlugin[],
  { tally, options, named }: { readonly tally: Tally; readonly options: ConsentFlags; readonly named: boolean },
): Promise<void> {
  for (const plugin of installed) {
    if (tally.stopped) return;
    const { pluginId, name, marketplaceName } = plugin;
    const counts = desk.known.all.some((one) => one.name === marketplaceName);
    if (!counts && !named) {
      tally.skipped.push(plugin);
      continue;
    }
    let offer: Offer | null = null;
    try {
      if (!counts) throw outOfSight(plugin);
      offer = findOffer(desk, { name, marketplace: marketplaceName });
      await placeOffer(desk, offer, { tally, options: { ...options, named: false, required: false } });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      await noteFailure(desk, tally, { pluginId, action: 'upgrade', offer, error });
    }
  }
}

/** A marketplace that was removed, or that of a repository or home that this is not. */
function outOfSight({ marketplaceName, filed }: InstalledPlugin): AppError {
  const { source } = filed.receipt.marketplaceSource;
  return new AppError('MARKETPLACE_NOT_FOUND', `marketplace '${marketplaceName}' does not count here`, {
    where: source,
    hint: `run the command where it counts, or add it: plugboard plugin marketplace add ${source}`,
  });
}

/**
 * Fetches what is offered and puts it in place, if that is agreed to; what comes of it is added to the tally.
 *
 * @throws AppError what fetching and installing throw
 */
export async function placeOffer(
  desk: PluginDesk,
  offer: Offer,
  {
    tally,
    options,
  }: {
    readonly tally: Tally;
    readonly options: ConsentFlags & { readonly named: boolean; readonly required: boolean };
  },
): Promise<void> {
  const prepared = await desk.fetching((how) => desk.plugins.prepare(offer, how));
  const placed = await placePlugin(desk, prepared, { ...options, evidence: evidenceOf(tally) });
  if (placed.kind === 'placed') {
    tally.plugins.push(placed.report);
    tally.stopped = placed.stopped;
  } else {
    const { pluginId, action } = prepared;
    const { changes } = placed;
    const error = consentRequired(prepared, `plugboard plugin upgrade ${pluginId}`, {
      untrusted: null,
      given: placed.given,
    });
    await noteFailure(desk, tally, { pluginId, action, offer, error, changes });
  }
}

/**
 * @param command The one that would agree, without `--yes`.
 * @param why `untrusted`: a folder that is not trusted, whose marketplace offers it.
 */
export function consentRequired(
  { pluginId, version, before }: Prepared,
  command: string,
  { untrusted, given }: { readonly untrusted: string | null; readonly given: Given },
): AppError {
  const agree = `look at it in a terminal, or agree with: ${command} --yes`;
  if (before === null && untrusted !== null)
    return new AppError(
      'PLUGIN_CONSENT_REQUIRED',
      `'${pluginId}' comes from the marketplace of a folder that is not trusted; nothing was installed`,
      { where: untrusted, hint: agree },
    );
  if (before === null && handsOver(given))
    return new AppError('PLUGIN_CONSENT_REQUIRED', `${handedText(pluginId, given)}; nothing was installed`, {
      hint: [agree, ...takeAwayHint(pluginId, given)].join('; '),
    });
  return new AppError(
    'PLUGIN_CONSENT_REQUIRED',
    `'${pluginId}' ${version} would do more than you agreed to; ${before === null ? 'nothing was installed' : `${before.version} stays`}`,
    { hint: agree },
  );
}

function handedText(pluginId: string, { laid, otherSource }: Given): string {
  const names = [...new Set(laid.filter(({ byId }) => !byId).map(({ key }) => key))];
  return names.length === 0 && otherSource !== null
    ? `'${pluginId}' would get what is stored for the one of ${otherSource.source}`
    : `'${pluginId}' would get what your configuration gives to ${names.join(', ')}`;
}

/** How to keep a plugin from what was meant for another; empty when nothing is there for its id. */
export function takeAwayHint(pluginId: string, given: Given): readonly string[] {
  const commands = takeAwayCommands(pluginId, given);
  return commands.length === 0 ? [] : [`to take away what is there for it: ${commands.join(', and ')}`];
}

export type Failure = {
  readonly pluginId: string;
  readonly action: Prepared['action'];
  readonly offer: Offer | null;
  readonly error: AppError;
  readonly changes?: readonly ConsentChange[];
};

/** Adds an error to the tally, and a receipt of the attempt to those of the plugin. */
export async function noteFailure(desk: PluginDesk, tally: Tally, failure: Failure): Promise<void> {
  const { pluginId, changes, error } = failure;
  const { marketplaceName } = idParts(pluginId);
  tally.errors.push({ ...errorOf(error), marketplaceName, pluginId, ...(changes === undefined ? {} : { changes }) });
  await recordFailure(desk, tally, failure);
}

/** What made the plugin fail may keep the receipt from being written, too; the first of the two is what is told. */
export async function recordFailure(desk: PluginDesk, tally: Tally, failure: Failure): Promise<void> {
  const { pluginId, action, offer, error } = failure;
  const { code, message, where } = error;
  const errors = [{ code, message, ...(where === undefined ? {} : { where }) }];
  const failed = { pluginId, action, errors, ...(offer === null ? {} : { offer }) };
  await desk.plugins.recordFailure(failed, evidenceOf(tally)).catch((cause: unknown) => {
    if (!(cause instanceof AppError)) throw cause;
  });
}

/** The part of a {@link ChangeError} that the error itself gives. */
export function errorOf({ code, message, where, hint }: AppError): Omit<ChangeError, 'marketplaceName' | 'pluginId'> {
  return { code, message, ...(where === undefined ? {} : { where }), hint };
}

export function evidenceOf({ selectedMarketplaces, upgradedRoots, errors }: Tally): Evidence {
  return {
    selectedMarketplaces,
    upgradedRoots: [...upgradedRoots],
    errors: errors.map(({ code, message, where }) => ({ code, message, ...(where === undefined ? {} : { where }) })),
  };
}
