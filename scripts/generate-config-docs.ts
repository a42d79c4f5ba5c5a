/** Makes `docs/config.md` from the table of keys. `--check` only says whether it is up to date. */
import {
  CODEX_KEYS,
  DEFAULT_PLUGIN_KEYS,
  differsInPolicy,
  type KeyRow,
  MARKETPLACE_KEYS,
  PLUGIN_KEYS,
  POLICY_KEYS,
  PROVIDER_KEYS,
  SERVER_KEYS,
  TOP_KEYS,
} from '../src/config/index.ts';
import { writeGenerated } from './generated-file.ts';
import { defaultText, typeText } from './key-text.ts';

const INTRO = `# Configuration

<!-- Made from the tables of keys in src/config/ by scripts/generate-config-docs.ts. Do not edit. -->

Plugboard reads the \`config.toml\` format of Codex. A file of Codex works as it is; what Plugboard adds is marked
**Plugboard**. Problems never take other servers down: each becomes an issue with file, line, column, key and a hint
([all codes](errors.md)). \`plugboard config explain KEY\` shows where a value comes from;
values of \`env\`, headers, settings, secrets and unknown keys are shown as \`*****\` unless you say \`--show-values\`.

\`\`\`toml
[mcp_servers.memory]
command = "npx"
args = ["-y", "@modelcontextprotocol/server-memory"]

[mcp_servers.tickets]
url = "https://mcp.example.com/mcp"
bearer_token_env_var = "TICKETS_TOKEN"
disabled_tools = ["delete_ticket"]
\`\`\`

## Files and layers

From low to high; a higher layer wins.

| layer | file |
|---|---|
| built-in | the defaults below |
| system | \`/etc/plugboard/config.toml\` |
| user | \`$PLUGBOARD_HOME/config.toml\` (\`~/.plugboard/config.toml\`), or the file of \`--config FILE\` instead |
| project | \`DIR/.plugboard/config.toml\`, then \`DIR/.codex/config.toml\`, if \`DIR\` is trusted |
| command line | \`-c key=value\`, read in order |

- Tables merge key by key. Lists and single values replace those of lower layers, except that \`enabled_tools\` **intersect** and
  \`disabled_tools\` **unite**: no layer can offer a tool that another one hides, but by \`widen = true\` in what is laid over a plugin's server.
- A **project** is the folder given with \`--project\`, else the working folder. For everything that a host runs, it is the folder where
  **the host** was started: a host that the pipe of an agent started in the background has the folder of that agent, for all agents. It is trusted when the system or user layer says
  \`[projects."/absolute/folder"] trust_level = "trusted"\`; \`plugboard config trust DIR\` writes that. A relative path there trusts nothing. The files of other folders
  are ignored, with a note. A project's files cannot set \`serve\`, \`projects\`, \`marketplaces\`, \`secrets_store\`, \`secret_providers\` or \`mcp_enterprise_managed_auth\`: what may be
  installed is for the user to say. They may set \`plugins\`: a trusted project can turn installed plugins on and off, and lay policies over their servers.
- \`-c\` takes a dotted key, with quotes where TOML needs them, and a TOML value; what is not TOML is taken as a string:
  \`-c 'mcp_servers."acme/docs".env.LEVEL=debug'\`.
- A file that is not TOML, or not UTF-8, is skipped as a whole and reported. While Plugboard runs, such an edit leaves the last good
  state in place.
- A key that is not known is a warning, and the server runs. A key that looks like a misspelt \`enabled\`, \`enabled_tools\`,
  \`disabled_tools\`, masking or approval key makes the server invalid: it would otherwise run without the limit that was meant.
- A key that this version does not act on yet is checked, gives the warning \`KEY_NOT_YET_SUPPORTED\`, and changes nothing.
- Values may refer to variables and secrets: see [References](#references).
- Changes by commands (\`mcp add\`, \`config set\`, …) keep comments, order, line ends, links and file mode, and are refused where
  they would change anything else. Only the comment behind a key, on the same line, goes with the key when that is removed.

## References

The texts of \`command\`, \`args\`, \`env\`, \`cwd\`, \`url\` and \`http_headers\` may hold references. They are filled in once, when the server
starts; what was filled in is never scanned again. In \`oauth\` they are checked, and wait with the rest of that table for a later version.

| reference | what stands for it |
|---|---|
| \`\${env:NAME}\` | the variable: from the environment of who asks, then from the secret store (\`plugboard secret set NAME --for SERVER\`) |
| \`\${env:NAME:-default}\` | the same, and \`default\` where it is unset or empty |
| \`\${secret:NAME}\` | the secret that you stored for this server under that name |
| \`\${secret:SCHEME://…}\` | what the program of [\`[secret_providers.SCHEME]\`](#secret_providersscheme) prints for it |
| \`\${user_config.KEY}\`, \`\${PLUGIN_ROOT}\`, \`\${PLUGIN_DATA}\` | a setting and the folders of a plugin: only in what is laid over a server of one |
| \`$\${\` | a literal \`\${\` |

- A text that begins like one of these and is none, such as one within another, is an error, and so is a reference to a provider that is not there.
- \`"$NAME"\` and \`"\${NAME}"\` stay as they are, with a note. The arguments of a shell get no note: \`$NAME\` there is for the shell.
- \`http_headers_helper\` is a line for a shell, and may hold none of them: what stands in a value would run. It reads its environment.
- Where \`command\` is a shell that runs a line (\`sh -c\`), a reference in \`args\` gives a warning for the same reason: hand the value over in \`env\`.
- A secret may stand in \`env\` and headers; in \`args\` and \`url\`, where other programs can see it, only with \`allow_secret_in_args = true\`; in \`command\` and \`cwd\` never.
- A variable of the environment counts as a secret there when its name says so: \`TOKEN\`, \`KEY\`, \`SECRET\`, \`PASS\`, \`PWD\` and the like as a word of it. On a server of a plugin every variable counts as one, but \`HOME\`, \`USER\`, \`LOGNAME\`, \`PATH\`, \`LANG\`, \`LC_*\`, \`TZ\`, \`TMPDIR\`, \`SHELL\`, \`XDG_*\`, \`PWD\` and \`HOSTNAME\`.
- A literal value that looks like a secret does not belong in this file: \`plugboard secret set NAME --for SERVER\` keeps it, and its name in \`env_vars\` hands it over.

The files of plugins have [rules of their own](plugins.md#references).

## Laid over a plugin

A \`[mcp_servers.NAME]\` with neither \`command\` nor \`url\` is laid over the server of that name that a plugin brings; so is a policy,
\`[plugins."ID".mcp_servers.SERVER]\`. From low to high: the file of the plugin, the policy, \`[mcp_servers.NAME]\`. Tables merge key by key, lists and
single values replace; \`enabled_tools\` intersect, unless \`widen = true\` stands beside them, and \`disabled_tools\` unite.

\`\`\`toml
[mcp_servers.poka.env]
POKA_REGION = "eu"

[plugins."poka@acme".mcp_servers.poka]
tool_timeout_sec = 600
\`\`\`

Where several plugins have a server of that name, the bare form is laid over none of them, and the message has the line to write.
\`[mcp_servers."plugin:server"]\` means the server of that plugin, also while no other has one of that name.

## Requirements

\`/etc/plugboard/requirements.toml\` and \`/etc/codex/requirements.toml\` limit what the layers may say. With a table
\`[mcp_servers]\` in one of them, only the servers it lists may run, and only as it describes them:

\`\`\`toml
[mcp_servers.memory.identity]
command = "npx"
args = ["-y", { match = "prefix", value = "@modelcontextprotocol/server-memory@" }]

[mcp_servers.tickets.identity]
url = { match = "regex", expression = "https://[a-z]+\\\\.example\\\\.com/mcp" }
\`\`\`

\`command\`, \`url\` and each of \`args\` are a string, or a matcher: \`exact\`, \`prefix\` (with \`value\`) or \`regex\` (with
\`expression\`, for the whole text). With \`args\`, their number must match, too; without, they are open.
\`command = { executable = "…", args = […] }\` says the same. A server against these is \`blocked\`. \`[mcp_servers]\` does not bind the servers of plugins.
For plugins there are tables of their own:

\`\`\`toml
[plugins."docs@acme".mcp_servers.search.identity]
command = "node"
args = ["\${PLUGIN_ROOT}/server.js"]

[marketplaces]
restrict_to_allowed_sources = true

[marketplaces.allowed_sources.acme]
source = "git"
url = "https://github.com/acme/plugins.git"
ref = "main"

[marketplaces.allowed_sources.company]
source = "host_pattern"
host_pattern = "git\\\\.company\\\\.example"

[marketplaces.allowed_sources.here]
source = "local"
path = "/srv/plugins"
\`\`\`

- \`features.plugins = false\` blocks every plugin.
- One \`identity\` of a server of a plugin leaves only those servers of plugins that have one, and match; it is held against the arguments, too.
  What lies in the folder of the plugin may be written as the manifest writes it, with \`./\` or \`\${PLUGIN_ROOT}\`. An empty \`[plugins]\` binds nothing.
- No identity is met by a server with \`http_headers_helper\`, which runs another program, nor by a server of a plugin whose own \`env\` sets a
  variable that makes a program run something else: \`PATH\`, \`LD_*\`, \`DYLD_*\`, \`NODE_OPTIONS\`, \`NODE_PATH\`, \`PYTHONPATH\`, \`PYTHONHOME\`, \`PYTHONSTARTUP\`,
  \`PERL5OPT\`, \`PERL5LIB\`, \`RUBYOPT\`, \`RUBYLIB\`, \`BASH_ENV\`, \`ENV\`, \`JAVA_TOOL_OPTIONS\`, \`JDK_JAVA_OPTIONS\`, \`_JAVA_OPTIONS\`, \`GIT_*\`, \`npm_config_*\`, \`PIP_*\`, \`UV_*\`.
- A text with references meets an exact text only, as it is written: what is filled in could be anything. A folder of a plugin is no such text.
- A prefix or pattern for a \`url\` must match both what is written and the address as it is connected to.
- \`[plugins."NAME@MARKETPLACE"]\` alone lists a plugin: if its marketplace offers it as \`INSTALLED_BY_DEFAULT\`, it may be installed without being asked for,
  provided that a requirements file restricts marketplaces to allowed sources and this one is among them. Anybody can give a marketplace the name that stands in an id.
- With \`restrict_to_allowed_sources\`, marketplaces from other sources are neither added nor used, and the servers of plugins that came from them are \`blocked\`.
  \`ref\` may be left out; a pattern is held against the whole host.

If a requirements file cannot be read, is damaged, or asks for what this version cannot enforce, Plugboard does not start
(exit status 2). In the file of Codex, what concerns Codex alone is ignored.
`;

