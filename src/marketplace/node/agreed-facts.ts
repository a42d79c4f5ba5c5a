import { AppError } from '../../kernel/index.ts';
import { contentDigest } from '../integrity.ts';
import type { ConsentFacts, InstalledPlugin } from '../types.ts';
import { verifyFiles } from './installed.ts';
import type { PluginPaths } from './plugin-paths.ts';
import type { PluginStoreOptions } from './ports.ts';
import { originOf, readBundle } from './read-bundle.ts';

/**
 * What was agreed to of what is installed. Receipts of older versions do not say the defaults of settings: those are read
 * from the files, as long as they are as they were installed, and stay unknown otherwise. null when nobody agreed.
 */
export async function agreedFacts(
  options: PluginStoreOptions,
  paths: PluginPaths,
  before: InstalledPlugin,
): Promise<ConsentFacts | null> {
  const { consent, files } = before.filed.receipt;
  if (consent === null) return null;
  const { facts } = consent;
  if (facts.settings.every((setting) => setting.default !== undefined)) return facts;
  if ((await verifyFiles(before)).kind !== 'intact') return facts;
  const bundle = { paths, origin: originOf(before.filed.receipt), content: before.root, files };
  try {
    const at = { root: before.root, shown: before.root };
    const read = readBundle(options, { ...bundle, contentSha256: contentDigest(files) }, at);
    const defaults = new Map(read.facts.settings.map((setting) => [setting.key, setting.default]));
    return {
      ...facts,
      settings: facts.settings.map((setting) => ({ default: defaults.get(setting.key) ?? null, ...setting })),
    };
  } catch (error) {
    if (error instanceof AppError) return facts;
    throw error;
  }
}
