import { buildConfig, type Config, type ParsedLayer, parseLayer } from '../../config/index.ts';
import { editFile, type LoadedConfig, loadConfig, pathsOf } from '../../config/node/index.ts';
import { AppError, type Issue, issueLocation, nearest, renderIssue } from '../../kernel/index.ts';
import type { CliContext } from './context.ts';

/** The configuration as it is with another text in the user's file. */
export type ConfigState = {
  readonly config: Config;
  readonly layers: readonly ParsedLayer[];
  /** Those of the configuration, with what plugins have to say to its entries of servers. */
  readonly issues: readonly Issue[];
};

export type UserEdit = {
  readonly file: string;
  readonly changed: boolean;
  readonly before: ConfigState;
  readonly after: ConfigState;
};

/**
 * Changes the user's config.toml (or the file of `--config`), and lets a running host read it at once.
 *
 * @param edit Gets the text and what the configuration is with it; `evaluate` says what it would be with another text.
 * @throws AppError the first problem that the configuration would have after the edit and did not have before; the file
 *   is then untouched. Also what `editFile` and `edit` throw.
 */
export async function editUserConfig(
  context: CliContext,
  edit: (text: string, evaluate: (text: string) => ConfigState) => string,
): Promise<UserEdit> {
  const [{ privateFolder }, { editPlace }, { reloadRunning }] = await Promise.all([
    import('../../api/node/index.ts'),
    import('./edit-place.ts'),
    import('./running.ts'),
  ]);
  privateFolder(context.home);
  const loaded = await loadConfig(context.loadOptions);
  const file = userFile(context);
  const settle = await settledByPlugins(context, loaded);
  const evaluate = (text: string): ConfigState => evaluateWith(context, { loaded, settle }, text);
  let states: { readonly before: ConfigState; readonly after: ConfigState } | undefined;
  let refusal: unknown;
  const changed = await editFile(editPlace(context, file), (text) => {
    try {
      const next = edit(text, evaluate);
      states = { before: evaluate(text), after: evaluate(next) };
      refuseNewErrors(states, file);
      return next;
    } catch (error) {
      if (!isAboutText(error)) refusal = error;
      throw error;
    }
  }).catch((error: unknown) => {
    throw refusal ?? error;
  });
  if (states === undefined) throw new Error('an edit that was not made');
  if (changed) await reloadRunning(context);
  return { file, changed, ...states };
}

/** True for what the edit functions throw: they know the line, and `editFile` puts the file in front of it. */
function isAboutText(error: unknown): boolean {
  if (!(error instanceof AppError)) return false;
  const edits = error.code === 'CONFIG_NOT_TOML' || error.code === 'CONFIG_EDIT_REFUSED';
  return edits && (error.where === undefined || /^\d+:\d+$/.test(error.where));
}

/** The file that commands edit. */
export function userFile(context: CliContext): string {
  return pathsOf(context.loadOptions).user;
}

/**
 * What is left of the issues of a configuration when plugins are known: an entry without a command may be laid over a server
 * of one, also of one that was removed, and may fit several.
 */
async function settledByPlugins(
  context: CliContext,
  loaded: LoadedConfig,
): Promise<(config: Config) => readonly Issue[]> {
  const [{ loadPlugins, NO_PLUGINS }, { resolveServers }] = await Promise.all([
    import('./known-servers.ts'),
    import('../../servers/index.ts'),
  ]);
  // A configuration can be corrected also where plugins cannot be read.
  const plugins = await loadPlugins(context, loaded.config, { namesOnly: true }).catch((error: unknown) => {
    if (error instanceof AppError) return NO_PLUGINS;
    throw error;
  });
  return (config) => {
    if (config.overlays.size === 0) return config.issues;
    const { issues } = resolveServers({
      config,
      requirements: loaded.requirements,
      plugins: plugins.plugins,
      removedPlugins: plugins.removed,
      pluginIssues: plugins.issues,
      workspace: context.cwd,
    });
    const settled = (issue: Issue): readonly Issue[] =>
      issue.code === 'CONFIG_NO_TRANSPORT'
        ? issues.filter(({ code, key, plugin }) => code === issue.code && key === issue.key && plugin === undefined)
        : [issue];
    return [...config.issues.flatMap(settled), ...issues.filter(({ code }) => code === 'PLUGIN_OVERLAY_AMBIGUOUS')];
  };
}

