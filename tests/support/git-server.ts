/**
 * Real git repositories behind real `git http-backend`, on 127.0.0.1: what a git host is to Plugboard, with the ways in which
 * hosts differ and fail.
 */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A file of a commit: its text, or what else it is. */
export type GitFile = string | { readonly text: string; readonly executable: true } | { readonly link: string };

export type GitRepository = {
  /** `http://127.0.0.1:PORT/NAME.git` */
  readonly url: string;
  /** The repository itself, for what only git can do to it. */
  readonly git: (...args: readonly string[]) => string;
  /** A command of git with this as its input. */
  readonly input: (command: string, text: string) => string;
  /** Makes these the files of a new commit, in the place of all that were there. Gives its id. */
  readonly commit: (files: Readonly<Record<string, GitFile>>) => string;
};

export type GitServer = {
  readonly create: (name: string) => GitRepository;
  /** Method and path of what was asked, oldest first. */
  readonly requests: readonly string[];
  /** Bytes of all answers until now. */
  readonly sentBytes: () => number;
  /** From now on. `filters`: parts of a repository can be fetched. `commits`: any commit can be asked for by its id. */
  readonly behave: (how: {
    readonly auth?: string | null;
    readonly filters?: boolean;
    readonly commits?: boolean;
    readonly hangs?: boolean;
  }) => void;
  readonly close: () => Promise<void>;
};

/** Nothing of the machine's own configuration counts in a test. */
const ENV = {
  PATH: process.env['PATH'] ?? '',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.com',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.com',
  GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
  GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
};

export async function startGitServer(): Promise<GitServer> {
  const root = mkdtempSync(join(tmpdir(), 'plugboard-git-'));
  const requests: string[] = [];
  const how = { auth: null as string | null, filters: true, commits: true, hangs: false };
  const repositories = new Set<string>();
  let sentBytes = 0;
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const sentBefore = request.socket.bytesWritten;
    if (how.hangs) return;
    if (how.auth !== null && request.headers.authorization !== `Basic ${btoa(how.auth)}`) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    response.once('finish', () => {
      sentBytes += request.socket.bytesWritten - sentBefore;
    });
    answer({ root, commits: how.commits }, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const configure = (repository: string): void => {
    execFileSync('git', ['--git-dir', repository, 'config', 'uploadpack.allowFilter', String(how.filters)], {
      env: ENV,
    });
  };
  return {
    requests,
    sentBytes: () => sentBytes,
    create: (name) => {
      const repository = join(root, `${name}.git`);
      execFileSync('git', ['init', '-q', '--bare', '-b', 'main', repository], { env: ENV });
      repositories.add(repository);
      configure(repository);
      return { url: `http://127.0.0.1:${port}/${name}.git`, ...repositoryAt(repository, join(root, 'trees', name)) };
    },
    behave: (changes) => {
      Object.assign(how, changes);
      for (const repository of repositories) configure(repository);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(root, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

function repositoryAt(repository: string, tree: string): Omit<GitRepository, 'url'> {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', [`--git-dir=${repository}`, `--work-tree=${tree}`, ...args], {
      env: ENV,
      encoding: 'utf8',
    }).trim();
  return {
    git,
    input: (command, text) =>
      execFileSync('git', [`--git-dir=${repository}`, command], { env: ENV, encoding: 'utf8', input: text }).trim(),
    commit: (files) => {
      rmSync(tree, { recursive: true, force: true });
      mkdirSync(tree, { recursive: true });
      for (const [name, file] of Object.entries(files)) writeFile(join(tree, name), file);
      git('-c', 'core.bare=false', 'add', '--all', '--force', '.');
      git('-c', 'core.bare=false', 'commit', '--quiet', '--allow-empty', '--message', 'A commit');
      return git('rev-parse', 'HEAD');
    },
  };
}

function writeFile(path: string, file: GitFile): void {
  mkdirSync(dirname(path), { recursive: true });
  if (typeof file === 'string') writeFileSync(path, file);
  else if ('link' in file) symlinkSync(file.link, path);
  else {
    writeFileSync(path, file.text);
    chmodSync(path, 0o755);
  }
}

/** One request through `git http-backend`. @see git-http-backend(1) */
function answer(
  { root, commits }: { readonly root: string; readonly commits: boolean },
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const header = (name: string): string => String(request.headers[name] ?? '');
  const backend = spawn('git', ['http-backend'], {
    env: {
      ...ENV,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: request.method ?? 'GET',
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: header('content-type'),
      CONTENT_LENGTH: header('content-length'),
      HTTP_CONTENT_ENCODING: header('content-encoding'),
      REMOTE_ADDR: '127.0.0.1',
      // An older server answers in the first version of the protocol, and gives no commits by their ids.
      ...(commits ? { GIT_PROTOCOL: header('git-protocol') } : {}),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(backend.stdin);
  backend.stdin.on('error', () => {});
  const chunks: Buffer[] = [];
  backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  backend.stdout.on('end', () => {
    const output = Buffer.concat(chunks);
    const end = output.indexOf('\r\n\r\n');
    const fields = output.subarray(0, end).toString('latin1').split('\r\n');
    const headers = fields.map((line) => line.split(/:\s*/, 2) as [string, string]);
    const status = headers.find(([name]) => name.toLowerCase() === 'status')?.[1];
    for (const [name, value] of headers) if (name.toLowerCase() !== 'status') response.setHeader(name, value);
    response.writeHead(Number.parseInt(status ?? '200', 10)).end(output.subarray(end + 4));
  });
}
