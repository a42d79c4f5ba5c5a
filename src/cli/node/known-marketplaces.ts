import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isTrustedFolder, type LoadedConfig } from '../../config/node/index.ts';
import { AppError, type Issue, nearest } from '../../kernel/index.ts';
import {
  type Marketplace,
  type MarketplacePlace,
  type MarketplaceStore,
  marketplaceRefusal,
  sourceFromSettings,
} from '../../marketplace/index.ts';
import type { CliContext } from './context.ts';

/** One marketplace that plugins may come from. */
export type KnownMarketplace = {
  readonly name: string;
  readonly place: MarketplacePlace;
  /** null when it cannot be read: `failure` says why. */
  readonly marketplace: Marketplace | null;
  readonly failure: AppError | null;
  /** Why a requirements file does not allow it. */
  readonly refusal: AppError | null;
  /** That it cannot be read, what is wrong in it, and which others have its name. */
  readonly issues: readonly Issue[];
};

export type KnownMarketplaces = {
  /** Configured ones by name, then the personal one and that of the repository. */
  readonly all: readonly KnownMarketplace[];
  /** Those that cannot be read or have the name of another one, and what is wrong in the others. */
  readonly issues: readonly Issue[];
};

/** The manifest that makes a home folder or a repository a marketplace by itself. */
const IMPLICIT_MANIFEST = join('.agents', 'plugins', 'marketplace.json');

/**
 * Every marketplace that is configured, and those that count without: `~/.agents/plugins` and that of the repository.
 * Where two have one name, the configured one counts, then the personal one.
 */
export async function knownMarketplaces(
  { loadOptions }: Pick<CliContext, 'loadOptions'>,
  { config, requirements }: Pick<LoadedConfig, 'config' | 'requirements'>,
  store: MarketplaceStore,
): Promise<KnownMarketplaces> {
  const configured = [...config.marketplaces.values()]
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((settings): MarketplacePlace => {
      const { name, manifest } = settings;
      return { name, kind: 'configured', source: sourceFromSettings(settings), manifest };
    });
  const opened = configured.map((place) => open(place, () => store.open(place)));
  const others = implicitPlaces(loadOptions).filter((place) => !configured.some((one) => isSamePlace(one, place)));
  const implicit = await Promise.all(others.map((place) => openImplicit(place, store)));
  const all: (KnownMarketplace & { readonly issues: Issue[] })[] = [];
  for (const found of [...opened, ...implicit]) {
    const first = all.find(({ name }) => name === found.name);
    if (first === undefined) {
      const issues = found.failure === null ? [...(found.marketplace?.issues ?? [])] : [issueOf(found.failure)];
      all.push({ ...found, refusal: marketplaceRefusal(found.place.source, requirements), issues });
    } else first.issues.push(shadowed(found, first));
  }
  return { all, issues: all.flatMap(({ issues }) => issues) };
}

/** The same with one of them read anew. */
export function withMarketplace(known: KnownMarketplaces, marketplace: Marketplace): KnownMarketplaces {
  const all = known.all.map((one) => (one.name === marketplace.name ? { ...one, marketplace, failure: null } : one));
  return { ...known, all };
}

/**
 * The folder that is trusted with nothing, and whose marketplace this is; null for every other marketplace. A clone brings
 * its own one along, so that naming a plugin says too little about where it comes from.
 */
export async function untrustedFolder(
  { kind, source }: Pick<Marketplace, 'kind' | 'source'>,
  loaded: Pick<LoadedConfig, 'layers'>,
): Promise<string | null> {
  if (kind !== 'repository' || source.kind !== 'local') return null;
  return (await isTrustedFolder(source.path, loaded)) ? null : source.path;
}

type Found = Omit<KnownMarketplace, 'refusal' | 'issues'>;

function open(place: MarketplacePlace, read: () => Marketplace): Found {
  try {
    return { name: place.name, place, marketplace: read(), failure: null };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { name: place.name, place, marketplace: null, failure: error };
  }
}

/** Its name is in its manifest; one that cannot be read goes by its kind. */
async function openImplicit(place: Omit<MarketplacePlace, 'name'>, store: MarketplaceStore): Promise<Found> {
  try {
    const { marketplace, discard } = await store.prepare(place, {
      signal: new AbortController().signal,
      onProgress: () => {},
    });
    await discard();
    const { name } = marketplace;
    return { name, place: { ...place, name }, marketplace, failure: null };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { name: place.kind, place: { ...place, name: place.kind }, marketplace: null, failure: error };
  }
}

function implicitPlaces({ env, projectDir }: CliContext['loadOptions']): readonly Omit<MarketplacePlace, 'name'>[] {
  const home = env['HOME'] || env['USERPROFILE'] || null;
  const repository = projectDir === undefined ? null : repositoryOf(projectDir);
  const places = [
    { kind: 'personal', folder: home },
    { kind: 'repository', folder: repository === home ? null : repository },
  ] as const;
  return places.flatMap(({ kind, folder }) =>
    folder !== null && existsSync(join(folder, IMPLICIT_MANIFEST))
      ? [{ kind, source: { kind: 'local' as const, path: folder }, manifest: IMPLICIT_MANIFEST }]
      : [],
  );
}

/** The manifest in a folder is the one that counts by itself: whoever added that folder knows it. */
function isSamePlace({ source, manifest }: MarketplacePlace, implicit: Omit<MarketplacePlace, 'name'>): boolean {
  if (source.kind !== 'local' || implicit.source.kind !== 'local') return false;
  return (manifest ?? IMPLICIT_MANIFEST) === IMPLICIT_MANIFEST && isSameFolder(source.path, implicit.source.path);
}

function isSameFolder(a: string, b: string): boolean {
  try {
    return a === b || realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}

/** The nearest folder upwards that has a `.git`. */
function repositoryOf(folder: string): string | null {
  if (existsSync(join(folder, '.git'))) return folder;
  const above = dirname(folder);
  return above === folder ? null : repositoryOf(above);
}

function shadowed(found: Found, first: KnownMarketplace): Issue {
  return {
    code: 'MARKETPLACE_EXISTS',
    severity: 'warning',
    message: `the ${found.place.kind} marketplace '${found.name}' does not count: the ${first.place.kind} one has its name`,
    hint: 'rename one of the two',
    ...(found.marketplace === null ? {} : { file: found.marketplace.manifestFile }),
  };
}

/** An error of one of many things, as an issue beside the others. */
export function issueOf(error: AppError): Issue {
  return {
    code: error.code,
    severity: 'error',
    message: error.message,
    hint: error.hint,
    ...(error.where === undefined ? {} : { file: error.where }),
  };
}

/** The error of every command that is asked about a marketplace that is not there. */
export function noSuchMarketplace(name: string, known: Iterable<string>): AppError {
  const near = nearest(name, known);
  return new AppError('MARKETPLACE_NOT_FOUND', `marketplace '${name}' is not configured or installed`, {
    hint: `${near === null ? '' : `did you mean '${near}'? `}See: plugboard plugin marketplace list`,
  });
}
