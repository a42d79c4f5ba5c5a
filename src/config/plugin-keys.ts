import type { KeyRow } from './key-types.ts';
import { SERVER_KEYS } from './server-keys.ts';

const BOOLEAN = { kind: 'boolean' } as const;
const TEXT = { kind: 'text' } as const;
const FILLED = { kind: 'text', nonEmpty: true } as const;
const ANY = { kind: 'any' } as const;

const AS_PLUGIN = 'as the plugin says';

/** Keys of a server that mean something else in a policy, with what they do there. */
const IN_POLICY: Readonly<Record<string, Pick<KeyRow, 'doc' | 'default'> & { readonly defaultText?: string }>> = {
  enabled: {
    doc: 'Whether this server of the plugin is used. `true` also turns on one that the plugin itself turns off.',
    default: null,
    defaultText: AS_PLUGIN,
  },
  enabled_tools: {
    doc: "The only tools to offer, by their own names. Intersects with the plugin's list and with lists of other layers, unless `widen` is set.",
    default: null,
    defaultText: AS_PLUGIN,
  },
  disabled_tools: {
    doc: 'Tools not to offer, by their own names, beside those that the plugin itself lists; lists of several layers unite.',
    default: [],
  },
  default_tools_approval_mode: {
    doc: 'When calls of this server need approval.',
    default: null,
    defaultText: AS_PLUGIN,
  },
  tools: { doc: 'Settings for single tools.', default: {} },
};

const WIDEN: KeyRow = {
  key: 'widen',
  type: BOOLEAN,
  default: false,
  doc: "Whether `enabled_tools` here replaces the plugin's list and those of lower layers, so that it may also offer more.",
  example: 'widen = true',
};

/** Every key of `[plugins."name@marketplace".mcp_servers.SERVER]`: first those that have a meaning of their own there. */
export const POLICY_KEYS: readonly KeyRow[] = [
  ...SERVER_KEYS.flatMap((row) => {
    const here = IN_POLICY[row.key];
    return here === undefined ? [] : [{ ...row, ...here }];
  }),
  WIDEN,
  ...SERVER_KEYS.filter(({ key }) => IN_POLICY[key] === undefined).map((row) => ({
    ...row,
    default: null,
    defaultText: AS_PLUGIN,
  })),
];

/** Every key of a `[mcp_servers.NAME]` that is laid over a plugin's server. */
export const OVERLAY_KEYS: readonly KeyRow[] = [...SERVER_KEYS, WIDEN];

/** True for a key that has a meaning of its own in a policy; the others are those of a server, laid over the plugin's. */
export function differsInPolicy({ key }: KeyRow): boolean {
  return key === WIDEN.key || IN_POLICY[key] !== undefined;
}

/** Every key of `[plugins._default]`. */
export const DEFAULT_PLUGIN_KEYS: readonly KeyRow[] = [
  {
    key: 'enabled',
    type: BOOLEAN,
    default: true,
    safety: true,
    doc: 'Whether plugins are used that have no `enabled` of their own.',
    example: 'enabled = false',
  },
];

/** Every key of `[plugins."name@marketplace"]`. */
export const PLUGIN_KEYS: readonly KeyRow[] = [
  {
    key: 'enabled',
    type: BOOLEAN,
    default: null,
    defaultText: '`plugins._default.enabled`, else `true`',
    safety: true,
    doc: 'Whether the plugin is used. `plugboard plugin enable` and `disable` write it.',
    example: 'enabled = false',
  },
  {
    key: 'mcp_servers',
    type: { kind: 'map', placeholder: 'server', of: { kind: 'table', keys: POLICY_KEYS } },
    default: {},
    doc: "Policies for the plugin's servers, by the names that the plugin gives them.",
    example: 'mcp_servers.docs.enabled = false',
  },
  {
    key: 'user_config',
    type: { kind: 'map', placeholder: 'setting', of: ANY },
    default: {},
    sensitive: true,
    doc: "Values of the plugin's settings, each a single value or a list. `plugboard plugin configure` writes them. A sensitive one is refused here: it belongs in the secret store, where the same command puts it.",
    example: 'user_config.region = "eu"',
  },
  {
    key: 'release_id',
    type: TEXT,
    default: null,
    doc: 'Release to use.',
    example: 'release_id = "1.2.0"',
    notYet: 'choose a release',
  },
  {
    key: 'auto_provision',
    type: BOOLEAN,
    default: false,
    doc: 'Whether to install it without being asked.',
    example: 'auto_provision = true',
    notYet: 'install the plugin without being asked',
    quiet: [false],
  },
  {
    key: 'apps',
    type: { kind: 'map', placeholder: 'app', of: ANY },
    default: {},
    doc: 'Settings of Codex for apps; they concern Codex alone.',
    example: 'apps = {}',
  },
  ...['source', 'version', 'path'].map((key) => ({
    key,
    type: ANY,
    default: null,
    doc: 'Written by Codex; not read.',
    example: `${key} = "…"`,
  })),
];

/** Every key of `[marketplaces.NAME]`. */
export const MARKETPLACE_KEYS: readonly KeyRow[] = [
  {
    key: 'source_type',
    type: { kind: 'one_of', values: ['local', 'git'] },
    default: null,
    doc: 'Whether it is a folder or a git repository. `plugboard plugin marketplace add` writes this table.',
    example: 'source_type = "git"',
  },
  {
    key: 'source',
    type: FILLED,
    default: null,
    doc: 'The folder, or the https or ssh address of the repository. A relative folder starts at that of the config file.',
    example: 'source = "https://github.com/acme/plugins.git"',
  },
  {
    key: 'ref',
    type: FILLED,
    default: null,
    defaultText: 'the default branch',
    doc: 'Branch, tag or commit. Only for git.',
    example: 'ref = "main"',
  },
  {
    key: 'sparse_paths',
    type: { kind: 'list', of: FILLED },
    default: [],
    defaultText: 'everything',
    doc: 'Folders of the repository to fetch. Only for git.',
    example: 'sparse_paths = ["plugins"]',
  },
  {
    key: 'manifest',
    type: FILLED,
    default: null,
    defaultText: 'the known places',
    doc: 'Path of the manifest in the marketplace, where it is not one of the known ones.',
    example: 'manifest = "store/marketplace.json"',
  },
  ...['last_updated', 'last_revision'].map((key) => ({
    key,
    type: ANY,
    default: null,
    doc: 'Written by Codex; not read.',
    example: `${key} = "…"`,
  })),
];
