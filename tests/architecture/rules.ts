/**
 * The architecture of `src/` as data: which room may name which, and what may stand only in some places.
 * `check.ts` applies it to syntax trees. Changing this table is changing the architecture: say why in `docs/decisions/`,
 * and change the picture in `docs/architecture.md` with it.
 */

/**
 * Room → the rooms it may import, besides `kernel`, which is open to all. From top to bottom: a room only ever names rooms
 * above it.
 */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  storage: [],
  // ── what is configured ──
  config: [],
  settings: ['config'],
  plugins: ['config', 'settings'],
  authoring: ['config', 'plugins'],
  marketplace: ['config', 'settings', 'plugins'],
  secrets: ['config'],
  servers: ['config', 'settings', 'plugins', 'secrets'],
  // ── how we reach it ──
  executors: ['servers'],
  upstreams: ['servers', 'executors'],
  // ── what is allowed and shown ──
  tools: [],
  policy: ['servers'],
  // ── the machine ──
  exchanges: ['upstreams', 'policy'],
  status: ['plugins', 'marketplace', 'servers'],
  host: [
    'storage',
    'config',
    'plugins',
    'marketplace',
    'secrets',
    'servers',
    'executors',
    'upstreams',
    'tools',
    'policy',
    'exchanges',
    'status',
  ],
  // ── surfaces ──
  gateway: ['config', 'upstreams', 'tools', 'host'],
  api: ['tools', 'status', 'host'],
  cli: [
    'storage',
    'config',
    'settings',
    'plugins',
    'authoring',
    'marketplace',
    'secrets',
    'servers',
    'executors',
    'upstreams',
    'tools',
    'status',
    'host',
    'gateway',
    'api',
  ],
};

/** Names that say nothing about what a room owns. */
export const FORBIDDEN_ROOM_NAMES = [
  'core',
  'common',
  'utils',
  'helpers',
  'shared',
  'services',
  'types',
  'lib',
  'manager',
];

/** Who opens effect doors (`<room>/node/index.ts`). `index` is `src/index.ts`, the library door. */
export const EFFECT_DOOR_OPENERS = ['host/node', 'cli/node', 'index'];

/** What the effect side of every room may take from an effect door: tools without a state, door → names. */
export const OPEN_TOOLS: Readonly<Record<string, readonly string[]>> = { 'kernel/node/index.ts': ['replaceFile'] };

/** Files that are entered from outside `src/` and need no door: path → who enters. */
export const ENTRIES: Readonly<Record<string, string>> = {
  'cli/node/start.ts': 'bin/plugboard.js',
};

/** Rooms that nobody imports, so they need no door. */
export const ROOMS_WITHOUT_DOOR = ['cli', 'gateway'];

/** Built-in modules that files outside `node/` may import; where names are listed, only these. */
export const PURE_BUILTINS: Readonly<Record<string, readonly string[] | 'all'>> = {
  'node:buffer': 'all',
  'node:crypto': ['createHash', 'createHmac', 'hash', 'timingSafeEqual'],
  'node:path': 'all',
  'node:path/posix': 'all',
  'node:path/win32': 'all',
  'node:url': 'all',
  'node:util': ['isDeepStrictEqual', 'stripVTControlCharacters'],
};

/** Built-in modules whose types (`import type`) a port on the pure side may name. */
export const PURE_TYPES = ['node:stream'];

/** Globals that are I/O, clock, chance or process state. Outside `node/` they are not used at all. */
export const IMPURE_GLOBALS = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'performance',
  'crypto',
  'fetch',
  'WebSocket',
  'EventSource',
  'process',
  'navigator',
  'global',
  'globalThis',
];

/** The one member of an otherwise harmless global that is clock or chance. `Date` has its own rule in `check.ts`. */
export const IMPURE_MEMBERS: Readonly<Record<string, string>> = { Math: 'random', AbortSignal: 'timeout' };

/** Functions of chance: read off nothing outside `node/`. */
export const CHANCE = ['randomUUID', 'randomBytes', 'randomInt', 'randomFill', 'randomFillSync', 'getRandomValues'];

/** Members of `process` with a place of their own. */
export const PROCESS_MEMBERS = ['env', 'argv', 'exit', 'exitCode'];
export const PROCESS_PLACES = ['kernel/node', 'cli/node'];

/** Where a secret is looked at. A file stands for itself alone: the redactor hands out a matcher, and never a value. */
export const REVEAL_PLACES = [
  'executors/node',
  'upstreams/node',
  'gateway/node',
  'secrets/node',
  'oauth/node',
  'kernel/redactor.ts',
];

export const CONSOLE_PLACES = ['cli'];

/** Built-in modules that only some places may import. */
export const BUILTIN_PLACES: Readonly<Record<string, readonly string[]>> = {
  'node:child_process': ['executors/node'],
  'node:sqlite': ['storage/node'],
};

/** Every package `src/` may import, and where. `node` alone means: the effect side of any room. Kept equal to `dependencies`. */
export const PACKAGE_PLACES: Readonly<Record<string, readonly string[]>> = {
  '@bomb.sh/tab': ['cli'],
  '@inquirer/prompts': ['cli/node'],
  '@modelcontextprotocol/client': ['upstreams', 'gateway', 'oauth'],
  '@napi-rs/keyring': ['secrets/node'],
  'age-encryption': ['secrets/node'],
  chokidar: ['node'],
  'cli-table3': ['cli'],
  commander: ['cli'],
  'cross-spawn': ['executors/node'],
  'jsonc-parser': ['cli', 'authoring', 'plugins'],
  open: ['cli/node'],
  'smol-toml': ['config'],
  tar: ['marketplace/node'],
  undici: ['node'],
  yauzl: ['authoring/node'],
};

/** Packages with effects: never outside `node/`, wherever their room is. */
export const EFFECT_PACKAGES = [
  'chokidar',
  'cross-spawn',
  'tar',
  'undici',
  'yauzl',
  '@inquirer/prompts',
  '@modelcontextprotocol/client',
  '@napi-rs/keyring',
  'age-encryption',
];
