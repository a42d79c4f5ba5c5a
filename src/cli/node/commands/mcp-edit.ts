import {
  addServer,
  type Config,
  explain,
  get,
  type Origin,
  parseLayer,
  removeServer,
  renderKey,
  setKey,
  unsetKey,
} from '../../../config/index.ts';
import { AppError, isJsonObject, printableLine } from '../../../kernel/index.ts';
import { parseNewServer } from '../../add-server.ts';
import { type ServerEdited, switchedReport } from '../../server-edited.ts';
import type { CliCommand, CliContext } from '../context.ts';
import { calledByPlugins, loadServers, ofPlugin, type PluginServerKnown } from '../known-servers.ts';
import { setPluginServerEnabled } from '../plugin-server-switch.ts';

import {
  brokenFile,
  type ConfigState,
  editUserConfig,
  freshNotes,
  noSuchServer,
  skippedFiles,
  userFile,
} from '../user-config.ts';

const NAME = { name: 'NAME', help: 'name of the server', required: true } as const;

const edited = {
  render: ({ message, where, notes }: ServerEdited): string =>
    [message, `  ${where}`, ...notes.map((note) => printableLine(`note: ${note}`))].join('\n'),
  exitCode: () => 0,
};

export const mcpAdd: CliCommand<ServerEdited> = {
  name: 'mcp add',
  summary: 'Add a server to the configuration',
  examples: [
    'plugboard mcp add memory -- npx -y @modelcontextprotocol/server-memory',
    'plugboard mcp add github --env-var GITHUB_TOKEN -- github-mcp-server stdio',
    'plugboard mcp add docs --url https://mcp.example.com/mcp --bearer-token-env-var DOCS_TOKEN',
  ],
  args: [NAME, { name: 'COMMAND', help: 'program and arguments, after --', required: false, rest: true }],
  options: [
    { name: 'env', value: 'KEY=VALUE', many: true, help: 'environment variable with a literal value' },
    {
      name: 'env-var',
      value: 'NAME',
      many: true,
      help: 'environment variable to hand over: from the environment, then from the secret store',
    },
    { name: 'env-file', value: 'FILE', help: 'file with further variables, one NAME=VALUE a line' },
    { name: 'cwd', value: 'DIR', help: 'folder the program starts in' },
    { name: 'url', value: 'URL', help: 'address of a Streamable HTTP server' },
    { name: 'bearer-token-env-var', value: 'NAME', help: 'environment variable that holds the bearer token' },
    { name: 'header', value: 'NAME=VALUE', many: true, help: 'HTTP header with a literal value' },
    { name: 'env-header', value: 'NAME=VARIABLE', many: true, help: 'HTTP header with the value of a variable' },
    { name: 'startup-timeout', value: 'SECONDS', help: 'how long it may take to start (default: 30)' },
    { name: 'tool-timeout', value: 'SECONDS', help: 'how long a tool may take (default: 300)' },
    { name: 'disabled', help: 'add it without starting it' },
    { name: 'force', help: 'replace a server of the same name' },
  ],
  run: async (context, input) => {
    const { name, table, notes } = parseNewServer(input, context.cwd);
    const force = input.flags.has('force');
    let replaced = false;
    const ofPlugins = calledByPlugins(await loadServers(context, { namesOnly: true }), name);
    const edit = await editUserConfig(context, (text, evaluate) => {
      const origin = evaluate(text).config.servers.get(name)?.origin ?? originIn(text, name, userFile(context));
      if (origin !== undefined && !force) throw exists(name, placeOf(origin));
      replaced = origin !== undefined;
      return addServer(text, name, table);
    });
    return {
      schemaVersion: 1,
      name,
      changed: edit.changed,
      where: whereIs(edit.after, name) ?? edit.file,
      message: `${replaced ? 'Replaced' : 'Added'} MCP server '${name}'.`,
      notes: [...notes, ...freshNotes(edit), ...ofPlugins.map(replacesNote)],
    };
  },
  ...edited,
};

export const mcpRemove: CliCommand<ServerEdited> = {
  name: 'mcp remove',
  summary: "Remove a server from the user's configuration",
  args: [NAME],
  options: [],
  run: async (context, input) => {
    const name = input.args['NAME'] ?? '';
    const edit = await editUserConfig(context, (text) => removeServer(text, name));
    const known = await loadServers(context, { namesOnly: true });
    const ofThePlugin = ofPlugin(known, name);
    const ofPlugins = calledByPlugins(known, name);
    if (!edit.changed && ofThePlugin !== null) throw notRemovable(ofThePlugin);
    const left = whereIs(edit.after, name);
    if (!edit.changed && left !== null) {
      throw new AppError('NOT_FOUND', `'${name}' is not in the file that this command changes, ${edit.file}`, {
        where: left,
        hint: `run: plugboard mcp disable ${name}`,
      });
    }
    if (!edit.changed) throw noSuchServer(name, known.entries.keys());
    const notes = [
      ...(left === null ? [] : [`another file still has it: ${left}`]),
      ...ofPlugins.map(({ owner }) => `the server '${owner.server}' of the plugin ${owner.pluginId} counts again`),
    ];
    return {
      schemaVersion: 1,
      name,
      changed: true,
      where: edit.file,
      message: `Removed MCP server '${name}'.`,
      notes,
    };
  },
  ...edited,
};

