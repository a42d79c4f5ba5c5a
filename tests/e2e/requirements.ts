/**
 * What Plugboard promises, one sentence each, and where the promise is made. Every promise is proven by a test that names
 * it with `proves('id')`; `requirements.test.ts` fails on one that nobody proves.
 */

export type Requirement = { readonly promise: string; readonly source: string };

/** Promises that one page makes. */
function madeIn<const Sentences extends Readonly<Record<string, string>>>(
  source: string,
  sentences: Sentences,
): { readonly [Id in keyof Sentences]: Requirement } {
  const entries = Object.entries(sentences).map(([id, promise]) => [id, { promise, source }]);
  return Object.fromEntries(entries) as { [Id in keyof Sentences]: Requirement };
}

const serve = {
  ...madeIn('README.md', {
    'serve.starter':
      'npm start shows each starter server with state and tool count, the endpoint, and how to connect an agent',
    'serve.any-folder': 'the starter configuration works from any working folder',
    'serve.ctrl-c': 'Ctrl-C ends serve with exit status 0 and leaves no process',
    'serve.old-node': 'an older Node is told in one line what is needed and how to get it, with exit status 2',
  }),
  ...madeIn('docs/start.md', {
    'serve.no-config': 'without any configuration serve starts, and shows how to add a first server',
    'serve.first-token':
      'with no token yet, serve on a terminal creates one and shows it once; elsewhere it says how to create one',
  }),
};

const config = {
  ...madeIn('docs/config.md', {
    'config.layers':
      'layers merge table by table, lists and scalars replace, --config takes the place of the user layer, -c wins over all',
    'config.explain': 'config explain says which file and line a value comes from',
    'config.trust': 'the configuration of a project counts only once the folder is trusted',
    'config.requirements':
      'a requirements file blocks what it does not allow, and a damaged one stops the start with exit status 2',
    'config.not-yet': 'a key that this version does not act on is a warning that names its effect, and the server runs',
    'config.did-you-mean':
      'an unknown key is a warning that proposes the nearest known one, and the server runs; a misspelt safety key stops it',
    'config.literal-secret': 'a token written into the file is refused, and "$NAME" stays literal with a note',
    'config.edit': 'edits by command keep comments, order, symlink and file mode',
    'config.edit-fuzz': '3,000 random edits each come to exactly what was meant, or are refused',
    'config.edit-together':
      'two processes editing at once lose nothing, and one killed half-way leaves the file as before or after',
  }),
  ...madeIn('docs/codex-compat.md', {
    'config.codex-keys': 'every mcp_servers key that Codex knows is read with the meaning it has in Codex',
    'config.self-reference': 'an entry that starts Plugboard itself is never read as a server',
  }),
};

const host = madeIn('docs/architecture.md', {
  'host.one-per-home': 'pipes and commands started at the same moment share one host',
  'host.detached': 'a pipe starts the host when none runs, and the host outlives the pipe',
  'host.leaves': 'a detached host leaves when its last client has been gone for the idle time',
  'host.take-over': 'after a SIGKILL of the host the next use takes over its socket at once',
  'host.standalone': '--standalone keeps everything in one process and needs no host',
  'host.other': 'a client that meets a host of another version, --config or -c says so, and names --standalone',
  'host.private':
    'home and socket are private, a home that others may write to is refused, and the socket wants the key of the home',
  'host.caller-environment':
    'a caller whose declared variables differ from what a server runs with gets its own connection',
});