const PLUGINS = `Settings of an installed plugin. Its servers run beside those of \`[mcp_servers]\`. What is written here never changes the files
of the plugin, and stays when it is upgraded. Without this table an installed plugin is used as \`[plugins._default]\` says.
\`features.plugins = false\` turns all of them off.
`;

const POLICIES = `A **policy**: what you lay over a server of a plugin, by the name that the plugin gives it. It counts equally wherever the plugin
declares the server. Every key of a server may stand here, and is [laid over](#laid-over-a-plugin) what the plugin says; those below have a meaning of their own. A \`[mcp_servers.NAME]\` with \`command\` or \`url\` replaces the
plugin's server of that name altogether, with a warning; one without them is laid over it, after the policy. Two plugins with a server of one name keep
both: each is called \`PLUGIN:SERVER\` then, as is a plugin's server whose own name has a \`:\`.
`;

const MARKETPLACES = `Where plugins come from. \`plugboard plugin marketplace add\` writes this table. It is not read from the files of a project.
`;

const PROVIDERS = `A program that is asked for the value of \`\${secret:SCHEME://…}\`, such as that of a password manager. Its last argument is what stands
after \`secret:\`; what it prints is used once, and kept nowhere. It is not read from the files of a project.

\`\`\`toml
[secret_providers.op]
command = ["op", "read", "--no-newline"]

[mcp_servers.tickets]
command = "tickets-mcp"
env = { TICKETS_TOKEN = "\${secret:op://team/tickets/token}" }
\`\`\`
`;

