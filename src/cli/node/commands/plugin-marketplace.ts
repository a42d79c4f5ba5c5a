import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { setKey, unsetKey } from '../../../config/index.ts';
import { AppError } from '../../../kernel/index.ts';
import {
  githubUrl,
  type Marketplace,
  type MarketplaceSource,
  marketplaceRefusal,
  type PreparedMarketplace,
  parseMarketplaceSource,
  settingsTable,
  sourceFromSettings,
  sourceJson,
} from '../../../marketplace/index.ts';
import type { Input } from '../../command.ts';
import { type AddedMarketplace, exitOfChanges, type RemovedMarketplace } from '../../plugin-reports.ts';
import { renderAddedMarketplace, renderRemovedMarketplace } from '../../render-plugin-change.ts';
import type { CliCommand, CliContext } from '../context.ts';
import { noSuchMarketplace } from '../known-marketplaces.ts';
import { atPluginDesk, type PluginDesk, sayErrors } from '../plugin-desk.ts';
import { placeRequired } from '../required-plugins.ts';
import { newTally } from '../upgrade-plugins.ts';
import { editUserConfig, freshNotes } from '../user-config.ts';

export const marketplaceAdd: CliCommand<AddedMarketplace> = {
  name: 'plugin marketplace add',
  summary: 'Add a folder or a git repository that offers plugins',
  examples: [
    'plugboard plugin marketplace add ./path/to/marketplace',
    'plugboard plugin marketplace add owner/repo --ref main',
    'plugboard plugin marketplace add https://github.com/owner/repo --sparse plugins/foo',
  ],
  args: [{ name: 'SOURCE', help: 'a folder, owner/repo[@ref], or an https or ssh git URL', required: true }],
  options: [
    { name: 'ref', value: 'REF', help: 'branch, tag or commit of a git repository' },
    { name: 'sparse', value: 'PATH', many: true, help: 'only this folder of a git repository; may be repeated' },
    { name: 'manifest', value: 'PATH', help: 'its manifest, where that is in none of the usual places' },
  ],
  run: (context, input) => atPluginDesk(context, { changes: true }, (desk) => addMarketplace(desk, input)),
  render: renderAddedMarketplace,
  exitCode: exitOfChanges,
};

async function addMarketplace(desk: PluginDesk, input: Input): Promise<AddedMarketplace> {
  const { context, loaded, known, marketplaces } = desk;
  const wanted: Wanted = { source: typedSource(context, input), manifest: input.values['manifest'] ?? null };
  const refusal = marketplaceRefusal(wanted.source, loaded.requirements);
  if (refusal !== null) throw refusal;
  const there = known.all.find(({ place }) => place.kind === 'configured' && isSame(place, wanted));
  if (there !== undefined && there.marketplace !== null) return report(desk, there.marketplace, true);
  const folder = folderLeftOut(context, input, wanted);
  const prepared = await desk
    .fetching((options) => marketplaces.prepare({ kind: 'configured', ...wanted }, options))
    .catch((error: unknown) => {
      throw folder === null ? error : withFolder(error, folder);
    });
  try {
    const added = await report(desk, await keep(context, prepared, wanted), there !== undefined);
    return folder === null ? added : { ...added, notes: [...added.notes, `It is not the folder ${folder} here.`] };
  } finally {
    await prepared.discard();
  }
}