const upstreams = {
  ...madeIn('docs/config.md', {
    'upstream.environment':
      'a server sees the listed basic variables, those in env_vars, and those in env, and nothing else',
    'upstream.stderr': 'the last 8 KiB a server wrote to stderr are in its logs and in the error when it ends',
    'upstream.headers':
      'HTTP credentials and headers are taken from the keys in the order of precedence that Codex has',
    'upstream.network':
      'HTTP servers are reached through proxy variables, with a private authority and a client certificate',
    'upstream.startup-timeout':
      'a server that does not start in time is a state that names the phase and the key to raise',
    'upstream.tool-timeout':
      'a call that takes too long is answered with an error, and the server is told to cancel it',
    'upstream.required': 'a required server that does not start is an error that names it',
    'upstream.tool-lists': 'enabled_tools and disabled_tools hide a tool from the list and refuse the call',
    'upstream.sharing-auto':
      'agents share one connection, and a request of the server goes to the agent whose call caused it',
    'upstream.sharing-session': 'with sharing = "session" each agent session has its own connection, up to the maximum',
  }),
  ...madeIn('MCP 2025-11-25, basic/transports', {
    'upstream.http-session':
      'the session of an HTTP server is kept, begun again once after a 404, and deleted at the end',
    'upstream.http-resume': 'a broken stream is resumed after the last event that came',
  }),
  ...madeIn('MCP 2025-11-25, basic/transports#backwards-compatibility', {
    'upstream.legacy-sse': 'a server that speaks only the older HTTP+SSE transport works under its URL',
  }),
  ...madeIn('docs/architecture.md', {
    'upstream.healthy-first':
      'beside a hung and a missing server, healthy tools are listed within 1 s of start and can be called',
    'upstream.crash-alone': 'a crash of one server leaves the others untouched, and its own state is shown',
    'upstream.restart': 'a crashed server is started again, with growing pauses and a cap',
    'upstream.spawn-limit':
      'at most four servers are spawned at once, and waiting for a turn does not count as start-up time',
  }),
};

const gateway = {
  ...madeIn('MCP 2025-11-25, basic/lifecycle', {
    'gateway.initialize': 'every supported revision is negotiated, over stdio and over HTTP',
  }),
  ...madeIn('MCP 2025-11-25, server/tools', {
    'gateway.tools': 'tools of all servers are listed as server__tool and called by that name',
    'gateway.untouched': 'structured results, _meta, unknown fields and unknown content types pass through unchanged',
  }),
  ...madeIn('MCP 2025-11-25, server/resources', {
    'gateway.resources':
      'resources and templates of all servers are listed and read, URIs that two servers offer are told apart, updates are heard',
  }),
  ...madeIn('MCP 2025-11-25, server/prompts', {
    'gateway.prompts': 'prompts of all servers are listed as server__prompt and fetched',
  }),
  ...madeIn('MCP 2025-11-25, server/utilities', {
    'gateway.completions':
      'completions for prompt arguments and resource templates come from the server that owns them',
    'gateway.logging': 'log messages of servers reach agents at the level they asked for',
    'gateway.pagination': 'merged lists are paged with cursors of our own, and a foreign cursor is refused',
  }),
  ...madeIn('MCP 2025-11-25, basic/utilities', {
    'gateway.progress': 'every progress message of a call reaches the agent that asked, with its own token',
    'gateway.cancellation': 'a cancelled call is cancelled at the server',
  }),
  ...madeIn('MCP 2025-11-25, client', {
    'gateway.elicitation':
      'a question of a server, as form or URL, reaches the agent, and the answer reaches the server',
    'gateway.sampling': 'a sampling request reaches the agent, and the answer reaches the server',
    'gateway.roots': 'roots come from the agent during a call, and from the configuration outside of one',
  }),
  ...madeIn('MCP 2025-11-25, server/tools#list-changed-notification', {
    'gateway.list-changed': 'a changed list of a server is announced to agents, and the new list is served',
  }),
  ...madeIn('MCP 2025-11-25, basic/transports#streamable-http', {
    'gateway.sessions':
      'sessions are begun, required, ended by DELETE and by idleness, and bound to the token that began them',
    'gateway.streams':
      'the GET stream carries what a server sends outside of calls, and a broken stream is resumed without losing an event',
    'gateway.status-codes':
      'wrong path, method, content type, accept header, version or an oversized body get the status the specification names',
    'gateway.host-and-origin': 'a foreign Host or Origin is refused with 403',
  }),
  ...madeIn('docs/start.md', {
    'gateway.one-server': '/mcp/<server> and stdio --server serve one server under its own names, with nothing added',
    'gateway.names': 'exposed names are safe, unique, within 48 characters, and the same from run to run',
    'gateway.tokens': 'HTTP wants a token that is known, and auth = "none" is possible on loopback only',
    'gateway.limits': 'sessions and requests per caller are limited, and other callers do not notice',
    'gateway.healthz': '/healthz answers without a token and tells nothing about servers',
  }),
};

const reload = madeIn('docs/config.md', {
  'reload.second': 'an edit takes effect within a second, and agents get list_changed',
  'reload.keeps': 'unchanged connections stay, and calls in flight finish',
  'reload.broken': 'a broken edit keeps the last good state and says so',
});

