import { commandLine, shorten } from '../kernel/index.ts';

/** How the arguments of one launcher are read, up to the one that says what runs. An option that is not named here makes it unknown. */
type Launcher = {
  /** The program, and the words after it: `npm exec`. */
  readonly words: string;
  /** Options that stand alone. */
  readonly flags?: RegExp;
  /** Options with a value that does not say what runs. */
  readonly values?: RegExp;
  /** Options that say what runs in place of the first argument. */
  readonly instead?: RegExp;
  /** Options that say what is loaded beside it. */
  readonly beside?: RegExp;
  /** Whether what runs is fixed by this word; left out where no word fixes it. */
  readonly isPinned?: (spec: string) => boolean;
  /** What runs is a command with arguments, and may be a launcher itself. */
  readonly runsCommand?: true;
};

const LOCAL = /^(?:\.{1,2}$|\.{0,2}[/\\]|file:|[A-Za-z]:[/\\]|\$\{(?:CLAUDE_)?PLUGIN_(?:ROOT|DATA)\})/;
const FULL_COMMIT = /[#@][0-9a-f]{40}$/;
const EXACT = /^=?v?\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/;

/** `name@1.2.3` with the whole version, a whole commit, or a file on this machine. */
function isPinnedNpm(spec: string): boolean {
  const version = /^(?:@[^/@]+\/)?[^/@]+@(?<version>.+)$/.exec(spec)?.groups?.version ?? '';
  return LOCAL.test(spec) || FULL_COMMIT.test(spec) || EXACT.test(version);
}

/** `name==1.2` or `name@1.2.3`, a whole commit, or a file on this machine. */
function isPinnedPython(spec: string): boolean {
  return (
    LOCAL.test(spec) ||
    FULL_COMMIT.test(spec) ||
    /^[\w.-]+(?:\[[\w.,-]+\])?(?:===?\d[\w.!+-]*|@\d+(?:\.\d+)+[\w.!+-]*)$/.test(spec)
  );
}

function isPinnedDeno(spec: string): boolean {
  if (/^(?:npm|jsr):/.test(spec))
    return isPinnedNpm(spec.replace(/^(?:npm|jsr):\/?/, '').replace(/(@\d[^/]*)\/.*$/, '$1'));
  return !/^[a-z][a-z0-9+.-]+:/i.test(spec) || LOCAL.test(spec);
}

/** Without `@`, `go.mod` beside the program decides. */
function isPinnedGo(spec: string): boolean {
  return !spec.includes('@') || /@v\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/.test(spec);
}

const isDigest = (image: string): boolean => /@sha256:[0-9a-f]{64}$/.test(image);

const npm = {
  flags: /^(?:-y|--yes|-q|--quiet|-s|--silent|--no|--no-install|--prefer-(?:off|on)line|--offline)$/,
  instead: /^(?:-p|--package)$/,
  isPinned: isPinnedNpm,
} as const;
const uv = {
  flags:
    /^(?:-[qvnUsm]|--(?:quiet|verbose|isolated|offline|no-cache|refresh|no-progress|native-tls|no-config|managed-python|no-project|no-sync|frozen|locked|active|exact|no-dev|all-extras|script|module))$/,
  values: /^(?:-p|--(?:python|directory|project|env-file|extra|group|package|cache-dir|color|link-mode))$/,
  beside: /^--with$/,
} as const;
const container = {
  flags:
    /^(?:-[itdPq]+|--(?:rm|init|interactive|tty|detach|privileged|read-only|publish-all|quiet|no-healthcheck)|-[evpwuhlm].+|--[a-z-]+=.*)$/,
  values:
    /^(?:-[evpwuhlm]|--(?:env|env-file|volume|publish|name|workdir|user|network|net|mount|entrypoint|hostname|label|memory|cpus|add-host|dns|cap-add|cap-drop|security-opt|platform|pull|tmpfs|restart|log-driver|log-opt|gpus|shm-size|ulimit|pids-limit|stop-timeout|userns|ipc|pid|device|volumes-from|link|expose|group-add))$/,
  isPinned: isDigest,
} as const;

const PIPX = { flags: /^(?:-q|--quiet|-v|--verbose|--no-cache)$/, values: /^--python$/, instead: /^--spec$/ } as const;
const DENO = {
  flags:
    /^(?:-[AqREWNSIr]+|--(?:allow|deny|no|unstable)(?:-[a-z-]+)?(?:=.*)?|--(?:quiet|cached-only|frozen|reload|check|vendor|node-modules-dir|env-file)(?:=.*)?)$/,
  values: /^(?:-[cL]|--(?:config|import-map|lock|cert|location|seed|log-level|ext))$/,
  beside: /^--(?:preload|import)$/,
  isPinned: isPinnedDeno,
} as const;
const GO = {
  flags: /^-(?:race|v|x|a|n|trimpath|work|mod=.*)$/,
  values: /^-(?:C|tags|ldflags|gcflags)$/,
  isPinned: isPinnedGo,
};

/** What fetches a program and runs it, and what fetches something into the place where a program is run. */
const LAUNCHERS: readonly Launcher[] = [
  ...['npx', 'pnpx', 'bunx', 'bun x', 'npm exec', 'npm x', 'pnpm dlx', 'yarn dlx'].map((words) => ({ words, ...npm })),
  ...['npm create', 'npm init', 'pnpm create', 'yarn create', 'bun create'].map((words) => ({ words, ...npm })),
  { words: 'dnx', flags: /^(?:-y|--yes)$/, isPinned: isPinnedNpm },
  ...['uvx', 'uv tool run'].map((words) => ({ words, ...uv, instead: /^--from$/, isPinned: isPinnedPython })),
  { words: 'uv run', ...uv, isPinned: (spec) => !/^https?:/i.test(spec), runsCommand: true },
  { words: 'pipx run', ...PIPX, isPinned: isPinnedPython },
  ...['deno run', 'deno serve', 'deno x', 'dx'].map((words) => ({ words, ...DENO })),
  { words: 'go run', ...GO },
  ...['docker', 'podman', 'nerdctl'].flatMap((program) => [
    ...['run', 'create', 'container run'].map((sub) => ({ words: `${program} ${sub}`, ...container })),
    ...['compose', 'mcp'].map((sub) => ({ words: `${program} ${sub}` })),
  ]),
  ...['docker-compose', 'podman-compose', 'nix run', 'nix shell'].map((words) => ({ words })),
  ...['npm', 'pnpm', 'yarn', 'bun'].flatMap((program) =>
    ['install', 'i', 'add'].map((sub) => ({ words: `${program} ${sub}` })),
  ),
  ...['pip', 'pip3', 'uv pip', 'uv tool', 'pipx', 'go', 'cargo', 'gem', 'brew'].map((program) => ({
    words: `${program} install`,
  })),
  ...['clone', 'fetch', 'pull'].map((sub) => ({ words: `git ${sub}` })),
];

/** Programs that start another one, named somewhere in their arguments. */
const WRAPPERS = new Set(
  'env sudo doas nohup exec command time timeout nice setsid stdbuf xargs busybox cross-env poetry pdm hatch rye mise direnv dotenv op doppler infisical then do if else ! {'.split(
    ' ',
  ),
);

const SHELLS = new Set(['sh', 'bash', 'zsh', 'dash', 'ash', 'ksh', 'fish']);
const WINDOWS_SHELLS = new Set(['cmd', 'powershell', 'pwsh']);
const DOWNLOADS =
  /\b(?:curl|wget|aria2c|iwr|irm|iex|invoke-(?:webrequest|restmethod|expression)|start-bitstransfer|eval)\b/i;

/** Shells in shells, and launchers in launchers, are followed this far. Deeper ones count as unpinned. */
const MAX_NESTING = 5;
/** Longer scripts and commands are not read, and count as unpinned. */
const MAX_SCRIPT = 8192;
const MAX_WORDS = 1000;
const MAX_SHOWN = 200;

/**
 * What of a command leaves open which code will run: a launcher such as `npx x@latest` that fetches a package without an
 * exact version, an image without a digest, a shell that downloads.
 *
 * It reads the usual launchers, also through `env`, `sudo`, `uv run`, `python -m` and shells. Where their arguments are not
 * understood, it says unpinned. It does not look into programs: one in the bundle may still fetch what it likes, and an exact
 * version says nothing of the packages that this one depends on.
 *
 * @param command Program and arguments, as declared.
 * @returns The part that says so, or null when what runs is fixed or on this machine.
 */
export function unpinnedLauncher(command: readonly string[]): string | null {
  const found = command.length > MAX_WORDS ? commandLine(command) : unpinned(command, 0);
  return found === null ? null : shorten(found, MAX_SHOWN);
}

function unpinned(command: readonly string[], depth: number): string | null {
  const [first, ...args] = command.slice(command.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word)));
  if (first === undefined) return null;
  if (depth > MAX_NESTING) return commandLine(command);
  const program = programName(first);
  const inner = depth + 1;
  if (SHELLS.has(program) || WINDOWS_SHELLS.has(program)) return inShell(program, args, inner);
  const module = /^(?:python|pypy)[\d.]*$|^py$/.test(program) ? args.indexOf('-m') : -1;
  if (module !== -1) return unpinned(args.slice(module + 1), inner);
  if (WRAPPERS.has(program)) return inSuffixes(args, inner);
  for (const launcher of LAUNCHERS) {
    const [name, ...words] = launcher.words.split(' ');
    const rest = name === program ? afterWords(args, words) : null;
    if (rest !== null) return ofLauncher(launcher, rest, inner);
  }
  return null;
}

