import type { LocatedTable, ServerEntry } from '../config/index.ts';
import type { Issue, JsonValue } from '../kernel/index.ts';
import type { Setting } from '../settings/index.ts';

/** Whose file format a bundle follows. `none`: a bundle without a manifest. */
export type PluginFamily = 'codex' | 'claude' | 'cursor' | 'agent_plugins' | 'mcpb' | 'none';

/** What stands at a path of a bundle, symbolic links followed. `outside`: a link leads out of the bundle. */
export type BundleFact =
  | { readonly kind: 'file'; readonly executable: boolean; readonly sizeBytes: number }
  | { readonly kind: 'folder' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'outside' }
  | { readonly kind: 'other' };

export type BundleText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly reason: string; readonly hint: string };

/**
 * The folder of a plugin, as far as parsing needs it. Paths are relative, with `/`, and have passed the check for `..`,
 * drives and leading slashes before they come here. Never throws.
 */
export type Bundle = {
  /** Absolute, without symbolic links: where the plugin's servers will run. */
  readonly root: string;
  readonly look: (path: string) => BundleFact;
  /** UTF-8 text of at most 1 MiB. */
  readonly read: (path: string) => BundleText;
  /** Names in a folder, sorted; empty where there is none. */
  readonly list: (path: string) => readonly string[];
};

/** What the marketplace says of a plugin, where it says something. Fills what a manifest leaves out. */
export type EntryFacts = {
  readonly name: string;
  readonly version: string | null;
  readonly description: string | null;
  readonly category: string | null;
  /** `mcpServers` of the entry, for a bundle without a manifest of its own. */
  readonly mcpServers: JsonValue | undefined;
  /** `hooks`, `skills`, `commands`, `agents`, `apps`, `userConfig` of the entry likewise, by key. */
  readonly components: Readonly<Record<string, JsonValue>>;
  /** The marketplace's file, for messages about these. */
  readonly file: string;
  /** Where the entry stands in it: its number in `plugins`, from 0, and its place. Older receipts do not have it. */
  readonly place?: { readonly index: number; readonly line: number; readonly column: number };
};

export type ParseOptions = {
  readonly bundle: Bundle;
  readonly entry: EntryFacts | null;
  /** Absolute folder that `${PLUGIN_DATA}` stands for. */
  readonly dataDir: string;
};

/** How a server knows who is asking. */
export type AuthModel = 'none' | 'user_oauth' | 'service_token' | 'scoped_credential';

/** What a server asks for that would loosen a limit. In force only once the user accepted it. */
export type ServerRequests = {
  readonly required: boolean;
  readonly supportsParallelToolCalls: boolean;
  /** True for `default_tools_approval_mode = "approve"`. */
  readonly approveAll: boolean;
  /** Tools with `approval_mode = "approve"`. Sorted. */
  readonly approveTools: readonly string[];
};

/** One MCP server that a plugin declares. Present also when it has problems: those are in `entry.problems`. */
export type PluginServer = {
  /** Texts are canonical; the plugin's folders are filled in; `cwd` is absolute; requests are not in force in it. */
  readonly entry: ServerEntry;
  /** What `entry` was made of, under the keys of config.toml: what the user says is laid over this. */
  readonly table: LocatedTable;
  readonly requests: ServerRequests;
  /** Keys of `user_config` that it refers to. Sorted. */
  readonly settings: readonly string[];
  /** Keys of settings that it refers to and that the plugin does not declare: it is not started. Sorted. */
  readonly undeclared: readonly string[];
  /** Variables that its texts refer to, besides those that its keys name. Sorted. */
  readonly variables: readonly string[];
  readonly authModel: AuthModel;
  /** Whether the plugin says so itself (`auth_model`), or it follows from the keys. */
  readonly authModelDeclared: boolean;
  /** What kinds of data it can return, in the plugin's own words (`data_classes`). */
  readonly dataClasses: readonly string[];
};

/** A hook that a plugin brings. Plugboard lists hooks and runs none. */
export type HookDeclaration = {
  /** Such as `PostToolUse`. */
  readonly event: string;
  readonly matcher: string | null;
  /** What it runs, as written. */
  readonly command: string;
  readonly file: string;
};

/** Skills, commands, agents: files that an agent reads. Plugboard lists them. */
export type PluginPart = { readonly name: string; readonly path: string };

/** Codex's names and shape. */
export type CapabilitySummary = {
  readonly config_name: string;
  readonly display_name: string;
  readonly description: string | null;
  readonly has_skills: boolean;
  readonly mcp_server_names: readonly string[];
  readonly app_connector_ids: readonly string[];
};

/** A readable plugin. What is wrong with parts of it is in `issues`; the rest works. */
export type Plugin = {
  readonly family: PluginFamily;
  readonly name: string;
  /** As the manifest or the marketplace entry says; null when neither does. Safe as the name of a folder. */
  readonly version: string | null;
  readonly description: string | null;
  readonly displayName: string | null;
  readonly category: string | null;
  readonly homepage: string | null;
  /** Relative to the bundle; null without one. */
  readonly manifestPath: string | null;
  /** Where the servers are declared, relative to the bundle: the MCP file, or the manifest for inline ones. */
  readonly mcpPath: string | null;
  readonly servers: readonly PluginServer[];
  readonly settings: readonly Setting[];
  readonly hooks: readonly HookDeclaration[];
  readonly skills: readonly PluginPart[];
  readonly commands: readonly PluginPart[];
  readonly agents: readonly PluginPart[];
  /** Connector ids of `apps`. */
  readonly apps: readonly string[];
};

/** `plugin` is null when there is nothing to install: the manifest cannot be read, or is none. `issues` says why. */
export type ParsedPlugin = { readonly plugin: Plugin | null; readonly issues: readonly Issue[] };
