import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  countsAtStart,
  type Explained,
  explain,
  type KeyPath,
  parseKey,
  parseValue,
  renderKey,
  setKey,
  type TomlInput,
  unsetKey,
} from '../../../config/index.ts';
import { type LoadedConfig, loadConfig, pathsOf, trustProject } from '../../../config/node/index.ts';
import { AppError, commandLine, type JsonValue, printableLine } from '../../../kernel/index.ts';
import type { Input } from '../../command.ts';
import { type ExplainedServer, explainServer } from '../../explain-server.ts';
import { renderExplained, valueText } from '../../render-config.ts';
import { renderTable } from '../../render-table.ts';
import type { CliCommand, CliContext } from '../context.ts';
import { brokenFile, editUserConfig, freshNotes, sayBroken, userFile } from '../user-config.ts';

const KEY = { name: 'KEY', help: 'dotted key as in TOML, such as mcp_servers.docs.enabled', required: true } as const;
const SHOW_VALUES = { name: 'show-values', help: 'show the values of env and headers' } as const;

const configExplain: CliCommand<{ readonly schemaVersion: 1 } & (Explained | ExplainedServer)> = {
  name: 'config explain',
  summary: 'Say which file and line a value comes from',
  examples: ['plugboard config explain mcp_servers.docs.env.TOKEN'],
  args: [KEY],
  options: [SHOW_VALUES],
  run: async (context, input) => {
    const { loaded, explained } = await explainKey(context, input);
    sayBroken(context, loaded.brokenFiles);
    return { schemaVersion: 1, ...explained() };
  },
  render: renderExplained,
  exitCode: () => 0,
};

/** What is said of a key: by the files of a plugin too, where it is one of a plugin's server. */
async function explainKey(
  context: CliContext,
  input: Input,
): Promise<{ readonly loaded: LoadedConfig; readonly explained: () => Explained | ExplainedServer }> {
  const key = input.args['KEY'] ?? '';
  const options = { showValues: input.flags.has('show-values') };
  const [first = ''] = parseKey(key) ?? [];
  if (!['mcp_servers', 'plugins'].includes(first) || !existsSync(join(context.home, 'plugins'))) {
    const loaded = await loadConfig(context.loadOptions);
    return { loaded, explained: () => explain(loaded, key, options) };
  }
  const { loadServers } = await import('../known-servers.ts');
  const { loaded, servers, parts } = await loadServers(context, { namesOnly: true });
  return {
    loaded,
    explained: () =>
      explainServer({ servers, parts, layers: loaded.layers }, key, options) ?? explain(loaded, key, options),
  };
}

type Got = { readonly schemaVersion: 1; readonly key: string; readonly value: JsonValue };

const configGet: CliCommand<Got> = {
  name: 'config get',
  summary: 'Print a value after all layers, or its default',
  args: [KEY],
  options: [SHOW_VALUES],
  run: async (context, input) => {
    const { loaded, explained } = await explainKey(context, input);
    const { key, value } = explained();
    if (value === undefined) throw brokenFile(loaded.brokenFiles) ?? notSet(key);
    sayBroken(context, loaded.brokenFiles);
    return { schemaVersion: 1, key, value };
  },
  render: ({ value }) => valueText(value),
  exitCode: () => 0,
};

type KeyEdited = {
  readonly schemaVersion: 1;
  readonly key: string;
  readonly file: string;
  readonly changed: boolean;
  readonly message: string;
  readonly notes: readonly string[];
};

const edited = {
  render: ({ message, file, notes }: KeyEdited): string =>
    [message, `  ${file}`, ...notes.map((note) => printableLine(`note: ${note}`))].join('\n'),
  exitCode: () => 0,
};

const configSet: CliCommand<KeyEdited> = {
  name: 'config set',
  summary: "Set a key in the user's configuration",
  examples: [
    'plugboard config set serve.port 8080',
    `plugboard config set mcp_servers.docs.enabled_tools '["search"]'`,
  ],
  args: [KEY, { name: 'VALUE', help: 'a TOML value; what is none is taken as text', required: true }],
  options: [],
  run: async (context, input) => {
    const path = pathOf(input.args['KEY']);
    const value = parseValue(input.args['VALUE'] ?? '') as TomlInput;
    const edit = await editUserConfig(context, (text) => setKey(text, path, value));
    const { rule, layers } = explain(edit.after, renderKey(path));
    const winner = layers.find(({ wins }) => wins);
    const overruled =
      rule !== 'replace' || winner === undefined || winner.file === edit.file || winner.layer === 'built_in'
        ? []
        : [`it has no effect here, because ${winner.file ?? '-c'} counts more`];
    return editedKey(edit, path, {
      message: `Set ${renderKey(path)}.`,
      notes: [...overruled, ...freshNotes(edit), ...(await laterNotes(context, edit, path))],
    });
  },
  ...edited,
};

