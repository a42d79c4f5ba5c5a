import { isLoopback } from './scalars.ts';

/** An address that git may fetch from. */
export type GitUrl = {
  /** As git gets it. */
  readonly text: string;
  /** Lower case, without a port. */
  readonly host: string;
  /** The same for all spellings of one address: case of the host, default ports, `.git` and `/` at the end do not count. */
  readonly normal: string;
};

/** Its kind is `git`, or the reason why git does not get it, completing "the address …". */
export type ParsedGitUrl = ({ readonly kind: 'git' } & GitUrl) | { readonly kind: 'refused'; readonly reason: string };

const SCP = /^(?<user>[^@/:]+)@(?<host>\[[0-9A-Fa-f:.]+\]|[^/:[\]]+):(?<path>.*)$/;
const SCHEME = /^(?<scheme>[A-Za-z][A-Za-z0-9+.-]*):/;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { https: '443', http: '80', ssh: '22' };

/**
 * Reads the address of a git repository: `https://…`, `ssh://…`, `user@host:path`, and `http://…` on loopback. Everything
 * else that git knows is refused: `file`, `git`, and helpers such as `ext`, which run programs.
 *
 * Also refused is what git, ssh and a server might each read in their own way: control characters, blanks, `\`, `..`,
 * names that start with `-`, and user names or passwords in an http address.
 */
export function parseGitUrl(text: string): ParsedGitUrl {
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  if (/[\u0000-\u0020\u007f-\u00a0\\]|%(?:0[0-9a-f]|1[0-9a-f]|7f)/i.test(text)) {
    return refused('holds a blank, a control character or `\\`');
  }
  const scp = SCHEME.test(text) ? undefined : SCP.exec(text)?.groups;
  if (scp !== undefined) {
    const path = scp.path ?? '';
    if (path.startsWith('-')) return refused('has a path that starts with `-`');
    // Without `/` at its start it is in the home of the user, which `ssh://` says with `~`.
    const full = path === '' || /^[/~]/.test(path) ? path : `~/${path}`;
    return fromParts(text, { scheme: 'ssh', user: scp.user ?? '', host: scp.host ?? '', port: '', path: full });
  }
  const scheme = SCHEME.exec(text)?.groups?.scheme ?? '';
  if (!Object.hasOwn(DEFAULT_PORTS, scheme) || !text.slice(scheme.length).startsWith('://') || !URL.canParse(text)) {
    return refused('is none that is fetched from: it must be an https or ssh address');
  }
  const url = new URL(text);
  const authority = /^[^/]*/.exec(text.slice(scheme.length + 3))?.[0] ?? '';
  if (authority === '' || authority.includes('%')) return refused('has no valid host');
  if (url.search !== '' || url.hash !== '') return refused('has a `?` or `#`');
  if (url.password !== '' || (scheme !== 'ssh' && authority.includes('@'))) {
    return refused('holds a user name or password; git asks its credential helper for them');
  }
  if (scheme === 'http' && !isLoopback(url.hostname))
    return refused('must use https: http is not safe from changes on the way');
  // Of the text as it is: `URL` resolves `..`, which git leaves to the server.
  const path = text.slice(scheme.length + 3 + authority.length);
  return fromParts(text, { scheme, user: url.username, host: url.hostname, port: url.port, path });
}

type Parts = {
  readonly scheme: string;
  readonly user: string;
  readonly host: string;
  readonly port: string;
  readonly path: string;
};

function fromParts(text: string, { scheme, user, host, port, path }: Parts): ParsedGitUrl {
  if (!/^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$|^\[[0-9A-Fa-f:.]+\]$/.test(host))
    return refused('has no valid host');
  if (user !== '' && !/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(user)) return refused('has no valid user name');
  const parts = path.split('/');
  if (parts.some((part) => /^(?:\.|%2e){1,2}$/i.test(part))) return refused('has `.` or `..` as a part of its path');
  const trimmed = path
    .replace(/^\/+/, '')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '');
  if (trimmed === '') return refused('names no repository');
  const name = host.toLowerCase();
  const at = port === '' || port === DEFAULT_PORTS[scheme] ? name : `${name}:${port}`;
  return { kind: 'git', text, host: name, normal: `${scheme}://${user === '' ? '' : `${user}@`}${at}/${trimmed}` };
}

function refused(reason: string): ParsedGitUrl {
  return { kind: 'refused', reason };
}

/** What is wrong with a branch or tag, completing "the ref …"; null when nothing is. @see git-check-ref-format(1) */
export function gitRefProblem(ref: string): string | null {
  if (ref === '') return 'is empty';
  if (ref.startsWith('-')) return 'starts with `-`';
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  if (/[\u0000-\u0020\u007f-\u00a0~^:?*[\\]|\.\.|@\{|\/\/|\/\.|\.lock(?:\/|$)|^[./]|[./]$|^@$/.test(ref)) {
    return 'is not one that git allows';
  }
  return null;
}

/** What is wrong with a folder of a repository that alone is fetched, completing "the path …"; null when nothing is. */
export function sparsePathProblem(path: string): string | null {
  if (path === '') return 'is empty';
  // git reads these as options, negations, comments and patterns.
  if (/^[-!#]|[*?[\]\\]/.test(path))
    return 'must be the name of a folder, without `-`, `!` or `#` at its start and without a pattern';
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  if (/[\u0000-\u001f\u007f-\u009f]/.test(path)) return 'holds a control character';
  if (/^\/|^[A-Za-z]:/.test(path)) return 'must start at the top of the repository, not at the root of a disk';
  return path.split('/').includes('..') ? 'leads out of the repository' : null;
}