/** `/usr/bin/npx`, `npx.cmd` → `npx`. */
function programName(command: string): string {
  const name = command.split(/[/\\]/).at(-1) ?? '';
  return name.toLowerCase().replace(/\.(?:exe|cmd|bat|ps1)$/, '');
}

/** What follows `words` in `args`, options and their possible values before and between them skipped; null when they are not there. */
function afterWords(args: readonly string[], words: readonly string[]): readonly string[] | null {
  let next = 0;
  for (const [index, arg] of args.entries()) {
    if (next === words.length) return args.slice(index);
    if (arg === words[next]) next += 1;
    else if (!arg.startsWith('-') && !/^-[^=]*$/.test(args[index - 1] ?? '')) return null;
  }
  return next === words.length ? [] : null;
}

function ofLauncher(launcher: Launcher, args: readonly string[], depth: number): string | null {
  const { isPinned } = launcher;
  const read = readArguments(launcher, args);
  const shown = `${launcher.words} ${commandLine(args.slice(0, read.end))}`.trimEnd();
  if (isPinned === undefined || !read.understood || read.main.length === 0) return shown;
  const besideIsPinned = launcher.runsCommand ? isPinnedPython : isPinned;
  if (!read.main.every(isPinned) || !read.beside.every(besideIsPinned)) return shown;
  return launcher.runsCommand ? unpinned(args.slice(read.end - 1), depth) : null;
}

