import { RPC } from './jsonrpc.ts';

/** What a code means wherever it surfaces. `exit` is the CLI's status, `http` and `rpc` what an agent is answered. */
export type ErrorCodeFacts = {
  readonly exit: 1 | 2 | 3 | 4 | 5;
  readonly http: number;
  readonly rpc: number;
  /** One sentence: what is wrong. */
  readonly means: string;
  /** One sentence: what to do. */
  readonly fix: string;
};

const usage = { exit: 2, http: 400, rpc: RPC.invalidParams } as const;
const config = { exit: 2, http: 500, rpc: RPC.internalError } as const;
const upstream = { exit: 1, http: 502, rpc: RPC.connectionClosed } as const;
const plugin = { exit: 1, http: 400, rpc: RPC.invalidParams } as const;
const internal = { exit: 1, http: 500, rpc: RPC.internalError } as const;

/**
 * Every code Plugboard can show, for errors and issues alike. Codes are public: never renamed, never reused.
 * `docs/errors.md` is generated from this table.
 */
export const ERROR_CODES = {
  // ── command line ──
  USAGE: {
    ...usage,
    means: 'The command line could not be understood.',
    fix: 'See `plugboard --help`, or `--help` after the command.',
  },
  NOT_FOUND: {
    ...usage,
    exit: 1,
    http: 404,
    means: 'What was asked about does not exist.',
    fix: 'List what there is with the command the message names.',
  },
  // ── configuration files ──
  CONFIG_NOT_TOML: {
    ...config,
    means: 'A configuration file is not valid TOML; the whole file is skipped.',
    fix: 'Correct the line the message names.',
  },
  CONFIG_UNREADABLE: {
    ...config,
    means: 'A configuration file could not be read.',
    fix: 'Check that the file exists and that you may read it.',
  },
  CONFIG_WRONG_TYPE: {
    ...config,
    means: 'A key has a value of the wrong type or outside its range.',
    fix: 'Give it a value as `docs/config.md` describes.',
  },
  CONFIG_UNKNOWN_KEY: {
    ...config,
    means: 'A key is not known; it has no effect.',
    fix: 'Correct the spelling, or remove the key.',
  },
  CONFIG_NEAR_MISS: {
    ...config,
    means: 'A key looks like a misspelt safety key, so the server is not started.',
    fix: 'Correct the spelling the message proposes.',
  },
  CONFIG_NO_TRANSPORT: { ...config, means: 'A server has neither `command` nor `url`.', fix: 'Add one of the two.' },
  CONFIG_BOTH_TRANSPORTS: { ...config, means: 'A server has both `command` and `url`.', fix: 'Keep one of the two.' },
  CONFIG_KEY_NOT_FOR_TRANSPORT: {
    ...config,
    means: 'A key belongs to the other kind of transport.',
    fix: 'Remove the key.',
  },
  CONFIG_BAD_NAME: {
    ...config,
    means: 'A server name has characters that are not allowed.',
    fix: 'Use letters, digits, `-`, `_`, `:`, `@`, `/` and `.`.',
  },
  CONFIG_RESERVED_NAME: {
    ...config,
    means: 'A server name is one that Plugboard uses itself.',
    fix: 'Choose another name.',
  },
  CONFIG_LITERAL_REFERENCE: {
    ...config,
    means:
      'A value looks like a shell variable, which stays literal (a note); or it holds a reference that cannot be filled in there, and the server is not started.',
    fix: 'Write `${env:NAME}` or `${secret:NAME}`; `$${` is a literal `${`. Or name the variable in `env_vars`, or in the `_env_var` form of the key.',
  },
  CONFIG_LITERAL_TOKEN: {
    ...config,
    means: '`bearer_token` would put a secret into the file, and is refused.',
    fix: 'Put the token into an environment variable and name it in `bearer_token_env_var`.',
  },
  CONFIG_SELF_REFERENCE: {
    ...config,
    means: 'An entry starts Plugboard itself and is not read as a server.',
    fix: 'Remove the entry.',
  },
  CONFIG_UNTRUSTED_PROJECT: {
    ...config,
    means: 'A project folder has a config file that is ignored because the folder is not trusted.',
    fix: 'Run `plugboard config trust DIR` if you trust it.',
  },
  CONFIG_NOT_FROM_PROJECT: {
    ...config,
    means: 'A project file sets what only the user or the machine may set; that table is ignored.',
    fix: "Put the table into the user's own config.toml.",
  },
  CONFIG_EDIT_REFUSED: {
    ...config,
    means: 'An edit could not be written without changing something else; the file is untouched.',
    fix: 'Edit the file by hand.',
  },
  CONFIG_SYSTEM_DAMAGED: {
    ...config,
    means:
      'A requirements file is damaged or asks for something this version cannot enforce, so Plugboard does not start.',
    fix: 'Ask the administrator of this machine to correct the file.',
  },
  KEY_NOT_YET_SUPPORTED: {
    ...config,
    means: 'A key is known, but this version does not act on it yet.',
    fix: 'Nothing to do; the message names what is missing.',
  },
  // ── upstream servers ──
  UPSTREAM_COMMAND_NOT_FOUND: {
    ...upstream,
    means: "A server's command does not exist or may not be run.",
    fix: 'Install the program, or correct `command`.',
  },
  UPSTREAM_CWD_NOT_FOUND: {
    ...upstream,
    means: "A server's working folder does not exist.",
    fix: 'Create the folder, or correct `cwd`.',
  },
  UPSTREAM_EXITED: {
    ...upstream,
    means: 'A server ended.',
    fix: 'Read its last stderr lines with `plugboard mcp logs NAME`.',
  },
  UPSTREAM_REFUSED: {
    ...upstream,
    means: 'Nothing accepts connections at the address of a server.',
    fix: 'Start the server, or correct `url`.',
  },
  UPSTREAM_DNS: {
    ...upstream,
    means: 'The host name of a server could not be found.',
    fix: 'Check the host name in `url` and the network.',
  },
  UPSTREAM_TLS: {
    ...upstream,
    means: 'The TLS connection to a server could not be made.',
    fix: 'Check the certificate; a private authority goes into `ca_file`.',
  },
  UPSTREAM_HTTP_STATUS: {
    ...upstream,
    means: 'A server answered with an HTTP status that MCP does not expect.',
    fix: 'Check `url`; the message holds the status.',
  },
  UPSTREAM_PROTOCOL: {
    ...upstream,
    means: 'A server sent something that is not MCP.',
    fix: 'Report it to the maintainer of the server; the message says what came.',
  },
  UPSTREAM_MESSAGE_TOO_LARGE: {
    ...upstream,
    means: 'A server sent a message over the limit of 64 MiB.',
    fix: 'Ask the server for less at a time.',
  },
  UPSTREAM_NETWORK: {
    ...upstream,
    means: 'The connection to a server broke.',
    fix: 'Check the network; Plugboard connects again by itself.',
  },
  UPSTREAM_TIMEOUT: {
    ...upstream,
    exit: 4,
    http: 504,
    rpc: RPC.requestTimeout,
    means: 'A server did not answer in time.',
    fix: 'Raise the key the message names, or find out why the server is slow.',
  },
  UPSTREAM_AUTH_REQUIRED: {
    ...upstream,
    exit: 3,
    means: 'A server wants credentials, or refused the ones it got.',
    fix: 'Check the token that the entry names.',
  },
  UPSTREAM_REQUIRED: {
    ...upstream,
    means: 'A server with `required = true` is not connected.',
    fix: 'The message says why; `plugboard doctor` shows the next step.',
  },
  UPSTREAM_NOT_READY: {
    ...upstream,
    means: 'A server is not connected.',
    fix: 'See `plugboard doctor` for its state and the next step.',
  },
  UPSTREAM_HEADERS_HELPER: {
    ...upstream,
    means: 'The `http_headers_helper` of a server failed or printed something other than a JSON object of strings.',
    fix: 'Run the helper by hand and correct it.',
  },
  UPSTREAM_LIST_INVALID: {
    ...upstream,
    means: 'A server listed an entry that is not valid; what is wrong with it is left out, the rest stays.',
    fix: 'Report it to the maintainer of the server.',
  },
  UPSTREAM_RPC_ERROR: {
    ...upstream,
    means: 'A server answered a request with an error of its own.',
    fix: 'The message is the words of the server; check what was asked of it.',
  },
  // ── the endpoint ──
  UNKNOWN_SERVER: {
    ...usage,
    exit: 1,
    http: 404,
    means: 'No server has this name.',
    fix: 'See `plugboard mcp list`.',
  },
  UNKNOWN_TOOL: {
    ...usage,
    exit: 1,
    means: 'No tool has this name, or its server is not connected.',
    fix: 'List the tools again; `plugboard tools list` shows them with their servers.',
  },
  TOOL_DISABLED: {
    ...usage,
    exit: 5,
    means: 'The tool exists and the configuration hides it.',
    fix: 'See `enabled_tools` and `disabled_tools` of its server.',
  },
  UNKNOWN_PROMPT: { ...usage, means: 'No prompt has this name.', fix: 'List the prompts again.' },
  UNKNOWN_RESOURCE: {
    ...usage,
    rpc: RPC.resourceNotFound,
    means: 'No server offers this resource.',
    fix: 'List the resources again.',
  },
  AMBIGUOUS_RESOURCE: {
    ...usage,
    rpc: RPC.resourceNotFound,
    means: 'Two servers offer this resource.',
    fix: 'Use one of the prefixed URIs that the list shows.',
  },
  BAD_CURSOR: {
    ...usage,
    means: 'The cursor is not one that this endpoint gave out, or the list has changed since.',
    fix: 'List again from the start.',
  },
  CLIENT_CANNOT: {
    ...usage,
    rpc: RPC.methodNotFound,
    means: 'A server asked for something that no connected agent can answer.',
    fix: 'Use an agent that declares the capability.',
  },
  CLIENT_AMBIGUOUS: {
    ...usage,
    rpc: RPC.invalidRequest,
    means:
      'A server asked an agent for something while several agents were using it; from now on each agent gets its own connection.',
    fix: 'Call the tool again, or set `sharing = "session"`.',
  },
  CALL_CANCELLED: { ...internal, means: 'The call was cancelled.', fix: 'Nothing to do.' },
  // ── HTTP front ──
  HTTP_UNAUTHORIZED: {
    exit: 3,
    http: 401,
    rpc: RPC.invalidRequest,
    means: 'The request has no token, or one that is not known.',
    fix: 'Create one with `plugboard token create NAME` and send it as `Authorization: Bearer …`.',
  },
  HTTP_HOST_NOT_ALLOWED: {
    ...usage,
    exit: 5,
    http: 403,
    rpc: RPC.invalidRequest,
    means: 'The Host header is not one this endpoint answers to.',
    fix: 'Add the name to `[serve] allowed_hosts`.',
  },
  HTTP_ORIGIN_NOT_ALLOWED: {
    ...usage,
    exit: 5,
    http: 403,
    rpc: RPC.invalidRequest,
    means: 'The Origin header is not one this endpoint answers to.',
    fix: 'Add the origin to `[serve] allowed_origins`.',
  },
  HTTP_BODY_TOO_LARGE: {
    ...usage,
    http: 413,
    rpc: RPC.invalidRequest,
    means: 'The request body is over the limit of 16 MiB.',
    fix: 'Send less at a time.',
  },
  HTTP_CONTENT_TYPE: {
    ...usage,
    http: 415,
    rpc: RPC.invalidRequest,
    means: 'The request body is not `application/json`.',
    fix: 'Send JSON with that content type.',
  },
  HTTP_NOT_ACCEPTABLE: {
    ...usage,
    http: 406,
    rpc: RPC.invalidRequest,
    means: 'The client does not accept what this endpoint sends.',
    fix: 'Send `Accept: application/json, text/event-stream`.',
  },
  HTTP_PROTOCOL_VERSION: {
    ...usage,
    http: 400,
    rpc: RPC.invalidRequest,
    means: 'The MCP-Protocol-Version header names a version this endpoint does not speak.',
    fix: 'Use a version the message lists.',
  },
  HTTP_NO_SESSION: {
    ...usage,
    http: 400,
    rpc: RPC.invalidRequest,
    means: 'The request needs an Mcp-Session-Id header.',
    fix: 'Send `initialize` first and keep the session id it returns.',
  },
  HTTP_SESSION_GONE: {
    ...usage,
    http: 404,
    rpc: RPC.invalidRequest,
    means: 'The session does not exist or has ended.',
    fix: 'Send `initialize` again.',
  },
  HTTP_EVENT_UNKNOWN: {
    ...usage,
    http: 400,
    rpc: RPC.invalidRequest,
    means: 'The Last-Event-ID header names an event whose stream cannot be resumed any more.',
    fix: 'Leave the header out; the session itself goes on.',
  },
  HTTP_TOO_MANY_SESSIONS: {
    ...usage,
    http: 429,
    rpc: RPC.invalidRequest,
    means: 'The caller has as many sessions as `[serve] max_sessions_per_caller` allows.',
    fix: 'End sessions with DELETE, or raise the key.',
  },
  HTTP_RATE_LIMITED: {
    ...usage,
    http: 429,
    rpc: RPC.invalidRequest,
    means: 'The caller sends more requests per second than `[serve] rate_limit_per_sec` allows.',
    fix: 'Slow down, or raise the key.',
  },
  HTTP_AUTH_NONE_NOT_LOCAL: {
    ...usage,
    means: '`[serve] auth = "none"` is allowed on loopback only.',
    fix: 'Use tokens, or bind to 127.0.0.1.',
  },
  MESSAGE_NOT_JSON: {
    ...usage,
    rpc: RPC.parseError,
    means: 'A message is not valid JSON.',
    fix: 'Send one JSON-RPC message per line or request.',
  },
  MESSAGE_INVALID: {
    ...usage,
    rpc: RPC.invalidRequest,
    means: 'A message is not valid JSON-RPC 2.0.',
    fix: 'The message says what is wrong with it.',
  },
  MESSAGE_TOO_LARGE: {
    ...usage,
    rpc: RPC.invalidRequest,
    means: 'An agent sent a message over the limit of 64 MiB.',
    fix: 'Send less at a time.',
  },
  INVALID_PARAMS: {
    ...usage,
    means: 'A request lacks a parameter, or one has the wrong type.',
    fix: 'Correct the parameter the message names.',
  },
  METHOD_UNKNOWN: {
    ...usage,
    http: 404,
    rpc: RPC.methodNotFound,
    means: 'The method is not one this endpoint carries.',
    fix: 'Check the method name.',
  },
  NOT_INITIALIZED: {
    ...usage,
    rpc: RPC.invalidRequest,
    means: 'A request came before `initialize`.',
    fix: 'Send `initialize` first.',
  },
  // ── plugins ──
  PLUGIN_NOT_JSON: {
    ...plugin,
    means: 'A file of a plugin or marketplace is not valid JSON.',
    fix: 'Correct the place the message names.',
  },
  PLUGIN_UNREADABLE: {
    ...plugin,
    means: 'A file of a plugin could not be read.',
    fix: 'Check that the file is there, that it is UTF-8 text, and that it is not too large.',
  },
  PLUGIN_MANIFEST_INVALID: {
    ...plugin,
    means: 'A folder is no plugin, or its manifest cannot be used.',
    fix: 'Correct the manifest; `plugboard plugin validate DIR` shows everything that is wrong with it.',
  },
  PLUGIN_WRONG_TYPE: {
    ...plugin,
    means: 'A key of a manifest has a value of the wrong type; it is left out.',
    fix: 'Give it a value as `docs/plugins.md` describes.',
  },
  PLUGIN_UNKNOWN_KEY: {
    ...plugin,
    means: 'A key of a manifest is not known; it has no effect.',
    fix: 'Correct the spelling, or remove the key.',
  },
  PLUGIN_DUPLICATE_KEY: {
    ...plugin,
    means: 'A key stands twice in one object; the last one counts.',
    fix: 'Remove one of the two.',
  },
  PLUGIN_MCP_WRONG_KEY: {
    ...plugin,
    means: '`mcp_servers` is the spelling of config.toml; in JSON it is `mcpServers`.',
    fix: 'Rename the key to `mcpServers`.',
  },
  PLUGIN_PATH_ESCAPES: {
    ...plugin,
    means: 'A path leads out of the plugin; what it stands for is left out.',
    fix: 'Use a path inside the plugin, such as `./servers/main.js`.',
  },
  PLUGIN_PATH_MISSING: {
    ...plugin,
    means: 'A path of a manifest names nothing in the plugin.',
    fix: 'Correct the path, or add the file.',
  },
  PLUGIN_FILE_UNUSED: {
    ...plugin,
    means: 'A file of a plugin, or what its marketplace says, plays no part, since something else counts.',
    fix: 'Nothing to do; or remove what is not read.',
  },
  PLUGIN_BAD_NAME: {
    ...plugin,
    means: 'The name of a plugin or marketplace has characters that are not allowed.',
    fix: 'Use letters, digits, `-`, `_` and `.`, starting with a letter or digit.',
  },
  PLUGIN_BAD_VERSION: {
    ...plugin,
    means: 'The version of a plugin cannot be used.',
    fix: 'Use a version such as `1.2.0`.',
  },
  PLUGIN_NAME_MISMATCH: {
    ...plugin,
    means: 'The name in a manifest is not the one that the marketplace or registry gives.',
    fix: 'Ask the maintainer to make the two names equal.',
  },
  PLUGIN_SCHEMA: {
    ...plugin,
    means: 'An Agent Plugins file lacks the `$schema` that its version demands, or breaks its closed schema.',
    fix: 'Correct the key the message names; see `docs/plugins.md`.',
  },
  PLUGIN_SETTING_INVALID: {
    ...plugin,
    means: 'A setting in `user_config` is not declared as it should be; it is left out.',
    fix: 'Correct the declaration; see `docs/plugins.md`.',
  },
  PLUGIN_REFERENCE: {
    ...plugin,
    means: 'A server refers to a setting or variable that is not declared or cannot be filled in.',
    fix: 'Declare the setting in `user_config`, or correct the reference.',
  },
  PLUGIN_SETTING_VALUE: {
    ...plugin,
    exit: 2,
    means: 'A value is not one that the setting of the plugin may have, or the plugin has no such setting.',
    fix: 'Give a value as the message describes it: `plugboard plugin configure NAME`.',
  },
  PLUGIN_SETTING_IN_CONFIG: {
    ...config,
    means: 'A sensitive setting stands in `config.toml`, where everybody with the file can read it; it is not used.',
    fix: 'Store it with `plugboard plugin configure NAME`, take the line away, and consider the value as seen.',
  },
  PLUGIN_NEEDS_SETTINGS: {
    ...config,
    exit: 1,
    means: 'Settings that a plugin requires are not set, and nobody can be asked here.',
    fix: 'Run `plugboard plugin configure NAME` in a terminal, or give the values by its options.',
  },
  PLUGIN_OVERLAY_AMBIGUOUS: {
    ...config,
    exit: 1,
    means: 'An entry without command and address fits servers of several plugins; it is laid over none of them.',
    fix: 'Write the line that the message gives, which names the plugin.',
  },
  PLUGIN_REQUEST: {
    ...plugin,
    means: 'A plugin asks for something that loosens a limit; it is not in force until you accept it.',
    fix: 'Accept it with `plugboard plugin add NAME --accept-requests`, or leave it.',
  },
  PLUGIN_STRICT: {
    ...plugin,
    means: 'A plugin loads, but breaks a rule that stores and other clients hold it to.',
    fix: 'Correct it before you publish.',
  },
  PLUGIN_SERVER_CONFLICT: {
    ...plugin,
    means:
      'Two plugins have a server of the same name, or one has a name with `:`; each gets the name of its plugin in front.',
    fix: 'Nothing to do; remove one of two plugins to get the short name back.',
  },
  PLUGIN_SERVER_REPLACED: {
    ...plugin,
    means: 'A server in config.toml has the name of a server of a plugin and replaces it.',
    fix: 'Rename the one in config.toml to keep both.',
  },
  PLUGIN_POLICY_UNKNOWN: {
    ...plugin,
    means: 'The configuration sets something for a plugin, server or tool that does not exist.',
    fix: 'Correct the name, or remove the entry.',
  },
  PLUGIN_TAMPERED: {
    ...plugin,
    exit: 5,
    means: 'A file of an installed plugin is not as it was installed; its servers are not started.',
    fix: 'Install it again with `plugboard plugin add NAME`.',
  },
  PLUGIN_FILES_MISSING: {
    ...plugin,
    means: 'The folder of an installed plugin is not there any more; its servers are not started.',
    fix: 'Install it again with `plugboard plugin add NAME`, or remove it with `plugboard plugin remove NAME`.',
  },
  PLUGIN_FILE_ADDED: {
    ...plugin,
    means: 'A file was added to an installed plugin.',
    fix: 'Remove the file, or install the plugin again.',
  },
  PLUGIN_NOT_FOUND: {
    ...plugin,
    http: 404,
    means: 'No marketplace offers this plugin, or it is not installed.',
    fix: 'See `plugboard plugin list --available`.',
  },
  PLUGIN_AMBIGUOUS: {
    ...plugin,
    exit: 2,
    means: 'Several marketplaces have a plugin of this name.',
    fix: 'Write it as NAME@MARKETPLACE.',
  },
  PLUGIN_NOT_AVAILABLE: {
    ...plugin,
    means: 'The marketplace lists the plugin and does not offer it for installation.',
    fix: 'Ask the maintainer of the marketplace.',
  },
  PLUGIN_CONSENT_REQUIRED: {
    ...plugin,
    exit: 3,
    means: 'A plugin would run, contact or read more than you agreed to.',
    fix: 'Look at the difference, then run the command again with `--yes`, or in a terminal.',
  },
  PLUGIN_DECLINED: { ...plugin, exit: 5, means: 'You did not agree; nothing was changed.', fix: 'Nothing to do.' },
  PLUGIN_BLOCKED: {
    ...plugin,
    exit: 5,
    means: 'A requirements file of this machine does not allow the plugin.',
    fix: 'Ask the administrator of this machine.',
  },
  PLUGIN_TOO_LARGE: {
    ...plugin,
    means: 'A plugin or archive is over a limit on size, files or time.',
    fix: 'Ask the maintainer for a smaller one; the message names the limit.',
  },
  PLUGIN_UNSAFE_ARCHIVE: {
    ...plugin,
    means:
      'An archive or folder holds something that is never installed: a link that leads outside, a device, or a path that escapes.',
    fix: 'Do not use this plugin; tell its maintainer.',
  },
  PLUGIN_FETCH_FAILED: {
    ...plugin,
    http: 502,
    means: 'A plugin or marketplace could not be fetched.',
    fix: 'Check the address, your network and your access; the message holds what git or npm said.',
  },
  PLUGIN_REVISION_MISMATCH: {
    ...plugin,
    exit: 5,
    means: 'What was fetched is not the revision that was asked for.',
    fix: 'Ask the maintainer of the marketplace; nothing was installed.',
  },
  PLUGIN_PROGRAM_MISSING: {
    ...plugin,
    means: '`git` or `npm` is needed and not there.',
    fix: 'Install it, and see that it is on the PATH.',
  },
  PLUGIN_BUSY: {
    ...plugin,
    means: 'Another process is changing plugins.',
    fix: 'Try again when it has finished.',
  },
  PLUGIN_INSTALL_FAILED: {
    ...plugin,
    means: 'The files of a plugin could not be written; what was installed before is still there.',
    fix: 'Check the free space and the rights on the home folder.',
  },
  PLUGIN_RECEIPT_DAMAGED: {
    ...plugin,
    means: 'A receipt cannot be read, so it is not known what was installed.',
    fix: 'Install the plugin again.',
  },
  // ── marketplaces ──
  MARKETPLACE_SOURCE: {
    ...plugin,
    exit: 2,
    means: 'The source of a marketplace is not one that is understood.',
    fix: 'Give a folder, `owner/repo`, or an https or ssh git URL.',
  },
  MARKETPLACE_INVALID: {
    ...plugin,
    means: 'A marketplace has no manifest, or one that cannot be used.',
    fix: 'Check the folder; the manifest is `.agents/plugins/marketplace.json` or `.claude-plugin/marketplace.json`.',
  },
  MARKETPLACE_ENTRY_INVALID: {
    ...plugin,
    means: 'An entry of a marketplace cannot be used; the others stay.',
    fix: 'Tell the maintainer of the marketplace.',
  },
  MARKETPLACE_NOT_FOUND: {
    ...plugin,
    http: 404,
    means: 'No marketplace of this name is configured.',
    fix: 'See `plugboard plugin marketplace list`.',
  },
  MARKETPLACE_EXISTS: {
    ...plugin,
    means: 'Another marketplace has this name.',
    fix: 'Remove it first with `plugboard plugin marketplace remove NAME`.',
  },
  MARKETPLACE_NOT_GIT: {
    ...plugin,
    means: 'The marketplace is a local folder and has nothing to upgrade.',
    fix: 'Nothing to do: a local folder is read as it is.',
  },
  MARKETPLACE_NOT_ALLOWED: {
    ...plugin,
    exit: 5,
    means: 'A requirements file of this machine does not allow this source.',
    fix: 'Ask the administrator of this machine.',
  },
  // ── secrets ──
  SECRET_BAD_NAME: {
    ...usage,
    means: 'The name of a secret has characters that are not allowed, or is too long.',
    fix: 'Use letters, digits, `_`, `.` and `-`, at most 128, with a letter or `_` first.',
  },
  SECRET_BAD_CONSUMER: {
    ...usage,
    means: 'What follows `--for` is neither a plugin nor the name of a server.',
    fix: 'Write `NAME@MARKETPLACE` for a plugin, or the name of a server.',
  },
  SECRET_VALUE: {
    ...usage,
    means: 'A value cannot be stored: it is empty, too long, no text, or holds a NUL character.',
    fix: 'Check what was given; the message says what is wrong and never repeats the value.',
  },
  SECRET_CANCELLED: { ...usage, exit: 5, means: 'You stopped; nothing was stored.', fix: 'Nothing to do.' },
  SECRET_NOT_FOUND: {
    ...usage,
    exit: 1,
    http: 404,
    means: 'No secret of this name is stored for this consumer.',
    fix: 'See `plugboard secret list`.',
  },
  SECRET_KEYRING_UNAVAILABLE: {
    ...internal,
    exit: 3,
    means: 'The key of the secrets is, or is to be, in the keyring of the system, and there is none here.',
    fix: 'Run it in a session that has a keyring, or set `secrets_store = "file"`.',
  },
  SECRET_KEYRING_LOCKED: {
    ...internal,
    exit: 3,
    means: 'The keyring of the system is locked, or does not answer.',
    fix: 'Unlock it, or set `secrets_store = "file"`.',
  },
  SECRET_KEY_MISSING: {
    ...internal,
    exit: 3,
    means: 'The key of the secrets is not where it was; the secrets are still there, encrypted.',
    fix: 'Bring the key back; or move `secrets.age` away and set the secrets again.',
  },
  SECRET_PASSPHRASE_REQUIRED: {
    ...internal,
    exit: 3,
    means: 'The key of the secrets is under a passphrase, and none was given.',
    fix: 'Set `PLUGBOARD_SECRETS_PASSPHRASE`, or name a file with `--passphrase-file`.',
  },
  SECRET_PASSPHRASE_WRONG: {
    ...internal,
    exit: 3,
    means: 'The passphrase does not open the key of the secrets.',
    fix: 'Check `PLUGBOARD_SECRETS_PASSPHRASE`, or the file of `--passphrase-file`.',
  },
  SECRET_IDENTITY: {
    ...config,
    means: 'A file with a key cannot be used: unreadable, open to others, or without a key of age.',
    fix: 'Correct what the message names; such a file has the mode 0600.',
  },
  SECRET_STORE_DAMAGED: {
    ...internal,
    means: 'The file with the secrets is damaged.',
    fix: 'Bring back a copy, or set the secrets again; the damaged file is kept.',
  },
  SECRET_STORE_UNREADABLE: {
    ...internal,
    means: 'A file of the secret store, or one that it is given, could not be read.',
    fix: 'Check that it is a file and that you may read it.',
  },
  SECRET_STORE_UNWRITABLE: {
    ...internal,
    means: 'A file of the secret store could not be written; it is as it was.',
    fix: 'Check the free space and the rights on the home folder.',
  },
  SECRET_STORE_BUSY: {
    ...internal,
    means: 'Another process is changing secrets.',
    fix: 'Try again when it has finished.',
  },
  SECRET_IMPORT: {
    ...usage,
    exit: 1,
    means: 'A file with secrets could not be taken over; nothing was changed.',
    fix: 'Check the file, and name the file with its key: `--identity FILE`.',
  },
  SECRET_RECIPIENT: {
    ...usage,
    means: 'What follows `--to-age` is no recipient of age.',
    fix: 'Use the public key of the receiver, `age1…`, as `age-keygen` prints it.',
  },
  SECRET_IN_ARGS: {
    ...config,
    means: 'A secret would stand in the arguments or the address of a server, where other programs can see it.',
    fix: 'Hand it over in `env` or a header; or set `allow_secret_in_args = true` for the server.',
  },
  SECRET_IN_CONFIG: {
    ...config,
    means: 'A value in `env` or `http_headers` looks like a secret, and everybody with the file can read it.',
    fix: 'Store it with the `plugboard secret set` line of the message, and take the value out of the file.',
  },
  SECRET_PROVIDER_FAILED: {
    ...internal,
    exit: 3,
    means: 'The program of `[secret_providers]` did not give the value of a reference.',
    fix: 'Run the command of the provider by hand; it may want you to sign in.',
  },
  ENV_VAR_UNSET: {
    ...config,
    means:
      'A name in `env_vars` is set neither in the environment nor in the secret store; the server starts without it.',
    fix: 'Store it with the `plugboard secret set` line of the message, or take the name out of `env_vars`.',
  },
  ENV_FILE: {
    ...config,
    means: 'A file of `env_file` cannot be read, has lines that are not understood, or can be read by others.',
    fix: 'Correct what the message names; such a file has the mode 0600.',
  },
  // ── host and home ──
  PORT_IN_USE: { ...internal, means: 'The port is taken by another program.', fix: 'Choose another with `--port`.' },
  HOST_UNREACHABLE: {
    ...internal,
    means: 'The host of this home does not answer.',
    fix: 'Look into `logs/host.log` of the home, or use `--standalone`.',
  },
  HOST_START_FAILED: {
    ...internal,
    means: 'The host of this home could not be started.',
    fix: 'Look into `logs/host.log` of the home.',
  },
  HOST_CONFIG_DIFFERS: {
    ...usage,
    means: 'The running host was started with another `--config` or `-c`.',
    fix: 'Use `--standalone`, or leave the option out.',
  },
  HOME_NOT_PRIVATE: {
    ...internal,
    exit: 2,
    means: 'The home folder belongs to someone else or others may write to it.',
    fix: 'Correct its owner and mode (0700).',
  },
  HOME_UNUSABLE: {
    ...internal,
    exit: 2,
    means: 'The home folder could not be made or used.',
    fix: 'Check `PLUGBOARD_HOME`, the rights on that folder, and the free space there.',
  },
  DATABASE: {
    ...internal,
    means: 'The database of this home could not be opened or written.',
    fix: 'Check free space and the rights on `plugboard.db`.',
  },
  SERVER_EXISTS: {
    ...usage,
    exit: 1,
    means: 'A server with this name is configured already.',
    fix: 'Choose another name, or replace it with `--force`.',
  },
  TOKEN_EXISTS: {
    ...usage,
    exit: 1,
    means: 'A token with this name exists.',
    fix: 'Choose another name, or revoke it first.',
  },
  CONNECT_TARGET: {
    ...config,
    exit: 1,
    means: "An agent's configuration could not be changed; it is untouched.",
    fix: 'The message says why; `--print` shows what to write by hand.',
  },
  OUTPUT_UNWRITABLE: {
    ...internal,
    means: 'What a command printed could not be written, as on a full disk.',
    fix: 'Make room, or write it elsewhere; what the command changed stays changed.',
  },
  INTERNAL: {
    ...internal,
    means: 'Plugboard met a state that should not occur.',
    fix: 'Please report it, with the message and `plugboard --version`.',
  },
} as const satisfies Record<string, ErrorCodeFacts>;

export type ErrorCode = keyof typeof ERROR_CODES;

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERROR_CODES, value);
}
