import { isAbsolute, join, resolve } from 'node:path';
import { AppError, type Issue } from '../../kernel/index.ts';
import { buildConfig, restrictProject } from '../build.ts';
import type { RequirementsOwner } from '../identity.ts';
import { flagLayer, mergeLayers } from '../layers.ts';
import { emptyTable, locate, type Scalar } from '../located.ts';
import { type ParsedLayer, parseLayer } from '../parse.ts';
import { parseRequirements, type Requirements } from '../requirements.ts';
import type { Config, Layer, Origin } from '../types.ts';
import { readText, realPath, unreadable } from './files.ts';

export type LoadOptions = {
  /** PLUGBOARD_HOME, absolute. */
  readonly home: string;
  /** `--config FILE`: takes the place of the user's config.toml. Relative paths start at the working folder. */
  readonly configFile?: string;
  /** Each `-c key=value`. */
  readonly overrides: readonly string[];
  /** The folder whose own config files are read, when it is trusted. */
  readonly projectDir?: string;
  /** HOME (or USERPROFILE) for `~/`, and CODEX_HOME, which is no project. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Instead of `/etc`. */
  readonly systemDir?: string;
};

export type LoadedConfig = {
  readonly config: Config;
  /** From low to high, for `explain` and `get`. */
  readonly layers: readonly ParsedLayer[];
  readonly requirements: readonly Requirements[];
  /** Every file that has a say, the ones that do not exist yet included: what to watch. Absolute. */
  readonly files: readonly string[];
  /** One issue for each file that exists and was skipped as a whole. */
  readonly brokenFiles: readonly Issue[];
};

/**
 * Reads every layer and the requirements.
 *
 * @throws AppError `CONFIG_UNREADABLE` when `configFile` cannot be read, `CONFIG_SYSTEM_DAMAGED` for a damaged
 *   requirements file, `USAGE` for an override that is no `key=value`. Everything else becomes an issue.
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const paths = pathsOf(options);
  const [requirements, system, user, project] = await Promise.all([
    Promise.all(paths.requirements.map(({ file, owner }) => readRequirements(file, owner))),
    readLayer(paths.system, 'system'),
    options.configFile === undefined ? readLayer(paths.user, 'user') : readAskedLayer(paths.user),
    Promise.all(paths.project.map((file) => readLayer(file, 'project'))),
  ]);
  const base = [system, user].filter((layer) => layer !== null);
  const projectLayers = await admitProject(project, base, options);
  const broken = [...base, ...projectLayers].flatMap((layer) => layer.issues.filter(skipsFile));
  const layers = [...base, ...projectLayers.map(restrictProject), flagLayer(options.overrides)];
  const config = buildConfig(layers, {
    homeDir: homeDirOf(options.env),
    projectDir: options.projectDir === undefined ? null : resolve(options.projectDir),
    configFile: options.configFile === undefined ? null : paths.user,
  });
  return {
    config,
    layers,
    requirements: requirements.filter((file) => file !== null),
    files: await withTargets([
      ...paths.requirements.map(({ file }) => file),
      paths.system,
      paths.user,
      ...paths.project,
    ]),
    brokenFiles: broken,
  };
}

/** The files, and where those that are symbolic links lead: a change there is a change, too. */
async function withTargets(files: readonly string[]): Promise<readonly string[]> {
  return [...new Set([...files, ...(await Promise.all(files.map(realPath)))])];
}

/** The files that `loadConfig` reads, from low to high, for `config path`. */
export function pathsOf(options: LoadOptions): {
  readonly requirements: readonly { readonly file: string; readonly owner: RequirementsOwner }[];
  readonly system: string;
  readonly user: string;
  readonly project: readonly string[];
} {
  const etc =
    options.systemDir ?? (process.platform === 'win32' ? (options.env.ProgramData ?? 'C:\\ProgramData') : '/etc');
  const { projectDir } = options;
  return {
    requirements: [
      { file: join(etc, 'plugboard', 'requirements.toml'), owner: 'plugboard' },
      { file: join(etc, 'codex', 'requirements.toml'), owner: 'codex' },
    ],
    system: join(etc, 'plugboard', 'config.toml'),
    user: options.configFile === undefined ? join(options.home, 'config.toml') : resolve(options.configFile),
    project:
      projectDir === undefined
        ? []
        : ['.plugboard', '.codex'].map((folder) => resolve(projectDir, folder, 'config.toml')),
  };
}

async function readRequirements(file: string, owner: RequirementsOwner): Promise<Requirements | null> {
  const read = await readText(file);
  if (read.kind === 'absent') return null;
  if (read.kind === 'text') return parseRequirements(read.text, file, owner);
  throw new AppError('CONFIG_SYSTEM_DAMAGED', `cannot read the requirements: ${read.reason}`, { where: file });
}