type ReadArguments = {
  /** Words that say what runs. */
  readonly main: readonly string[];
  readonly beside: readonly string[];
  /** After the last argument that counts. */
  readonly end: number;
  readonly understood: boolean;
};

function readArguments({ flags, values, instead, beside }: Launcher, args: readonly string[]): ReadArguments {
  const main: string[] = [];
  const loaded: string[] = [];
  let index = 0;
  for (; index < args.length; index += 1) {
    const arg = args[index] ?? '';
    if (!arg.startsWith('-') || arg === '--') break;
    const [, name = arg, inline] = /^(--[^=]+)=(.*)$/s.exec(arg) ?? [];
    const list = instead?.test(name) ? main : beside?.test(name) ? loaded : null;
    const isValue = list !== null || values?.test(name) === true;
    if (!isValue && !flags?.test(arg)) return { main, beside: loaded, end: args.length, understood: false };
    const value = inline ?? args[index + 1] ?? '';
    list?.push(value);
    if (isValue && inline === undefined) index += 1;
  }
  if (args[index] === '--') index += 1;
  const first = args[index];
  if (main.length === 0 && first !== undefined) main.push(first);
  return { main, beside: loaded, end: Math.min(index + 1, args.length), understood: true };
}

/** The program may be any of the words. One with blanks is a command line of its own, as after `env -S`. */
function inSuffixes(args: readonly string[], depth: number): string | null {
  for (const [index, arg] of args.entries()) {
    if (arg.startsWith('-')) continue;
    const found = /\s/.test(arg) ? inScript(arg, depth) : isLauncher(arg) ? unpinned(args.slice(index), depth) : null;
    if (found !== null) return found;
  }
  return null;
}

