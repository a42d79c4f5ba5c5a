import { isAbsolute, resolve } from 'node:path';
import {
  gitRefProblem,
  type MarketplaceIdentity,
  type MarketplaceRequirements,
  type MarketplaceSettings,
  marketplaceRequirementFor,
  parseGitUrl,
  sparsePathProblem,
  type TomlInputTable,
} from '../config/index.ts';
import { AppError } from '../kernel/index.ts';
import type { MarketplaceSource, MarketplaceSourceJson } from './types.ts';

/** What a user types: the source, and what `--ref` and `--sparse` say. */
export type TypedSource = {
  readonly text: string;
  readonly ref: string | null;
  readonly sparse: readonly string[];
};

export type SourceContext = {
  /** Absolute folder that relative paths start at. */
  readonly cwd: string;
  /** For `~`; null when nothing says which it is. */
  readonly homeDir: string | null;
  readonly isFolder: (absolute: string) => boolean;
};

/** Codex's words. */
const EXPECTED = 'expected owner/repo, a git URL, or a local marketplace path';
const GITHUB = 'https://github.com';
const SHORTHAND = /^(?<owner>[A-Za-z0-9][A-Za-z0-9_-]{0,99})\/(?<repo>[A-Za-z0-9._-]{1,100})$/;
const LOOKS_LIKE_PATH = /^(?:\.{1,2}$|\.{1,2}[/\\]|~$|~[/\\]|[/\\]|[A-Za-z]:[/\\])/;

/**
 * Reads the source of a marketplace: a folder (`./x`, `/x`, `~/x`, or the name of one that exists), `owner/repo` on GitHub,
 * or the address of a git repository. A git source may end in `@ref` (`owner/repo` only) or `#ref`.
 *
 * `owner/repo` is GitHub even where a folder of that name exists: what a command installs must not depend on where it
 * is run. `./owner/repo` is the folder.
 *
 * @throws AppError `MARKETPLACE_SOURCE`. The text is not repeated in it, since an address may hold a password.
 */
export function parseMarketplaceSource(typed: TypedSource, context: SourceContext): MarketplaceSource {
  const { text } = typed;
  if (text.includes('\0')) throw unclear();
  if (LOOKS_LIKE_PATH.test(text) || isAbsolute(text)) return folder(typed, context);
  const { base, ref } = splitRef(text);
  const shorthand = githubUrl(base);
  const isUrl = shorthand !== null || /^[^/]*:/.test(base);
  if (!isUrl && text !== '' && context.isFolder(resolve(context.cwd, text))) return folder(typed, context);
  if (!isUrl) throw unclear();
  const url = parseGitUrl(shorthand ?? base);
  if (url.kind === 'refused') throw unclear(`the address ${url.reason}`);
  if (ref !== null && typed.ref !== null && ref !== typed.ref) {
    throw new AppError('MARKETPLACE_SOURCE', 'the source names one ref and `--ref` another', {
      hint: 'leave one of them out',
    });
  }
  return gitSource(url.text, ref ?? typed.ref, typed.sparse);
}

/** The address on GitHub that `owner/repo` stands for; null for a text that is not of that form. */
export function githubUrl(text: string): string | null {
  const { owner, repo } = SHORTHAND.exec(text)?.groups ?? {};
  if (owner === undefined || repo === undefined || /^\.{1,2}$|^\.git$/.test(repo)) return null;
  return `${GITHUB}/${owner}/${repo.replace(/\.git$/, '')}.git`;
}

/** `base#ref`, or `owner/repo@ref`: an `@` belongs to the address everywhere else. */
function splitRef(text: string): { readonly base: string; readonly ref: string | null } {
  const hash = text.indexOf('#');
  if (hash !== -1) return { base: text.slice(0, hash), ref: text.slice(hash + 1) };
  const at = text.indexOf('@');
  if (at === -1 || githubUrl(text.slice(0, at)) === null) return { base: text, ref: null };
  return { base: text.slice(0, at), ref: text.slice(at + 1) };
}