/** null when the file does not exist. */
async function readLayer(file: string, layer: Layer): Promise<ParsedLayer | null> {
  const read = await readText(file);
  if (read.kind === 'absent') return null;
  if (read.kind === 'text') return parseLayer(read.text, file, layer);
  const issue: Issue = {
    code: 'CONFIG_UNREADABLE',
    severity: 'error',
    message: `the file is skipped: ${read.reason}`,
    hint: read.hint,
    file,
  };
  return { layer, file, table: emptyTable({ layer, file, line: null, column: null }), issues: [issue] };
}

/** The file of `--config`. @throws AppError `CONFIG_UNREADABLE` */
async function readAskedLayer(file: string): Promise<ParsedLayer> {
  const read = await readText(file);
  if (read.kind === 'text') return parseLayer(read.text, file, 'user');
  const absent = { reason: 'no such file', hint: 'name a file that exists' };
  throw unreadable(file, read.kind === 'absent' ? absent : read);
}

function skipsFile(issue: Issue): boolean {
  return issue.code === 'CONFIG_NOT_TOML' || issue.code === 'CONFIG_UNREADABLE';
}

/** The project's layers as they are when it is trusted, else one empty layer for each file with a note. */
async function admitProject(
  layers: readonly (ParsedLayer | null)[],
  base: readonly ParsedLayer[],
  options: LoadOptions,
): Promise<readonly ParsedLayer[]> {
  const { projectDir } = options;
  if (projectDir === undefined) return [];
  const own = await Promise.all(userFiles(options).map(realPath));
  const found = await Promise.all(
    layers.map(async (layer) => {
      if (layer === null || layer.file === null) return null;
      return own.includes(await realPath(layer.file)) ? null : { layer, file: layer.file };
    }),
  );
  const present = found.filter((one) => one !== null);
  if (present.length === 0) return [];
  const dir = resolve(projectDir);
  if (isTrusted([dir, await realPath(dir)], base)) return present.map(({ layer }) => layer);
  return present.map(({ layer, file }) => ({
    ...layer,
    table: emptyTable(layer.table.origin),
    issues: [untrusted(file, dir)],
  }));
}

/** The user's own config files: in the home folder they look like files of a project. */
function userFiles(options: LoadOptions): string[] {
  const homeDir = homeDirOf(options.env);
  const folders = [options.home, options.env.CODEX_HOME ?? null];
  if (homeDir !== null) folders.push(join(homeDir, '.plugboard'), join(homeDir, '.codex'));
  const files = folders.flatMap((folder) => (folder === null || folder === '' ? [] : [resolve(folder, 'config.toml')]));
  return [...files, pathsOf(options).user];
}

function homeDirOf(env: LoadOptions['env']): string | null {
  return env.HOME || env.USERPROFILE || null;
}

function isTrusted(dirs: readonly string[], base: readonly ParsedLayer[]): boolean {
  const said = trustOf(base).filter(({ key }) => isOneOf(key, dirs));
  return said.length > 0 && said.every(({ level }) => level === 'trusted');
}

/** Whether the user or the machine trusts a folder: what projects say of themselves does not count. */
export async function isTrustedFolder(folder: string, { layers }: Pick<LoadedConfig, 'layers'>): Promise<boolean> {
  const dir = resolve(folder);
  const base = layers.filter(({ layer }) => layer === 'system' || layer === 'user');
  return isTrusted([dir, await realPath(dir)], base);
}

/** What the layers together say of folders. A relative key names no folder: it would name another one for each caller. */
export function trustOf(
  layers: readonly ParsedLayer[],
): readonly { readonly key: string; readonly level: Scalar; readonly origin: Origin }[] {
  const projects = locate(mergeLayers(layers), ['projects']);
  if (projects?.kind !== 'table') return [];
  return [...projects.entries].flatMap(([key, project]) => {
    const level = isAbsolute(key) ? locate(project, ['trust_level']) : undefined;
    return level?.kind === 'scalar' ? [{ key, level: level.value, origin: level.origin }] : [];
  });
}

/** True when a key of `projects` names one of these folders, however it is spelt. */
export function isOneOf(key: string, dirs: readonly string[]): boolean {
  return dirs.includes(resolve(key));
}

/** null when there is none. */
export function readSystemLayer(options: LoadOptions): Promise<ParsedLayer | null> {
  return readLayer(pathsOf(options).system, 'system');
}

function untrusted(file: string, dir: string): Issue {
  const shown = /^[\w@%+:,./-]+$/.test(dir) ? dir : `'${dir.replaceAll("'", "'\\''")}'`;
  return {
    code: 'CONFIG_UNTRUSTED_PROJECT',
    severity: 'note',
    message: 'the file is ignored, because its folder is not trusted',
    hint: `if you trust it, run: plugboard config trust ${shown}`,
    file,
  };
}