type Surroundings = {
  readonly loaded: LoadedConfig;
  readonly settle: (config: Config) => readonly Issue[];
};

function evaluateWith({ loadOptions }: CliContext, { loaded, settle }: Surroundings, text: string): ConfigState {
  const user = parseLayer(text, pathsOf(loadOptions).user, 'user');
  const below = loaded.layers.filter(({ layer }) => layer === 'built_in' || layer === 'system');
  const above = loaded.layers.filter(({ layer }) => layer === 'project' || layer === 'flag');
  const layers = [...below, user, ...above];
  const config = buildConfig(layers, {
    homeDir: loadOptions.env['HOME'] || loadOptions.env['USERPROFILE'] || null,
    projectDir: loadOptions.projectDir ?? null,
    configFile: loadOptions.configFile ?? null,
  });
  return { config, layers, issues: settle(config) };
}

function refuseNewErrors({ before, after }: Pick<UserEdit, 'before' | 'after'>, file: string): void {
  const sign = (issue: Issue): string => `${issue.code} ${issue.message}`;
  const known = new Set(before.issues.map(sign));
  const fresh = after.issues.find(
    (issue) => (issue.severity === 'error' || issue.code === 'CONFIG_SELF_REFERENCE') && !known.has(sign(issue)),
  );
  if (fresh === undefined) return;
  throw new AppError(fresh.code, `${fresh.message}; nothing was changed`, {
    where: fresh.file === file || fresh.file === undefined ? file : (issueLocation(fresh) ?? file),
    ...(fresh.hint === undefined ? {} : { hint: fresh.hint }),
  });
}

/** Warnings and notes that came with an edit, one line each. */
export function freshNotes({ before, after }: Pick<UserEdit, 'before' | 'after'>): readonly string[] {
  const known = new Set(before.issues.map((issue) => issue.message));
  return after.issues
    .filter((issue) => issue.severity !== 'error' && !known.has(issue.message))
    .map((issue) => (issue.hint === undefined ? issue.message : `${issue.message} (${issue.hint})`));
}

/** The error of every command that is asked about a server that is not there. */
export function noSuchServer(name: string, known: Iterable<string>, where?: string): AppError {
  const names = [...known];
  // Of plugins that share a name, each server is called by its plugin as well.
  const qualified = names.filter((one) => one.endsWith(`:${name}`));
  const meant = qualified.length > 0 ? qualified : [nearest(name, names) ?? []].flat();
  const quoted = meant.map((one) => `'${one}'`).join(' or ');
  return new AppError('NOT_FOUND', `No MCP server named '${name}' found.`, {
    hint: meant.length === 0 ? 'see: plugboard mcp list' : `did you mean ${quoted}? See: plugboard mcp list`,
    ...(where === undefined ? {} : { where }),
  });
}

/** The issues of files that were skipped as a whole. */
export function skippedFiles(issues: readonly Issue[]): readonly Issue[] {
  return issues.filter(({ code }) => code === 'CONFIG_NOT_TOML' || code === 'CONFIG_UNREADABLE');
}

/** Says which files were skipped, so that nobody takes what they hold for missing. */
export function sayBroken({ err, globals }: CliContext, broken: readonly Issue[]): void {
  if (!globals.json) for (const issue of broken) err.write(`plugboard: ${renderIssue(issue)}\n`);
}

/** What is not there may stand in a file that was skipped: then that file is what is wrong. */
export function brokenFile([first]: readonly Issue[]): AppError | null {
  if (first === undefined) return null;
  const where = issueLocation(first);
  return new AppError(first.code, first.message, {
    ...(where === undefined ? {} : { where }),
    ...(first.hint === undefined ? {} : { hint: first.hint }),
  });
}