const cli = {
  ...madeIn('docs/codex-compat.md', {
    'cli.mcp-list':
      'mcp list --json and mcp get --json have the shape of Codex plus origin and state, with values masked',
    'cli.mcp-add': 'mcp add, remove, enable and disable take the flags of Codex and change the configuration',
    'cli.connect': 'connect codex writes the stdio form, can move servers over, and --undo puts everything back',
  }),
  ...madeIn('docs/start.md', {
    'cli.mcp-logs': 'mcp logs shows what a server wrote, -f follows it, and mcp restart starts it anew',
    'cli.tools': 'tools list, show and call do from the shell what an agent does',
    'cli.doctor': 'doctor really connects to every server at once and gives each its state, reason and next step',
    'cli.token':
      'token create shows a token once, list never shows it, revoke ends it at once, and only a hash is stored',
    'cli.config': 'config get, set, unset, path, trust and explain work on the layers they name',
    'cli.completion': 'completion prints a script for each shell, and it completes commands and server names',
    'cli.output':
      'without a terminal or with NO_COLOR output is plain lines, and with --json errors are JSON on stderr',
  }),
  ...madeIn('docs/errors.md', {
    'cli.exit-codes':
      'exit statuses are those of the table, and the first of 2, 1, 4, 3, 5 when there are several problems',
  }),
};

const secrets = madeIn('docs/secrets.md', {
  'secrets.set': 'secret set stores a value, encrypted, for the consumers it names, from a pipe, a variable or a file',
  'secrets.prompt':
    'on a terminal the value is asked for and nothing of it is shown; Ctrl-C stores nothing, and a paste of several lines is explained',
  'secrets.list':
    'secret list shows names, consumers, where values came from and which servers ask for them, never values',
  'secrets.transfer':
    'an export opens with the key of its recipient only, and is taken over by another home without overwriting what differs',
  'secrets.rotate': 'rotate encrypts everything to a new key and does away with the old one',
  'secrets.passphrase': 'the key can be under a passphrase, from a file or a variable, and without it nothing opens',
  'secrets.keyring':
    'where a keyring works, the key is in it and in no file; locked or gone, it is said within a second',
  'secrets.keyring-only': 'with secrets_store = "keyring" and no keyring nothing is stored, with exit status 3',
  'secrets.moves': 'when secrets_store changes, the next use moves the key, and no value is lost',
  'secrets.age': 'secrets.age, identity.txt and exports are files that age itself opens',
  'secrets.never-shown': 'no value, and no encoding of one, is in any output, error, file or command line',
  'secrets.damaged': 'a damaged secrets.age is said, and kept aside, never overwritten',
  'secrets.killed':
    'with eight processes writing and killed at random, nothing acknowledged is lost and the file always opens',
});

const values = {
  ...madeIn('docs/plugin-authors.md', {
    'values.overlay-env':
      'a table with nothing but env is laid over the server of a plugin: the variable arrives, and everything else is as the plugin says',
    'values.optional':
      'without its value an optional setting leaves its variable out and the server starts; with one it arrives',
    'values.required':
      'a server that wants a setting without a value is NEEDS_CONFIG, with the command that asks for it',
    'values.once':
      'a token that is set once reaches its server from an empty environment, after an upgrade, a move of the store and a restart',
    'values.families': 'settings work alike in the files of Codex, Claude and Agent Plugins',
    'values.restart': 'a value that changes restarts just the servers that use it, and the session of an agent stays',
    'values.least': 'a value reaches the server that declares it, and no sibling, other program, output, log or file',
  }),
  ...madeIn('docs/config.md', {
    'values.overlay':
      'every key of a server can be laid over the server of a plugin, in every layer, however the plugin is written',
    'values.overlay-named':
      'an overlay that fits two plugins is named with the lines to write, and one whose plugin is gone too',
    'values.order':
      'a variable comes from the env_file, the secret store, the environment or env, the last counting most',
    'values.providers':
      'a program of [secret_providers] is asked for a value when a server starts, and a slow one delays nobody else',
    'values.headers': 'headers of HTTP servers are filled in like variables',
    'values.in-args': 'a secret is put into an argument or address only where the user allows it',
  }),
  ...madeIn('examples/settings/README.md', {
    'values.example': 'the example of a plugin with settings does what its page says',
  }),
  ...madeIn('docs/threat-model.md', {
    'values.hostile': 'a plugin gets no variable, secret or file that was not shown when its user agreed',
  }),
};

