import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gitRefProblem, parseGitUrl } from '../../config/index.ts';
import { AppError } from '../../kernel/index.ts';
import { revisionMatches } from '../entry-source.ts';
import type { FetchOptions } from '../store.ts';
import type { StoreOptions } from './ports.ts';
import { gitEnvironment } from './program-env.ts';
import { type FetchRun, fetchFailed, lastWords, runFetch, type Said } from './run-fetch.ts';
import { type TreeLimits, tooManyEntries } from './tree-limits.ts';

/** What to fetch from a repository. */
export type GitRequest = {
  readonly url: string;
  /** Branch, tag or commit; null: what the repository gives by default. */
  readonly ref: string | null;
  /** The commit that it must be; null: whatever the ref is at. A shortened one is looked for in the history of the ref. */
  readonly sha: string | null;
  /** The folder of the repository that becomes the top of what is fetched. */
  readonly subdir: string | null;
  /** Only these folders and files; empty: everything. */
  readonly sparse: readonly string[];
};

export type GitFetched = {
  /** Commit. */
  readonly revision: string;
  /** Paths of other repositories that belong there. Their folders are empty. */
  readonly submodules: readonly string[];
};

export type GitTools = Pick<StoreOptions, 'runProgram' | 'env' | 'home'>;

const FETCH_MS = 300_000;
const LOOK_MS = 60_000;
const LOCAL_MS = 120_000;
/** Of the list of a tree: some hundred thousand files. */
const MAX_LIST_BYTES = 64 * 1024 * 1024;
const FETCHED = 'refs/plugboard/fetched';
const REMOTE = 'plugboard';

/**
 * Holds for every run of git, whatever the user's own configuration and the repository say: no hook, no helper that
 * asks, no program as a transport, no submodules, and content as it was committed on every machine.
 */
const ALWAYS = [
  'core.askPass=',
  'core.attributesFile=/dev/null',
  'core.autocrlf=false',
  'core.fsmonitor=false',
  'core.hooksPath=/dev/null',
  'core.protectHFS=true',
  'core.protectNTFS=true',
  'credential.interactive=false',
  'fetch.recurseSubmodules=false',
  'gc.auto=0',
  'init.defaultBranch=main',
  'maintenance.auto=false',
  'protocol.ext.allow=never',
  'protocol.file.allow=never',
  'submodule.recurse=false',
].flatMap((setting) => ['-c', setting]);

/** Counts before the attributes in a repository, which could choose among the programs and encodings of the user's git. */
const ATTRIBUTES = '* -filter -text -eol -ident -working-tree-encoding\n';

/** Runs git. */
type Git = {
  readonly git: (args: readonly string[], more?: Partial<FetchRun>) => Promise<Said>;
  /** As `git`; any exit status but 0 is an error in git's words. */
  readonly done: (args: readonly string[], more?: Partial<FetchRun>) => Promise<Said>;
};

/**
 * Fetches one commit of a repository, without its history, and writes its files.
 *
 * @param into `folder` is an empty one of ours: git keeps its own files beside `content`, so that nothing of git is in there.
 * @throws AppError `PLUGIN_FETCH_FAILED`, `PLUGIN_REVISION_MISMATCH`, `PLUGIN_TOO_LARGE`, `PLUGIN_PROGRAM_MISSING`
 */
export async function fetchGit(
  tools: GitTools,
  request: GitRequest,
  into: FetchOptions & { readonly folder: string; readonly content: string; readonly limits: TreeLimits },
): Promise<GitFetched> {
  const from = checkedUrl(request);
  into.onProgress(`cloning ${from}`);
  const { git, done } = await createGit(tools, { from, cwd: into.folder, signal: into.signal });
  const gitDir = join(into.folder, 'git');
  const at = [`--git-dir=${gitDir}`];
  const repository: Git = {
    git: (args, more) => git([...at, ...args], { fills: into.folder, ...more }),
    done: (args, more) => done([...at, ...args], { fills: into.folder, ...more }),
  };
  await done(['init', '--quiet', '--bare', '--template=', gitDir]);
  await mkdir(join(gitDir, 'info'));
  await writeFile(join(gitDir, 'info', 'attributes'), ATTRIBUTES);
  const whole = request.subdir === null && request.sparse.length === 0;
  await appendFile(join(gitDir, 'config'), remoteSection(from, whole));
  const revision = await fetchCommit(repository, { ...request, from });
  const subdir = request.subdir === null ? '' : plainFolder(request.subdir);
  const tree = subdir === '' ? revision : `${revision}:${subdir}`;
  const submodules = await checkTree(repository, tree, { from, request, limits: into.limits });
  into.onProgress(`writing the files of ${from}`);
  await mkdir(into.content, { recursive: true });
  const sparse = await sparseSettings(gitDir, request.sparse);
  const place = ['-c', 'core.bare=false', `--work-tree=${into.content}`];
  await repository.done([...sparse, ...place, 'read-tree', '-m', '-u', tree], { timeoutMs: FETCH_MS });
  return { revision, submodules };
}