/** `./owner/repo` where there is a folder of the name that was taken for a repository; null where there is none. */
function folderLeftOut({ cwd }: CliContext, { args }: Input, { source }: Wanted): string | null {
  const [name = ''] = (args['SOURCE'] ?? '').split(/[@#]/);
  return source.kind === 'git' && githubUrl(name) !== null && isFolder(resolve(cwd, name)) ? `./${name}` : null;
}

function withFolder(error: unknown, folder: string): unknown {
  if (!(error instanceof AppError)) return error;
  const { code, message, where, hint } = error;
  return new AppError(code, message, {
    ...(where === undefined ? {} : { where }),
    hint: `for the folder of this name write ${folder}; else ${hint}`,
    cause: error,
  });
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

type Wanted = { readonly source: MarketplaceSource; readonly manifest: string | null };

function isSame(place: Wanted, { source, manifest }: Wanted): boolean {
  return place.manifest === manifest && isDeepStrictEqual(place.source, source);
}

/** @throws AppError `MARKETPLACE_SOURCE` */
function typedSource({ cwd, env }: CliContext, input: Input): MarketplaceSource {
  return parseMarketplaceSource(
    { text: input.args['SOURCE'] ?? '', ref: input.values['ref'] ?? null, sparse: input.lists['sparse'] ?? [] },
    {
      cwd,
      homeDir: env['HOME'] || env['USERPROFILE'] || null,
      isFolder,
    },
  );
}

/**
 * Writes the entry, and then puts the snapshot in place: of two processes that add the same name only one can write it,
 * and a snapshot of another source than that of the entry is never read.
 */
async function keep(context: CliContext, prepared: PreparedMarketplace, wanted: Wanted): Promise<Marketplace> {
  const { name } = prepared.marketplace;
  const edit = await editUserConfig(context, (text, evaluate) => {
    const settings = evaluate(text).config.marketplaces.get(name);
    if (settings === undefined)
      return setKey(text, ['marketplaces', name], settingsTable(wanted.source, wanted.manifest));
    const source = sourceFromSettings(settings);
    if (isSame({ source, manifest: settings.manifest }, wanted)) return text;
    throw new AppError('MARKETPLACE_EXISTS', `marketplace '${name}' is already added from another source`, {
      where: sourceJson(source).source,
      hint: `to replace it, first run: plugboard plugin marketplace remove ${name}`,
    });
  });
  try {
    return await prepared.commit();
  } catch (error) {
    if (edit.changed) await editUserConfig(context, (text) => unsetKey(text, ['marketplaces', name]));
    throw error;
  }
}

/** Also installs what a requirements file wants of it; what it only would like to see installed is named. */
async function report(desk: PluginDesk, marketplace: Marketplace, alreadyAdded: boolean): Promise<AddedMarketplace> {
  const { name, root, source, revision, entries, issues } = marketplace;
  const tally = newTally([name]);
  const { offered, listed } = await placeRequired(desk, marketplace, tally);
  sayErrors(desk.context, tally.errors);
  return {
    schemaVersion: 1,
    marketplaceName: name,
    installedRoot: root,
    alreadyAdded,
    marketplaceSource: sourceJson(source),
    revision,
    pluginCount: entries.length,
    offered,
    notes: listed.map(
      (id) =>
        `A requirements file lists '${id}', but none allows only certain sources of marketplaces, this one among them: so it is not installed by itself.`,
    ),
    plugins: tally.plugins,
    errors: tally.errors,
    issues,
  };
}

export const marketplaceRemove: CliCommand<RemovedMarketplace> = {
  name: 'plugin marketplace remove',
  summary: 'Remove a marketplace that was added; plugins that came from it stay',
  examples: ['plugboard plugin marketplace remove debug'],
  args: [{ name: 'MARKETPLACE', help: 'name of the marketplace', required: true }],
  options: [],
  run: (context, input) =>
    atPluginDesk(context, { changes: true, evenOff: true }, (desk) =>
      removeMarketplace(desk, input.args['MARKETPLACE'] ?? ''),
    ),
  render: renderRemovedMarketplace,
  exitCode: () => 0,
};

async function removeMarketplace(desk: PluginDesk, name: string): Promise<RemovedMarketplace> {
  const { context, known, marketplaces, plugins } = desk;
  const edit = await editUserConfig(context, (text) => unsetKey(text, ['marketplaces', name]));
  const left = edit.after.config.marketplaces.get(name);
  if (left !== undefined) {
    throw new AppError('MARKETPLACE_NOT_FOUND', `marketplace '${name}' is not in the file that this command changes`, {
      where: [left.origin.file ?? '-c', left.origin.line].filter((part) => part !== null).join(':'),
      hint: 'remove it there',
    });
  }
  const installedRoot = await marketplaces.remove(name);
  if (!edit.changed && installedRoot === null) throw notRemovable(known, name);
  const from = plugins.installed().plugins.filter(({ marketplaceName }) => marketplaceName === name);
  return {
    schemaVersion: 1,
    marketplaceName: name,
    installedRoot,
    plugins: from.map((plugin) => plugin.pluginId),
    notes: freshNotes(edit),
  };
}

function notRemovable({ all }: PluginDesk['known'], name: string): AppError {
  const found = all.find((one) => one.name === name);
  if (found === undefined)
    return noSuchMarketplace(
      name,
      all.map((one) => one.name),
    );
  return new AppError(
    'MARKETPLACE_NOT_FOUND',
    `marketplace '${name}' was not added: it counts because its file is there`,
    {
      ...(found.marketplace === null ? {} : { where: found.marketplace.manifestFile }),
      hint: 'remove or rename this file',
    },
  );
}