const faults = {
  ...madeIn('docs/config.md', {
    'fault.invalid-toml': 'a file that is not TOML is reported with line and column',
    'fault.wrong-types': 'a value of the wrong type is reported with file, line, column and key, and other servers run',
    'fault.bad-entry': 'a server with a bad name, no transport, or both, is invalid, and other servers run',
    'fault.config-deleted': 'deleting the configuration of a running host is reported and does no harm',
  }),
  ...madeIn('docs/errors.md', {
    'fault.command-not-found': 'a command that does not exist is a state that names it and what to do',
    'fault.garbage': 'a server that prints lines that are not MCP is reported, and its proper messages still count',
    'fault.huge-line': 'a line of 200 MB ends that connection with a clear error, and memory stays bounded',
    'fault.exits-at-once': 'a server that exits at once is a state with its exit code and last stderr lines',
    'fault.hangs': 'a server that hangs in initialize or in tools/list times out alone',
    'fault.answers-twice': 'a second answer to the same request is dropped',
    'fault.dies-mid-call': 'a call to a server that dies is answered with an error at once',
    'fault.floods-stderr': 'a server that floods stderr slows nobody and fills no memory',
    'fault.invalid-schema': 'a tool with an invalid schema hides no other tool',
    'fault.http-auth': '401 and 403 of a server are the state auth_required',
    'fault.http-status': '404 and 500 of a server are states that name the status',
    'fault.http-redirect': 'a redirect to another origin is not followed, and no credential goes there',
    'fault.http-slow': 'a slow HTTP server times out alone',
    'fault.http-half-closed': 'a connection that breaks in the middle of an answer is an error of that call only',
    'fault.http-content-type': 'an answer with a wrong content type is a coded error',
    'fault.agent-disconnects': 'when an agent disconnects in a call, the call is cancelled at the server',
    'fault.agent-invalid-json': 'invalid JSON from an agent is answered with a parse error, and the session goes on',
    'fault.agent-unknown-method': 'an unknown method is answered with -32601',
    'fault.agent-wrong-session': 'a wrong session id is answered with 404, and a missing one with 400',
    'fault.agent-no-token': 'a request without a token is answered with 401',
    'fault.agent-many-sessions': '100 sessions at once are served',
    'fault.port-in-use': 'a port in use is a coded error that names another way',
    'fault.log-disk-full': 'a full disk under the logs stops nothing else',
  }),
  ...madeIn('docs/codex-compat.md', {
    'fault.codex-probes': 'the unauthenticated GET, HEAD and .well-known probes of Codex are answered with 404 or 405',
  }),
};

const processes = madeIn('docs/architecture.md', {
  'shared.writes': 'of 100 writes that two agents make through one server on one file, every acknowledged one is there',
  'processes.stdin-close': 'no process is left after the agent closes stdin',
  'processes.signals':
    'no process is left after SIGINT and SIGTERM, with servers that ignore SIGTERM and have grandchildren',
  'processes.host-killed': 'no process is left after a SIGKILL of the host',
  'processes.pipe-killed': 'no process is left after a SIGKILL of the pipe or of the agent',
});

const pluginChanges = {
  ...madeIn('docs/architecture.md', {
    'plugins.whole':
      'a change of plugins that is killed at any moment, or that cannot be written, leaves what was there or what was to be',
    'plugins.together': 'processes that change plugins at once take turns, and none loses what it did',
  }),
  ...madeIn('docs/threat-model.md', {
    'plugins.hostile':
      'a plugin with paths or links that lead out, with devices or beyond the limits is refused, from folders, git and npm',
    'plugins.as-asked': 'what is not the commit, package or archive that was asked for is not installed',
  }),
};

const pluginServers = madeIn('docs/config.md', {
  'plugins.run':
    'the servers of a plugin run beside those of config.toml, in the folder of the plugin and with its variables',
  'plugins.policy': 'a policy turns a server of a plugin on and off and narrows its tools, and commands edit it',
  'plugins.conflict': 'two plugins with a server of one name keep both, under names of their own',
  'plugins.tampered': 'a server of a plugin whose files were changed is not started, and the path is named',
  'plugins.removed':
    'a plugin that is removed while its server runs: the running call is answered, and the server ends',
  'plugins.requirements': 'what requirements do not allow of a plugin is blocked, and the file is named',
});