const configUnset: CliCommand<KeyEdited> = {
  name: 'config unset',
  summary: "Take a key out of the user's configuration",
  args: [KEY],
  options: [],
  run: async (context, input) => {
    const path = pathOf(input.args['KEY']);
    const edit = await editUserConfig(context, (text) => unsetKey(text, path));
    if (!edit.changed) throw notSet(renderKey(path), edit.file);
    return editedKey(edit, path, {
      message: `Unset ${renderKey(path)}.`,
      notes: [...freshNotes(edit), ...(await laterNotes(context, edit, path))],
    });
  },
  ...edited,
};

type ConfigFile = {
  readonly layer: 'requirements' | 'system' | 'user' | 'project';
  readonly file: string;
  readonly exists: boolean;
};
type Paths = { readonly schemaVersion: 1; readonly home: string; readonly files: readonly ConfigFile[] };

const configPath: CliCommand<Paths> = {
  name: 'config path',
  summary: 'List the files that have a say, from low to high',
  args: [],
  options: [],
  run: async (context) => {
    const { requirements, system, user, project } = pathsOf(context.loadOptions);
    const row = (layer: ConfigFile['layer'], file: string): ConfigFile => ({ layer, file, exists: existsSync(file) });
    return {
      schemaVersion: 1,
      home: context.home,
      files: [
        ...requirements.map(({ file }) => row('requirements', file)),
        row('system', system),
        row('user', user),
        ...project.map((file) => row('project', file)),
      ],
    };
  },
  render: ({ files }) =>
    renderTable(
      ['Layer', 'File', ''],
      files.map(({ layer, file, exists }) => [layer, file, exists ? '' : '(not there)']),
    ),
  exitCode: () => 0,
};

type Trusted = { readonly schemaVersion: 1; readonly dir: string; readonly changed: boolean };

const configTrust: CliCommand<Trusted> = {
  name: 'config trust',
  summary: 'Trust a project folder, so that its own configuration is read',
  examples: ['plugboard config trust .'],
  args: [{ name: 'DIR', help: 'the folder', required: true }],
  options: [],
  run: async (context, input) => {
    const [{ editPlace }, { privateFolder }, { reloadRunning }] = await Promise.all([
      import('../edit-place.ts'),
      import('../../../api/node/index.ts'),
      import('../running.ts'),
    ]);
    privateFolder(context.home);
    const dir = resolve(context.cwd, input.args['DIR'] ?? '.');
    const changed = await trustProject(editPlace(context, userFile(context)), dir, context.loadOptions);
    if (changed) await reloadRunning(context);
    return { schemaVersion: 1, dir, changed };
  },
  render: ({ dir, changed }) => (changed ? `Trusted ${dir}.` : `${dir} is trusted already.`),
  exitCode: () => 0,
};

export const configCommands = [
  configExplain,
  configGet,
  configSet,
  configUnset,
  configPath,
  configTrust,
] as readonly CliCommand[];

function pathOf(key: string | undefined): KeyPath {
  const path = parseKey(key ?? '');
  if (path !== null) return path;
  throw new AppError('USAGE', `not a dotted TOML key: ${key}`, { hint: 'for example: mcp_servers.docs.command' });
}

/** What an edit of the address does not do to a host that has its endpoint open. */
async function laterNotes(
  context: CliContext,
  { changed }: { readonly changed: boolean },
  path: KeyPath,
): Promise<readonly string[]> {
  if (!changed || !countsAtStart(path)) return [];
  const { lookAtRunning } = await import('../running.ts');
  const running = await lookAtRunning(context);
  running?.control.close();
  const open = running?.status.endpoints ?? [];
  return open.length === 0 ? [] : [`it counts from the next start of plugboard serve; ${open.join(', ')} stays open`];
}

function notSet(key: string, file?: string): AppError {
  return new AppError('NOT_FOUND', `${key} is not set`, {
    hint: `see: ${commandLine(['plugboard', 'config', 'explain', key])}`,
    ...(file === undefined ? {} : { where: file }),
  });
}

function editedKey(
  edit: { readonly file: string; readonly changed: boolean },
  path: KeyPath,
  said: Pick<KeyEdited, 'message' | 'notes'>,
): KeyEdited {
  return { schemaVersion: 1, key: renderKey(path), file: edit.file, changed: edit.changed, ...said };
}