function isLauncher(word: string): boolean {
  const program = programName(word);
  const known = SHELLS.has(program) || WINDOWS_SHELLS.has(program) || /^(?:python|pypy)[\d.]*$|^py$/.test(program);
  return known || LAUNCHERS.some(({ words }) => words.split(' ')[0] === program);
}

function inShell(program: string, args: readonly string[], depth: number): string | null {
  const shown = commandLine([program, ...args]);
  if (SHELLS.has(program)) {
    const flag = args.findIndex((arg) => /^-[a-z]*c$/i.test(arg));
    const script = flag === -1 ? undefined : args.slice(flag + 1).find((arg) => !arg.startsWith('-'));
    return script === undefined ? null : inScript(script, depth) === null ? null : shown;
  }
  if (args.some((arg) => /^[-/]e(?:nc|ncodedcommand|c)?$/i.test(arg))) return shown;
  const flag = args.findIndex((arg) => /^(?:\/[ck]|[-/]c(?:ommand)?)$/i.test(arg));
  const script = args.slice(flag + 1).join(' ');
  // Without a flag, PowerShell takes a command too.
  return inScript(script, depth) === null ? null : shown;
}

/**
 * The commands of a script, split where a shell would, roughly: once with quoted text as one word, and once without regard
 * to quotes, since a shell also runs `$(…)` in them.
 */
function inScript(script: string, depth: number): string | null {
  if (DOWNLOADS.test(script) || script.length > MAX_SCRIPT) return script;
  for (const words of [...splitQuoted(script), ...splitRaw(script)]) {
    const [first = ''] = words;
    const chosenElsewhere = first.startsWith('$') && !/^\$\{?(?:CLAUDE_)?PLUGIN_(?:ROOT|DATA)\b/.test(first);
    const found = chosenElsewhere ? commandLine(words) : unpinned(words, depth);
    if (found !== null) return found;
  }
  return null;
}

/** Every word of a script that a shell might take for the name of a file. Takes time in proportion to the script. */
export function shellWords(script: string): readonly string[] {
  return (script.length > MAX_SCRIPT ? splitRaw(script) : splitQuoted(script)).flat();
}

function splitQuoted(script: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]];
  for (const [token] of script.matchAll(/(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"';&|()`<>])+|[;&|\n()`<>]/g)) {
    if (/^[;&|\n()`<>]$/.test(token)) commands.push([]);
    else commands.at(-1)?.push(token.replaceAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'/g, '$1$2'));
  }
  return commands;
}

function splitRaw(script: string): readonly (readonly string[])[] {
  return script.split(/[;&|\n()`<>]+/).map((command) => command.replaceAll(/["']/g, ' ').match(/\S+/g) ?? []);
}