const pluginCommands = {
  ...madeIn('docs/start.md', {
    'plugins.marketplaces':
      'marketplaces are added from folders and git repositories, listed with your own and that of the repository, and removed',
    'plugins.add':
      'plugin add shows what a plugin runs and contacts, asks, installs and enables it, and leaves a receipt',
    'plugins.requests':
      'what a plugin asks for to loosen a limit is a question of its own, and is granted without a terminal only by an option',
    'plugins.upgrade':
      'an upgrade shows what is different, and one that would do more is not made unless somebody agrees',
    'plugins.marketplace-upgrade':
      'marketplace upgrade fetches git marketplaces, upgrades what came from them, and one that fails stops no other',
    'plugins.rollback': 'a version that was installed before can be put back, also when its marketplace is gone',
    'plugins.repair': 'adding a plugin again does nothing, unless its files were changed: then it repairs them',
    'plugins.switch': 'plugins are enabled, disabled and removed, and a running host follows at once',
    'plugins.sources': 'plugins come from folders, git repositories and an npm registry',
    'plugins.by-default':
      'what a marketplace wants installed by default is offered, and installed only where requirements list it and allow its source',
  }),
  ...madeIn('docs/codex-compat.md', {
    'plugins.json': 'plugin and marketplace commands print the JSON of Codex and more',
    'plugins.inventory':
      'plugin list and plugin show say what each plugin brings, needs and is, with policies, state and receipt',
  }),
};

const settings = madeIn('docs/secrets.md', {
  'settings.options':
    'plugin configure takes values from options, standard input, variables and files, checks them all, and stores each where it belongs',
  'settings.state': 'plugin configure --json says which settings are set and where, and never a value',
  'settings.nobody':
    'where nobody can be asked, plugin configure names each setting that is missing, with a line to write',
  'settings.prompt':
    'on a terminal plugin configure asks for each setting, shows nothing of what is sensitive, and asks again for what is wrong',
  'settings.stopped': 'Ctrl-C while settings are asked for stores nothing of what was answered before',
  'settings.browser':
    'a page of this machine takes the settings in one browser, says what is wrong in its place, and closes when it was saved',
  'settings.page-guard': 'the page answers to nobody who has not its address, its name, and its cookie',
  'settings.install':
    'plugin add asks for required settings where a person is there and the marketplace wants it, and else says the next step',
  'settings.show': 'plugin show says which settings of a plugin are set',
});

const agreement = madeIn('docs/plugins.md', {
  'plugins.defaults':
    'what a setting is by default is shown before a plugin is enabled, and an upgrade that changes it asks again',
  'plugins.given':
    'what the configuration of the user gives to a server by its name is shown before a plugin gets it, and somebody has to agree',
  'plugins.stored':
    'values stored for a plugin are not given to one of the same name from another source unless somebody agrees',
});

const maintainers = madeIn('docs/plugins.md', {
  'plugins.validate':
    'plugin validate names every problem of a bundle with file, line, column and code, and what each client makes of it',
  'plugins.validate.strict': 'with --strict the rules of stores are errors',
  'plugins.validate.zip':
    'a zip file is validated like its folder, one that is not safe is refused, and nothing is left behind',
  'plugins.validate.sarif': 'validate --sarif prints SARIF 2.1.0 with files relative to the working folder',
  'plugins.validate.fix': 'validate --fix corrects what leaves no choice, keeps the layout, and says what it did',
  'plugins.new': 'a new plugin validates strictly, its test passes, and it can be installed from its own marketplace',
  'plugins.dev':
    'plugin dev serves one plugin at an endpoint of its own, and follows changes of declarations and programs',
  'plugins.dev.half': 'what is half-written does not count: the last that could be read stays in force',
});

export const REQUIREMENTS = {
  ...serve,
  ...config,
  ...host,
  ...upstreams,
  ...gateway,
  ...reload,
  ...cli,
  ...secrets,
  ...values,
  ...faults,
  ...processes,
  ...pluginChanges,
  ...pluginServers,
  ...pluginCommands,
  ...agreement,
  ...maintainers,
  ...settings,
};

export type RequirementId = keyof typeof REQUIREMENTS;
