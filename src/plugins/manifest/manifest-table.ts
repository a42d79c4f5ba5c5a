/** What a key of a manifest may hold. Paths start with `./` and stay in the bundle. */
export type ManifestForm =
  | 'text'
  | 'texts'
  | 'text_or_texts'
  | 'boolean'
  | 'https'
  | 'colour'
  | 'path'
  /** One path, or a list of them. */
  | 'paths'
  | 'author'
  | 'face'
  | 'settings'
  /** A path, an object, or (Claude) a list of both. */
  | 'servers'
  | 'hooks'
  /** A path or an object. */
  | 'apps'
  | 'any';

/** One key of a manifest: the check for unknown keys, the rules of stores, corrections, schema and reference read the same row. */
export type ManifestKey = {
  readonly key: string;
  readonly form: ManifestForm;
  /** `read`: it changes what Plugboard does or lists. `shown`: it is for people and stores. `elsewhere`: other clients load it. */
  readonly effect: 'read' | 'shown' | 'elsewhere';
  /** One sentence. */
  readonly doc: string;
  /** Whether the stores of Codex take it. */
  readonly store: 'taken' | 'required' | 'refused';
};

function row(key: string, form: ManifestForm, facts: Omit<ManifestKey, 'key' | 'form'>): ManifestKey {
  return { key, form, ...facts };
}

const READ = { effect: 'read', store: 'refused' } as const;
const TAKEN = { effect: 'shown', store: 'taken' } as const;
const SHOWN = { effect: 'shown', store: 'refused' } as const;

/** Every key at the top of a manifest of Codex, Claude or Cursor. */
export const MANIFEST_KEYS: readonly ManifestKey[] = [
  row('name', 'text', {
    ...READ,
    store: 'required',
    doc: 'Name of the plugin: letters, digits, `-`, `_` and `.`, starting with a letter or digit. Default: the name in the marketplace, else that of the folder.',
  }),
  row('version', 'text', {
    ...READ,
    store: 'required',
    doc: 'Version, such as `1.2.0`. It becomes the name of a folder.',
  }),
  row('description', 'text', { ...READ, store: 'taken', doc: 'What it is good for, in a sentence.' }),
  row('mcpServers', 'servers', {
    ...READ,
    store: 'taken',
    doc: 'The servers, or the path of the file with them. Default: `.mcp.json`, if that is there.',
  }),
  row('user_config', 'settings', {
    ...READ,
    store: 'taken',
    doc: 'Settings that the plugin wants from its user, by name.',
  }),
  row('userConfig', 'settings', { ...READ, doc: 'The same, as Claude spells it.' }),
  row('skills', 'paths', { ...READ, store: 'taken', doc: 'Folders with skills. Default: `./skills`.' }),
  row('commands', 'paths', { ...READ, doc: 'Files or folders with commands. Default: `./commands`.' }),
  row('agents', 'paths', { ...READ, doc: 'Files or folders with agents. Default: `./agents`.' }),
  row('hooks', 'hooks', {
    ...READ,
    doc: 'Hooks, or the path of the file with them. Default: `./hooks/hooks.json`. Plugboard lists them and runs none.',
  }),
  row('apps', 'apps', {
    ...READ,
    store: 'taken',
    doc: 'Connectors, or the path of the file with them. Default: `./.app.json`.',
  }),
  row('interface', 'face', { ...READ, store: 'required', doc: 'What lists of plugins show.' }),
  row('displayName', 'text', { ...READ, doc: 'Name for people, where `interface` does not say one.' }),
  row('category', 'text', { ...READ, doc: 'Category, where `interface` does not say one.' }),
  row('homepage', 'https', { ...READ, store: 'taken', doc: 'Address of its documentation.' }),
  row('mcp_servers', 'servers', {
    ...READ,
    doc: 'The spelling of `config.toml`. It is read, with a warning: in JSON it is `mcpServers`.',
  }),
  row('$schema', 'text', { ...SHOWN, doc: 'Which schema the file follows.' }),
  row('id', 'text', { ...TAKEN, doc: 'Identifier in a store.' }),
  row('author', 'author', {
    ...SHOWN,
    store: 'required',
    doc: 'Who made it: an object with `name`, and `email` and `url` if you like.',
  }),
  row('repository', 'https', { ...TAKEN, doc: 'Address of its source.' }),
  row('license', 'text', { ...TAKEN, doc: 'Identifier of its licence, such as `MIT`.' }),
  row('keywords', 'texts', { ...TAKEN, doc: 'Words to find it by.' }),
  row('tags', 'texts', { ...SHOWN, doc: 'Words to find it by.' }),
  row('logo', 'any', { ...SHOWN, doc: 'Picture.' }),
  row('icon', 'any', { ...SHOWN, doc: 'Picture.' }),
  row('strict', 'boolean', { ...SHOWN, doc: 'Whether Claude demands a manifest.' }),
  row('defaultEnabled', 'boolean', { ...SHOWN, doc: 'Whether Claude enables it by itself.' }),
  ...[
    'lspServers',
    'outputStyles',
    'monitors',
    'themes',
    'channels',
    'settings',
    'rules',
    'dependencies',
    'experimental',
    'bin',
  ].map((key) =>
    row(key, 'any', { effect: 'elsewhere', store: 'refused', doc: 'For other clients; it has no effect here.' }),
  ),
];

/** Every key of `interface`. */
export const INTERFACE_KEYS: readonly ManifestKey[] = [
  row('displayName', 'text', { ...READ, store: 'required', doc: 'Name for people.' }),
  row('shortDescription', 'text', { ...SHOWN, store: 'required', doc: 'A few words.' }),
  row('longDescription', 'text', { ...SHOWN, store: 'required', doc: 'A few sentences.' }),
  row('developerName', 'text', { ...SHOWN, store: 'required', doc: 'Who made it, for people.' }),
  row('category', 'text', { ...READ, store: 'required', doc: 'Category; what the marketplace says wins.' }),
  row('capabilities', 'texts', { ...SHOWN, store: 'required', doc: 'Such as `Read`, `Write`, `Interactive`.' }),
  row('defaultPrompt', 'text_or_texts', {
    ...SHOWN,
    store: 'required',
    doc: 'Up to three prompts to start with, of at most 128 characters each.',
  }),
  row('websiteURL', 'https', { ...TAKEN, doc: 'Address of its site.' }),
  row('privacyPolicyURL', 'https', { ...TAKEN, doc: 'Address of its privacy policy.' }),
  row('termsOfServiceURL', 'https', { ...TAKEN, doc: 'Address of its terms.' }),
  row('brandColor', 'colour', { ...TAKEN, doc: 'Colour, as `#RRGGBB`.' }),
  row('composerIcon', 'path', { ...TAKEN, doc: 'Small picture.' }),
  row('logo', 'path', { ...TAKEN, doc: 'Picture.' }),
  row('logoDark', 'path', { ...TAKEN, doc: 'Picture for dark surroundings.' }),
  row('screenshots', 'paths', { ...TAKEN, doc: 'Pictures of it at work.' }),
];
