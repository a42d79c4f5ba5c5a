import { AppError, nearest } from '../../kernel/index.ts';
import { entryNotFound, findEntry, type Marketplace, type Offer, pluginId } from '../../marketplace/index.ts';
import { noSuchMarketplace } from './known-marketplaces.ts';
import { ambiguous, type PluginDesk, type Selector } from './plugin-desk.ts';

/**
 * What may be installed under this name.
 *
 * @throws AppError `PLUGIN_NOT_AVAILABLE`, and what {@link lookAtOffer} throws
 */
export function findOffer(desk: PluginDesk, selector: Selector): Offer {
  const offer = lookAtOffer(desk, selector);
  if (offer.entry.installPolicy !== 'NOT_AVAILABLE') return offer;
  const { name } = offer.marketplace;
  throw new AppError(
    'PLUGIN_NOT_AVAILABLE',
    `plugin '${selector.name}' is not available for install in marketplace '${name}'`,
  );
}

/**
 * What a marketplace lists under this name.
 *
 * @throws AppError `PLUGIN_NOT_FOUND`, `PLUGIN_AMBIGUOUS`, `MARKETPLACE_NOT_FOUND`, `MARKETPLACE_NOT_ALLOWED`,
 *   `MARKETPLACE_INVALID`
 */
export function lookAtOffer(desk: PluginDesk, { name, marketplace }: Selector): Offer {
  return marketplace === null ? onlyOffer(desk, name) : offerOf(desk, { name, marketplace });
}

function offerOf(
  desk: PluginDesk,
  { name, marketplace }: { readonly name: string; readonly marketplace: string },
): Offer {
  const opened = openMarketplace(desk, marketplace);
  const entry = findEntry(opened, name);
  if (entry === null) throw entryNotFound(opened, name);
  return { marketplace: opened, entry };
}

/** A marketplace that can be used. */
export function openMarketplace({ known }: PluginDesk, name: string): Marketplace {
  const found = known.all.find((one) => one.name === name);
  if (found === undefined)
    throw noSuchMarketplace(
      name,
      known.all.map((one) => one.name),
    );
  if (found.refusal !== null) throw found.refusal;
  if (found.failure !== null) throw found.failure;
  if (found.marketplace === null) throw new Error(`marketplace ${name} is neither open nor failed`);
  return found.marketplace;
}

/** Of the marketplaces that can be used and are allowed. Where only others list it, what stands against it is told. */
function onlyOffer({ known }: PluginDesk, name: string): Offer {
  const open = known.all.flatMap(({ marketplace, refusal }) =>
    marketplace === null || refusal !== null ? [] : [marketplace],
  );
  const offers = open.flatMap((marketplace) => {
    const entry = findEntry(marketplace, name);
    return entry === null ? [] : [{ marketplace, entry }];
  });
  if (offers.length > 1)
    throw ambiguous(
      name,
      offers.map((offer) => pluginId(name, offer.marketplace.name)),
    );
  const [offer] = offers;
  if (offer !== undefined) return offer;
  throw refusalOf(known, name) ?? leftOut(open, name) ?? notOffered(known, open, name);
}

/** Why the marketplace that lists it is not allowed. */
function refusalOf({ all }: PluginDesk['known'], name: string): AppError | null {
  const lists = all.find(({ marketplace }) => marketplace !== null && findEntry(marketplace, name) !== null);
  return lists?.refusal ?? null;
}

/** What is wrong with the entry that one of them has for it. */
function leftOut(open: readonly Marketplace[], name: string): AppError | null {
  const lists = open.find((marketplace) => {
    const id = pluginId(name, marketplace.name);
    return marketplace.issues.some(({ plugin, severity }) => plugin === id && severity === 'error');
  });
  return lists === undefined ? null : entryNotFound(lists, name);
}

function notOffered({ all }: PluginDesk['known'], open: readonly Marketplace[], name: string): AppError {
  const failed = all.filter(({ marketplace, refusal }) => marketplace === null || refusal !== null);
  const [only] = open;
  if (only !== undefined && open.length === 1 && failed.length === 0) return entryNotFound(only, name);
  const names = open.flatMap(({ entries, name: marketplace }) =>
    entries.map((entry) => pluginId(entry.name, marketplace)),
  );
  const near = nearest(
    name,
    names.map((id) => id.slice(0, id.lastIndexOf('@'))),
  );
  const meant = names.find((id) => id.startsWith(`${near}@`));
  const hint =
    open.length === 0
      ? "add one with 'plugboard plugin marketplace add SOURCE'"
      : `${meant === undefined ? '' : `did you mean '${meant}'? `}See: plugboard plugin list --available`;
  const beside = failed.length === 0 ? '' : `; not looked into: ${failed.map((one) => one.name).join(', ')}`;
  const message =
    open.length === 0
      ? `there is no marketplace that could offer '${name}'`
      : `no marketplace offers a plugin '${name}'`;
  return new AppError('PLUGIN_NOT_FOUND', `${message}${beside}`, { hint });
}
