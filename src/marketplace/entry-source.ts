import { join } from 'node:path';
import {
  type CheckContext,
  found,
  gitRefProblem,
  isLoopback,
  kindWord,
  type Located,
  type LocatedTable,
  parseGitUrl,
  read,
  sparsePathProblem,
} from '../config/index.ts';
import { nearest } from '../kernel/index.ts';
import { bundlePath } from '../plugins/index.ts';
import { githubUrl } from './source.ts';
import type { PluginSource } from './types.ts';

/** The entry whose source is read. */
export type EntryContext = CheckContext & {
  /** Absolute folder of the marketplace. */
  readonly root: string;
  /** What `metadata.pluginRoot` says, relative to the marketplace; `''` without it. Bare folder names start there. */
  readonly pluginRoot: string;
};

/** What is wrong with a value: the key under the entry, and a text that completes "KEY …". */
type Problem = {
  readonly at: Located;
  readonly path: readonly string[];
  readonly message: string;
  readonly hint?: string;
};

/** Key names of JSON stay as they are. */
export const JSON_WORDS = { format: { spell: (path: readonly string[]) => path } };

const KINDS = ['local', 'url', 'git', 'git-subdir', 'github', 'npm'] as const;
type Kind = (typeof KINDS)[number];

const GIT_KEYS = ['url', 'path', 'ref', 'sha'];
const KEYS: Readonly<Record<Kind, readonly string[]>> = {
  local: ['path'],
  url: GIT_KEYS,
  git: GIT_KEYS,
  'git-subdir': GIT_KEYS,
  github: ['repo', 'path', 'ref', 'sha'],
  npm: ['package', 'version', 'registry'],
};

/**
 * Reads the `source` of an entry: a relative path, or an object of one of the kinds of Codex and Claude.
 *
 * A path must stay in the marketplace, and an address be one that git may fetch from. A `sha` must be hexadecimal digits; a
 * shortened one is kept with a warning, since listing it does no harm, and {@link revisionMatches} holds it against what
 * was fetched. A `url` or `github` source with `path` is a folder of that repository.
 *
 * @returns null when it cannot be used; then the reason was reported as `MARKETPLACE_ENTRY_INVALID`.
 */
export function readSource(source: Located | undefined, context: EntryContext, entry: Located): PluginSource | null {
  if (source === undefined) return left({ at: entry, path: [], message: 'has no `source`' }, context);
  const text = ownText(source);
  if (text !== null) return localSource(text, { at: source, path: ['source'] }, context);
  if (source.kind !== 'table') {
    const message = `must be a path or an object, and is ${kindWord(source, JSON_WORDS)}`;
    return left({ at: source, path: ['source'], message }, context);
  }
  const kindNode = source.entries.get('source');
  const name = kindNode === undefined ? null : ownText(kindNode);
  const kind = KINDS.find((known) => known === name);
  if (kind === undefined) return left(unknownKind(source, kindNode, name), context);
  const wrong = KEYS[kind].find((key) => source.entries.has(key) && read.text(source, key) === undefined);
  if (wrong !== undefined) {
    const at = source.entries.get(wrong) ?? source;
    const message = `must be a string, and is ${kindWord(at, JSON_WORDS)}`;
    return left({ at, path: ['source', wrong], message }, context);
  }
  return ofKind(kind, source, context);
}

/**
 * Whether a commit is the one that an entry names. A shortened `sha` counts from seven digits on; it tells commits apart,
 * and does not keep anybody from making another one that begins like it.
 */
export function revisionMatches(sha: string, commit: string): boolean {
  const wanted = sha.toLowerCase();
  return wanted.length >= MIN_SHA && commit.toLowerCase().startsWith(wanted);
}

/** git itself shortens commits to seven digits. */
const MIN_SHA = 7;
const FULL_SHA = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i;

function ofKind(kind: Kind, source: LocatedTable, context: EntryContext): PluginSource | null {
  const node = (key: string): Located => source.entries.get(key) ?? source;
  switch (kind) {
    case 'local': {
      const path = read.text(source, 'path');
      if (path === undefined) return left(missing(source, 'path'), context);
      return localSource(path, { at: node('path'), path: ['source', 'path'] }, context);
    }
    case 'github': {
      const repo = read.text(source, 'repo');
      if (repo === undefined) return left(missing(source, 'repo'), context);
      const url = githubUrl(repo);
      if (url === null) return left(problem(source, 'repo', 'must be `owner/repo`'), context);
      return gitSource(url, source, context);
    }
    case 'url':
    case 'git':
    case 'git-subdir': {
      const url = read.text(source, 'url');
      if (url === undefined) return left(missing(source, 'url'), context);
      if (kind === 'git-subdir' && !source.entries.has('path')) return left(missing(source, 'path'), context);
      return gitSource(githubUrl(url) ?? url, source, context);
    }
    case 'npm':
      return npmSource(source, context);
    default:
      return kind satisfies never;
  }
}

function localSource(text: string, place: Pick<Problem, 'at' | 'path'>, context: EntryContext): PluginSource | null {
  if (text === '')
    return left({ ...place, message: 'is empty', hint: 'write `"./"` for the marketplace itself' }, context);
  const inside = bundlePath(text);
  if (inside.kind === 'escapes') {
    const hint = 'a path starts at the folder of the marketplace and stays in it, such as `"./plugins/tools"`';
    return left({ ...place, message: inside.why, hint }, context);
  }
  // Claude: a bare name is a folder of `metadata.pluginRoot`.
  const folder = /^[^./]/.test(text) ? context.pluginRoot : '';
  return { source: 'local', path: join(context.root, folder, inside.path) };
}