/**
 * The commit that a ref of a repository is at now.
 *
 * @param ref null: what the repository gives by default. A commit is itself.
 * @throws AppError `PLUGIN_FETCH_FAILED`, `PLUGIN_PROGRAM_MISSING`
 */
export async function remoteRevision(
  tools: GitTools,
  place: { readonly url: string; readonly ref: string | null },
  { signal, onProgress }: FetchOptions,
): Promise<string> {
  const from = checkedUrl({ ...place, sha: null });
  if (place.ref !== null && isCommit(place.ref)) return place.ref;
  onProgress(`asking ${from} for its newest commit`);
  const { done } = await createGit(tools, { from, cwd: tools.home, signal });
  const names = place.ref === null ? ['HEAD'] : namesOf(place.ref);
  const { stdout } = await done(['ls-remote', '--', from, ...names], { timeoutMs: LOOK_MS });
  const found = new Map(stdout.split('\n').map((line) => line.split('\t').toReversed() as [string, string]));
  const name = names.find((one) => found.has(one));
  const commit = name === undefined ? undefined : found.get(name);
  if (commit === undefined) throw fetchFailed({ from, program: 'git' }, `it has no ${place.ref ?? 'HEAD'}`);
  return commit;
}

/** Where git looks for a short name, in its order; a tag object gives way to its commit. */
function namesOf(ref: string): readonly string[] {
  if (ref === 'HEAD') return [ref];
  const full = ref.startsWith('refs/') ? [ref] : [`refs/tags/${ref}`, `refs/heads/${ref}`];
  return full.flatMap((name) => [`${name}^{}`, name]);
}

const isCommit = (text: string): boolean => /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(text);

/** The last look at what becomes an argument of git. */
function checkedUrl({ url, ref, sha }: Pick<GitRequest, 'url' | 'ref' | 'sha'>): string {
  const parsed = parseGitUrl(url);
  const refProblem = ref === null ? null : gitRefProblem(ref);
  const problem =
    parsed.kind === 'refused'
      ? `the address ${parsed.reason}`
      : refProblem !== null
        ? `the ref ${refProblem}`
        : sha !== null && !/^[0-9a-f]+$/i.test(sha)
          ? 'the sha is no commit'
          : null;
  if (problem === null) return url;
  throw new AppError('PLUGIN_FETCH_FAILED', `the repository is not fetched: ${problem}`, {
    hint: 'ask the maintainer of the marketplace to correct it',
  });
}

/** @param place `cwd`: no repository around it has a say. */
async function createGit(
  tools: GitTools,
  place: { readonly from: string; readonly cwd: string; readonly signal: AbortSignal },
): Promise<Git> {
  const http = place.from.startsWith('http:');
  const runWith =
    (ownSsh: boolean): Git['git'] =>
    (args, more = {}) =>
      runFetch(tools.runProgram, {
        program: 'git',
        args: [...ALWAYS, ...args],
        env: { ...gitEnvironment(tools.env, { http, ownSsh }), GIT_CEILING_DIRECTORIES: dirname(place.cwd) },
        timeoutMs: LOCAL_MS,
        ...place,
        ...more,
      });
  const own = await runWith(false)(['config', '--get', 'core.sshCommand']);
  const git = runWith(own.code === 0 && own.stdout.trim() !== '');
  const done: Git['done'] = async (args, more) => {
    const said = await git(args, more);
    if (said.code !== 0) throw fetchFailed({ from: place.from, program: 'git' }, lastWords(said.stderr));
    return said;
  };
  return { git, done };
}