export const mcpEnable: CliCommand<ServerEdited> = {
  name: 'mcp enable',
  summary: 'Let a server start again',
  args: [NAME],
  options: [],
  run: (context, input) => setEnabled(context, input.args['NAME'] ?? '', true),
  ...edited,
};

export const mcpDisable: CliCommand<ServerEdited> = {
  name: 'mcp disable',
  summary: 'Keep a server from starting, whichever file defines it',
  args: [NAME],
  options: [],
  run: (context, input) => setEnabled(context, input.args['NAME'] ?? '', false),
  ...edited,
};

/**
 * Writes `enabled` into the user's file; to enable, first by taking the key out.
 *
 * @throws AppError `NOT_FOUND`, `CONFIG_EDIT_REFUSED` when a file that counts more says otherwise
 */
async function setEnabled(context: CliContext, name: string, wanted: boolean): Promise<ServerEdited> {
  const known = await loadServers(context, { namesOnly: true });
  const ofThePlugin = ofPlugin(known, name);
  if (ofThePlugin !== null) return setPluginServerEnabled(context, { known, server: ofThePlugin, wanted });
  const namesakes = calledByPlugins(known, name);
  const key = ['mcp_servers', name, 'enabled'];
  // What is left without an entry is not turned off.
  const isSo = (config: Config): boolean => (config.servers.get(name)?.enabled ?? true) === wanted;
  const edit = await editUserConfig(context, (text, evaluate) => {
    const { config, layers } = evaluate(text);
    if (!config.servers.has(name)) {
      throw (
        brokenFile(skippedFiles(layers.flatMap(({ issues }) => issues))) ??
        (namesakes.length > 1 ? severalPlugins(name, namesakes) : noSuchServer(name, known.entries.keys()))
      );
    }
    if (isSo(config)) return text;
    const without = wanted ? withoutEmpty(unsetKey(text, key), name) : text;
    const next = isSo(evaluate(without).config) ? without : setKey(text, key, wanted);
    const after = evaluate(next).config;
    if (isSo(after)) return next;
    throw new AppError(
      'CONFIG_EDIT_REFUSED',
      `'${name}' is ${wanted ? 'disabled' : 'enabled'} by what counts more than the user's file`,
      {
        where: placeOf(after.servers.get(name)?.enabledOrigin),
        hint: 'change it there',
      },
    );
  });
  const notes = [...freshNotes(edit), ...(namesakes.length > 1 ? [`that is for ${listed(namesakes)}`] : [])];
  return switchedReport({ name, wanted }, { ...edit, said: whereIs(edit.after, name) }, notes);
}

/** A name that several plugins give to a server of theirs. */
function severalPlugins(name: string, servers: readonly PluginServerKnown[]): AppError {
  return new AppError('NOT_FOUND', `'${name}' is a server of several plugins`, {
    hint: `give one of ${listed(servers)}`,
  });
}

function listed(servers: readonly PluginServerKnown[]): string {
  return servers.map((server) => server.name).join(' and ');
}

function replacesNote({ owner }: PluginServerKnown): string {
  return `it replaces the server '${owner.server}' of the plugin ${owner.pluginId}`;
}

function notRemovable({ name, owner: { pluginId } }: PluginServerKnown): AppError {
  return new AppError('NOT_FOUND', `'${name}' comes from the plugin ${pluginId}, and stands in no file of yours`, {
    hint: `run: plugboard plugin remove ${pluginId}, or plugboard mcp disable ${name}`,
  });
}

/** Takes out what is left of an overlay when its last key is gone. */
function withoutEmpty(text: string, name: string): string {
  const left = get({ layers: [parseLayer(text, 'config.toml')] }, renderKey(['mcp_servers', name]));
  return isJsonObject(left) && Object.keys(left).length === 0 ? removeServer(text, name) : text;
}

/** Where a text has an entry of that name, also one that starts Plugboard and so is no server. */
function originIn(text: string, name: string, file: string): Origin | undefined {
  return explain({ layers: [parseLayer(text, file)] }, renderKey(['mcp_servers', name])).layers[0];
}

function exists(name: string, where: string): AppError {
  return new AppError('SERVER_EXISTS', `an MCP server named '${name}' exists`, { where });
}

function whereIs({ config }: ConfigState, name: string): string | null {
  const entry = config.servers.get(name);
  return entry === undefined ? null : placeOf(entry.origin);
}

function placeOf(origin: Origin | undefined): string {
  if (origin === undefined || origin.file === null) return '-c';
  return [origin.file, origin.line].filter((part) => part !== null).join(':');
}
