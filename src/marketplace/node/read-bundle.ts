import { AppError, type Issue } from '../../kernel/index.ts';
import { type Plugin, parsePlugin } from '../../plugins/index.ts';
import { consentFacts } from '../consent.ts';
import type { ConsentFacts, FileRecord, Receipt } from '../types.ts';
import type { PluginPaths } from './plugin-paths.ts';
import type { PluginStoreOptions } from './ports.ts';

/** Where the files of a plugin came from, and what its marketplace says of it. */
export type Origin = Pick<
  Receipt,
  'marketplaceSource' | 'source' | 'revision' | 'installPolicy' | 'authPolicy' | 'entry'
>;

/** What a receipt, or anything else that says more, says of the origin. */
export function originOf({ marketplaceSource, source, revision, installPolicy, authPolicy, entry }: Origin): Origin {
  return { marketplaceSource, source, revision, installPolicy, authPolicy, entry };
}

/** The files of a plugin, and where they lie now. */
export type Bundle = {
  readonly paths: PluginPaths;
  readonly origin: Origin;
  /** Absolute folder. */
  readonly content: string;
  readonly files: readonly FileRecord[];
  readonly contentSha256: string;
};

export type Reading = {
  readonly plugin: Plugin;
  readonly issues: readonly Issue[];
  readonly version: string;
  readonly facts: ConsentFacts;
};

/** The version of a plugin that has none, as Codex calls its folder. */
const NO_VERSION = 'local';

/** The version that a bundle says it is. @throws AppError as {@link readBundle} */
export function versionOf(options: PluginStoreOptions, bundle: Bundle, shown: string): string {
  return readBundle(options, bundle, { root: shown, shown }).version;
}

/**
 * Parses the files of a plugin as if they were where they will be.
 *
 * @param at `root`: the folder they will be in. `shown`: what stands for it in errors.
 * @throws AppError `PLUGIN_MANIFEST_INVALID`, `PLUGIN_NAME_MISMATCH`
 */
export function readBundle(
  { openBundle }: PluginStoreOptions,
  { paths, origin, content, files }: Bundle,
  at: { readonly root: string; readonly shown: string },
): Reading {
  const { pluginId, name, data } = paths;
  const bundle = {
    ...openBundle(
      content,
      files.map(({ path }) => path),
    ),
    root: at.root,
  };
  const { plugin, issues } = parsePlugin({ bundle, entry: origin.entry, dataDir: data });
  if (plugin === null) throw invalid(pluginId, issues, at);
  if (plugin.name !== name) {
    const message = `plugin.json name \`${plugin.name}\` does not match marketplace plugin name \`${name}\``;
    throw new AppError('PLUGIN_NAME_MISMATCH', message, { where: at.shown });
  }
  const version = plugin.version ?? NO_VERSION;
  const hashes = new Map(files.map(({ path, sha256 }) => [path, sha256]));
  const { entry: _, ...rest } = origin;
  const facts = consentFacts({
    ...rest,
    pluginId,
    version,
    plugin,
    folders: { root: at.root, data },
    scriptDigest: (path) => hashes.get(path) ?? null,
  });
  return { plugin, issues, version, facts };
}

function invalid(
  pluginId: string,
  issues: readonly Issue[],
  { root, shown }: { readonly root: string; readonly shown: string },
): AppError {
  const first = issues.find(({ severity }) => severity === 'error') ?? issues[0];
  const place = [first?.file?.replace(root, () => shown), first?.line, first?.column].filter(
    (part) => part !== undefined,
  );
  return new AppError(
    'PLUGIN_MANIFEST_INVALID',
    `\`${pluginId}\` cannot be installed: ${first?.message ?? 'no plugin'}`,
    {
      where: place.length === 0 ? shown : place.join(':'),
      ...(first?.hint === undefined ? {} : { hint: first.hint }),
    },
  );
}