/** Where only a part is wanted, files come when they are written; a server that knows no filters sends everything. */
function remoteSection(url: string, whole: boolean): string {
  const quoted = url.replaceAll('"', '\\"');
  const filter = whole ? '' : '\tpromisor = true\n\tpartialclonefilter = blob:none\n';
  return `[remote "${REMOTE}"]\n\turl = "${quoted}"\n${filter}`;
}

type CommitRequest = GitRequest & { readonly from: string };

async function fetchCommit({ git, done }: Git, request: CommitRequest): Promise<string> {
  const fetchArgs = (what: string, depth: readonly string[]): readonly string[] => [
    ...['fetch', '--quiet', '--force', '--no-tags', '--no-recurse-submodules'],
    ...depth,
    REMOTE,
    `${what}:${FETCHED}`,
  ];
  const shallow = ['--depth=1'];
  const commit = ['rev-parse', '--verify', '--end-of-options', `${FETCHED}^{commit}`];
  const fetched = async (): Promise<string> => (await done(commit)).stdout.trim();
  const { sha, ref } = request;
  if (sha === null) {
    await done(fetchArgs(ref ?? 'HEAD', shallow), { timeoutMs: FETCH_MS });
    return fetched();
  }
  const wanted = sha.toLowerCase();
  if (isCommit(wanted) && (await git(fetchArgs(wanted, shallow), { timeoutMs: FETCH_MS })).code === 0) {
    const there = await fetched();
    if (there !== wanted) throw otherRevision(request, there);
    return there;
  }
  // A shortened id, or an older server, which gives commits only by name: then it must be in the history of the ref.
  await done(fetchArgs(ref ?? 'HEAD', []), { timeoutMs: FETCH_MS });
  const known = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${wanted}^{commit}`]);
  const found = known.stdout.trim();
  const isThere = known.code === 0 && (await git(['merge-base', '--is-ancestor', found, FETCHED])).code === 0;
  if (!isThere || !revisionMatches(wanted, found)) throw otherRevision(request, await fetched());
  return found;
}

function otherRevision({ from, ref, sha }: CommitRequest, there: string): AppError {
  return new AppError(
    'PLUGIN_REVISION_MISMATCH',
    `${from} has no commit ${sha}; its ${ref === null ? 'default branch' : `ref \`${ref}\``} is at ${there}`,
    { where: from, data: { wanted: sha, found: there } },
  );
}

/**
 * Looks at the list of files before one is written: a small repository can stand for billions of them.
 *
 * @returns Paths of submodules.
 */
async function checkTree(
  { git }: Git,
  tree: string,
  { from, request, limits }: { readonly from: string; readonly request: GitRequest; readonly limits: TreeLimits },
): Promise<readonly string[]> {
  const list = await git(['ls-tree', '-r', '-z', '--full-tree', tree], { maxBytes: MAX_LIST_BYTES });
  if (list.code !== 0) {
    const what = request.subdir === null ? lastWords(list.stderr) : `it has no folder \`${request.subdir}\``;
    throw fetchFailed({ from, program: 'git' }, what, { hint: 'check the path and the ref' });
  }
  const lines = list.stdout.split('\0').slice(0, -1);
  if (request.sparse.length === 0 && lines.length > limits.entries) throw tooManyEntries(limits, from);
  return lines.filter((line) => line.startsWith('160000 ')).map((line) => line.slice(line.indexOf('\t') + 1));
}

/** Lets git write only these folders and files, none of them as a pattern. */
async function sparseSettings(gitDir: string, paths: readonly string[]): Promise<readonly string[]> {
  if (paths.length === 0) return [];
  const lines = paths.map((path) => `/${plainFolder(path).replaceAll(/[*?[\]\\]/g, '\\$&')}\n`);
  await writeFile(join(gitDir, 'info', 'sparse-checkout'), lines.join(''));
  return ['-c', 'core.sparseCheckout=true', '-c', 'core.sparseCheckoutCone=false'];
}

function plainFolder(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