/** Keys that Codex does not have. */
const OWN_KEYS = [
  'sharing',
  'max_connections',
  'roots',
  'ca_file',
  'client_cert_file',
  'client_key_file',
  'serve',
  'widen',
  'manifest',
  'env_file',
  'allow_secret_in_args',
  'user_config',
  'secret_providers',
  'secrets_store',
];

/** Tables that have a chapter of their own. */
const APART: readonly (readonly KeyRow[])[] = [SERVER_KEYS, POLICY_KEYS];

function rowText(row: KeyRow, prefix: string): string {
  const marks = [
    ...(OWN_KEYS.includes(row.key) ? ['**Plugboard.**'] : []),
    row.doc,
    ...(row.notYet === undefined ? [] : ['*Not acted on yet.*']),
  ];
  const cells = [
    `\`${prefix}${row.key}\``,
    typeText(row.type),
    defaultText(row),
    marks.join(' '),
    `\`${row.example}\``,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** A row, and below it those of the table it holds, where that is not a chapter of its own. */
function rowsOf(row: KeyRow, prefix: string): readonly string[] {
  const inner = row.type.kind === 'map' ? row.type.of : row.type;
  const name = row.type.kind === 'map' ? `${prefix}${row.key}.<${row.type.placeholder}>.` : `${prefix}${row.key}.`;
  const keys = inner.kind === 'table' && !APART.includes(inner.keys) ? inner.keys : [];
  return [rowText(row, prefix), ...keys.flatMap((key) => rowsOf(key, name))];
}

function tableOf(rows: readonly KeyRow[], prefix = ''): string {
  const head = '| key | type | default | what it does | example |\n|---|---|---|---|---|';
  return `${head}\n${rows.flatMap((row) => rowsOf(row, prefix)).join('\n')}\n`;
}

function render(): string {
  const CHAPTERS = ['mcp_servers', 'serve', 'plugins', 'marketplaces', 'secret_providers'];
  const serve = TOP_KEYS.find(({ key }) => key === 'serve');
  if (serve?.type.kind !== 'table') throw new Error('there is no [serve]');
  const ofServer = (transport: KeyRow['transport']): string =>
    tableOf(SERVER_KEYS.filter((row) => row.transport === transport));
  return [
    INTRO,
    '## `[mcp_servers.NAME]`\n',
    'A name has letters, digits, `-`, `_`, `:`, `@`, `/` and `.`, at most 128 of them; `profile` is reserved. An entry that starts Plugboard itself is not read as a server.\n',
    `### Programs (stdio)\n\n${ofServer('stdio')}`,
    `### HTTP servers\n\n${ofServer('http')}`,
    `### Both\n\n${ofServer(undefined)}`,
    `## \`[plugins."NAME@MARKETPLACE"]\`\n\n${PLUGINS}\n${tableOf(PLUGIN_KEYS)}`,
    `### \`[plugins."NAME@MARKETPLACE".mcp_servers.SERVER]\`\n\n${POLICIES}\n${tableOf(POLICY_KEYS.filter(differsInPolicy))}`,
    `### \`[plugins._default]\`\n\n${tableOf(DEFAULT_PLUGIN_KEYS)}`,
    `## \`[marketplaces.NAME]\`\n\n${MARKETPLACES}\n${tableOf(MARKETPLACE_KEYS)}`,
    `## \`[secret_providers.SCHEME]\`\n\n${PROVIDERS}\n${tableOf(PROVIDER_KEYS)}`,
    `## \`[serve]\`\n\n${serve.doc}\n\n${tableOf(serve.type.keys)}`,
    `## Other keys at the top\n\n${tableOf(TOP_KEYS.filter(({ key }) => !CHAPTERS.includes(key)))}`,
    `## Keys of Codex\n\nThese concern Codex alone. They are not read, and nothing is said about them, nor about keys that begin with \`experimental_\`, nor about unknown ones in a \`.codex/config.toml\` that look like none of the above:\n${CODEX_KEYS.map((key) => `\`${key}\``).join(', ')}.\n`,
  ].join('\n');
}

writeGenerated('docs/config.md', render());