function gitSource(url: string, source: LocatedTable, context: EntryContext): PluginSource | null {
  const { path, ref, sha } = {
    path: read.text(source, 'path'),
    ref: read.text(source, 'ref'),
    sha: read.text(source, 'sha'),
  };
  const parsed = parseGitUrl(url);
  if (parsed.kind === 'refused') return left(problem(source, 'url', parsed.reason), context);
  const refWrong = ref === undefined ? null : gitRefProblem(ref);
  if (refWrong !== null) return left(problem(source, 'ref', refWrong), context);
  const shaWrong = sha === undefined || /^[0-9a-f]{1,64}$/i.test(sha) ? null : 'must be a commit: hexadecimal digits';
  if (shaWrong !== null) return left(problem(source, 'sha', shaWrong), context);
  const subfolder = path === undefined ? '' : inRepository(path);
  if (typeof subfolder !== 'string') return left(problem(source, 'path', subfolder.why), context);
  if (sha !== undefined && !FULL_SHA.test(sha)) shortened(sha, source, context);
  const at = { ...(ref === undefined ? {} : { ref }), ...(sha === undefined ? {} : { sha }) };
  return subfolder === '' ? { source: 'git', url, ...at } : { source: 'git-subdir', url, path: subfolder, ...at };
}

/** A folder of a repository, `''` for the top. git gets it, so it must not look like an option or a pattern. */
function inRepository(text: string): string | { readonly why: string } {
  const inside = bundlePath(text);
  if (inside.kind === 'escapes') return { why: inside.why };
  const why = inside.path === '' ? null : sparsePathProblem(inside.path);
  return why === null ? inside.path : { why };
}

function shortened(sha: string, source: LocatedTable, context: EntryContext): void {
  const tooShort = sha.length < MIN_SHA;
  found({ ...context, path: [...context.path, 'source', 'sha'] }, (source.entries.get('sha') ?? source).at, {
    code: 'MARKETPLACE_ENTRY_INVALID',
    severity: 'warning',
    message: tooShort
      ? 'is too short to name a commit; the plugin is listed and cannot be installed'
      : 'is a shortened commit, which another commit may begin with too',
    hint: 'write all 40 digits',
  });
}

const NPM_NAME = /^(?:@[a-z0-9~][a-z0-9._~-]*\/)?[a-z0-9~][a-z0-9._~-]*$/i;
const MAX_NPM_NAME = 214;
/** A version, a range or a tag. Nothing that npm would take for a file, an address or another package. */
const NPM_VERSION = /^[A-Za-z0-9^~<>=*|.+][A-Za-z0-9^~<>=*|.+ -]{0,199}$/;

function npmSource(source: LocatedTable, context: EntryContext): PluginSource | null {
  const name = read.text(source, 'package');
  const version = read.text(source, 'version');
  const registry = read.text(source, 'registry');
  if (name === undefined) return left(missing(source, 'package'), context);
  if (name.length > MAX_NPM_NAME || !NPM_NAME.test(name) || /\.(?:tgz|tar|tar\.gz)$/i.test(name)) {
    return left(problem(source, 'package', 'is not the name of an npm package'), context);
  }
  if (version !== undefined && !NPM_VERSION.test(version)) {
    const message = 'must be a version, a range or a tag of the package';
    return left(problem(source, 'version', message), context);
  }
  const wrong = registry === undefined ? null : registryProblem(registry);
  if (wrong !== null) return left(problem(source, 'registry', wrong), context);
  return {
    source: 'npm',
    package: name,
    ...(version === undefined ? {} : { version }),
    ...(registry === undefined ? {} : { registry }),
  };
}

function registryProblem(text: string): string | null {
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  if (/[\u0000-\u0020\u007f-\u00a0\\]/.test(text) || !/^https?:\/\//.test(text) || !URL.canParse(text)) {
    return 'must be an https address';
  }
  const url = new URL(text);
  if (/^https?:\/\/[^/]*@/.test(text)) return 'holds a user name or password; npm reads them from its own settings';
  if (url.search !== '' || url.hash !== '') return 'has a `?` or `#`';
  return url.protocol === 'https:' || isLoopback(url.hostname) ? null : 'must use https';
}

function unknownKind(source: LocatedTable, node: Located | undefined, name: string | null): Problem {
  if (node === undefined) return missing(source, 'source');
  const near = name === null ? null : nearest(name, KINDS);
  const known = KINDS.map((kind) => `"${kind}"`).join(', ');
  return {
    at: node,
    path: ['source', 'source'],
    message: 'is a kind of source that is not known',
    hint: near === null ? `known are ${known}` : `did you mean "${near}"?`,
  };
}

function missing(source: LocatedTable, key: string): Problem {
  return { at: source, path: ['source'], message: `has no \`${key}\`` };
}

function problem(source: LocatedTable, key: string, message: string): Problem {
  return { at: source.entries.get(key) ?? source, path: ['source', key], message };
}

/** Reports why an entry is left out. */
export function left({ at, path, message, hint }: Problem, context: CheckContext): null {
  found({ ...context, path: [...context.path, ...path] }, at.at, {
    code: 'MARKETPLACE_ENTRY_INVALID',
    message: `${message}; the plugin is left out`,
    ...(hint === undefined ? {} : { hint }),
  });
  return null;
}

function ownText(node: Located): string | null {
  return node.kind === 'scalar' && typeof node.value === 'string' ? node.value : null;
}