function folder({ text, ref, sparse }: TypedSource, { cwd, homeDir, isFolder }: SourceContext): MarketplaceSource {
  if (ref !== null || sparse.length > 0) {
    const option = ref === null ? '--sparse' : '--ref';
    throw new AppError('MARKETPLACE_SOURCE', `\`${option}\` is for git sources, and this is a folder`, {
      hint: `leave \`${option}\` out: a folder is read as it is`,
    });
  }
  const inHome = /^~(?:$|[/\\])/.test(text);
  if (inHome && homeDir === null) throw unclear('nothing says which folder `~` is');
  const path = inHome ? resolve(homeDir ?? cwd, text.slice(2)) : resolve(cwd, text);
  if (isFolder(path)) return { kind: 'local', path };
  throw new AppError('MARKETPLACE_SOURCE', 'failed to resolve local marketplace source path: there is no such folder', {
    where: path,
    hint: 'check the path; for a repository on GitHub write owner/repo',
  });
}

function gitSource(url: string, ref: string | null, sparse: readonly string[]): MarketplaceSource {
  const refProblem = ref === null ? null : gitRefProblem(ref);
  if (refProblem !== null) {
    throw new AppError('MARKETPLACE_SOURCE', `the ref ${refProblem}`, { hint: 'give a branch, a tag or a commit' });
  }
  for (const path of sparse) {
    const problem = sparsePathProblem(path);
    if (problem !== null) {
      const hint = 'give a folder of the repository, such as `--sparse plugins/tools`';
      throw new AppError('MARKETPLACE_SOURCE', `a path of \`--sparse\` cannot be used: it ${problem}`, { hint });
    }
  }
  return { kind: 'git', url, ref, sparse };
}

function unclear(reason?: string): AppError {
  const message = `invalid marketplace source format; ${EXPECTED}`;
  return new AppError('MARKETPLACE_SOURCE', reason === undefined ? message : `${message}: ${reason}`);
}

/** The source that `[marketplaces.NAME]` names. */
export function sourceFromSettings(settings: MarketplaceSettings): MarketplaceSource {
  const { sourceType, source, ref, sparsePaths } = settings;
  return sourceType === 'local'
    ? { kind: 'local', path: source }
    : { kind: 'git', url: source, ref, sparse: sparsePaths };
}

/** `[marketplaces.NAME]` for a source, with Codex's keys and our `manifest`. */
export function settingsTable(source: MarketplaceSource, manifest: string | null): TomlInputTable {
  const own = manifest === null ? {} : { manifest };
  if (source.kind === 'local') return { source_type: 'local', source: source.path, ...own };
  return {
    source_type: 'git',
    source: source.url,
    ...(source.ref === null ? {} : { ref: source.ref }),
    ...(source.sparse.length === 0 ? {} : { sparse_paths: source.sparse }),
    ...own,
  };
}

/** A source as `--json` and receipts show it. */
export function sourceJson(source: MarketplaceSource): MarketplaceSourceJson {
  return source.kind === 'local'
    ? { sourceType: 'local', source: source.path }
    : { sourceType: 'git', source: source.url };
}

/** A source as requirements know it. */
export function sourceIdentity(source: MarketplaceSource): MarketplaceIdentity {
  return { ...sourceJson(source), ref: source.kind === 'local' ? null : source.ref };
}

/** Why the requirements files of this machine do not allow a source; null when they do. Code: `MARKETPLACE_NOT_ALLOWED`. */
export function marketplaceRefusal(
  source: MarketplaceSource,
  requirements: readonly { readonly file: string; readonly marketplaces: MarketplaceRequirements | null }[],
): AppError | null {
  const file = marketplaceRequirementFor(requirements, sourceIdentity(source));
  if (file === null) return null;
  const message = `marketplace source \`${sourceJson(source).source}\` is not allowed by requirements from ${file}`;
  return new AppError('MARKETPLACE_NOT_ALLOWED', message, { where: file });
}
