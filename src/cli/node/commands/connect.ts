import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { privateFolder } from '../../../api/node/index.ts';
import { addServer, parseLayer, removeServer, setKey, type TomlInputTable, unsetKey } from '../../../config/index.ts';
import { editFile } from '../../../config/node/index.ts';
import { AppError, issueLocation, printableLine } from '../../../kernel/index.ts';
import { declaredEnvNames } from '../../../servers/index.ts';
import {
  type CodexServer,
  type CodexServers,
  isUnchanged,
  type LinkRecord,
  linkKeysOf,
  linkTable,
  movedTable,
  planMove,
  readCodexServers,
  serverTables,
  withLink,
} from '../../codex-link.ts';
import { type ConnectReport, renderConnect } from '../../render-connect.ts';
import type { CliCommand, CliContext } from '../context.ts';
import { editPlace } from '../edit-place.ts';
import { loadServers } from '../known-servers.ts';
import { readRecords, writeRecord } from '../link-records.ts';
import { launchWords } from '../self.ts';
import { editUserConfig, freshNotes } from '../user-config.ts';

const connectCodex: CliCommand<ConnectReport> = {
  name: 'connect codex',
  summary: "Write the stdio form into Codex's config.toml",
  examples: ['plugboard connect codex', 'plugboard connect codex --move', 'plugboard connect codex --undo'],
  args: [],
  options: [
    { name: 'print', help: 'only show what would be written' },
    { name: 'move', help: 'move the servers that Codex has into Plugboard' },
    { name: 'undo', help: 'put everything back' },
  ],
  run: async (context, input) => {
    const file = codexFile(context);
    if (input.flags.has('undo') && input.flags.size > 1)
      throw new AppError('USAGE', '--undo goes with neither --print nor --move', { hint: 'give one of them' });
    if (input.flags.has('print')) return printed(context, file);
    privateFolder(context.home);
    return input.flags.has('undo') ? undo(context, file) : connect(context, file, input.flags.has('move'));
  },
  render: renderConnect,
  exitCode: () => 0,
};

export const connectCommands = [connectCodex] as readonly CliCommand[];

function codexFile({ env, home }: CliContext): string {
  return join(env['CODEX_HOME'] || join(env['HOME'] || env['USERPROFILE'] || home, '.codex'), 'config.toml');
}

async function printed(context: CliContext, file: string): Promise<ConnectReport> {
  const toml = addServer('', 'plugboard', await linkFor(context));
  return { schemaVersion: 1, agent: 'codex', action: 'print', changed: false, file, toml, servers: [], notes: [] };
}

async function connect(context: CliContext, file: string, move: boolean): Promise<ConnectReport> {
  const text = await readCodex(file);
  const codex = serversIn(context, file, text ?? '');
  const foreign = codex.config.servers.get('plugboard');
  if (codex.linkName === null && foreign !== undefined) {
    throw new AppError('CONNECT_TARGET', "Codex has a server named 'plugboard' that does not start Plugboard", {
      where: [file, foreign.origin.line].join(':'),
      hint: 'rename that server first',
    });
  }
  const plan = await planFor(context, file, { codex, move });
  const linkName = codex.linkName ?? 'plugboard';
  const moving = plan.filter(({ action }) => action === 'move').map(({ name }) => name);
  await remember(context, file, { codex, created: text === null, linkName, moving });
  const moved = moving.length === 0 ? [] : await copyInto(context, codex, moving);
  const link = await linkFor(context);
  const changed = await editCodex(context, file, (before) => {
    const linked = withLink(before, linkName, link);
    return moving.reduce((next, name) => setKey(next, ['mcp_servers', name, 'enabled'], false), linked);
  });
  const left = plan.filter(({ action, why }) => action === 'keep' && why === NOT_ASKED);
  const notes =
    left.length === 0
      ? moved
      : [...moved, `Codex starts ${left.map(({ name }) => name).join(', ')} by itself; --move moves them`];
  return {
    schemaVersion: 1,
    agent: 'codex',
    action: 'connect',
    changed,
    file,
    toml: addServer('', linkName, link),
    servers: plan,
    notes,
  };
}

const NOT_ASKED = 'not asked to move';

/** Which servers move: those that can, if the user said so, by option or when asked. */
async function planFor(
  context: CliContext,
  file: string,
  { codex, move }: { readonly codex: CodexServers; readonly move: boolean },
): Promise<readonly CodexServer[]> {
  const [{ servers }, records] = await Promise.all([
    loadServers(context, { namesOnly: true }),
    readRecords(context.home),
  ]);
  const earlier = new Set(records[file]?.moved.map(({ name }) => name));
  const plan = planMove(codex, new Set(servers.map(({ name }) => name)), earlier);
  const names = plan.filter(({ action }) => action === 'move').map(({ name }) => name);
  if (names.length === 0 || move || (await agrees(context, names))) return plan;
  return plan.map((server) => (server.action === 'move' ? { ...server, action: 'keep', why: NOT_ASKED } : server));
}

async function agrees({ interactive, globals }: CliContext, names: readonly string[]): Promise<boolean> {
  if (!interactive || globals.json) return false;
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const over = new Promise<string>((resolve) => reader.once('close', () => resolve('')));
    const question = reader.question(
      `Codex has servers of its own: ${printableLine(names.join(', '))}.\nMove them into Plugboard, so that they are not started twice? [y/N] `,
    );
    return /^y(?:es)?$/i.test((await Promise.race([question, over])).trim());
  } finally {
    reader.close();
  }
}

/** What Codex runs to reach Plugboard as it is configured now. */
async function linkFor(context: CliContext): Promise<TomlInputTable> {
  const { configArgs, env, home, cwd } = context;
  const { servers } = await loadServers(context, { namesOnly: true });
  const [command = '', ...words] = launchWords(env, cwd);
  const usual = join(env['HOME'] || env['USERPROFILE'] || '', '.plugboard');
  return linkTable({
    command,
    args: [
      ...words,
      'stdio',
      '--agent',
      'codex',
      ...(configArgs.file === null ? [] : ['--config', configArgs.file]),
      ...configArgs.overrides.flatMap((override) => ['-c', override]),
      ...(configArgs.project === null ? [] : ['--project', configArgs.project]),
    ],
    home: home === usual ? null : home,
    envNames: declaredEnvNames(servers),
  });
}

/** Written before anything is changed, so that `--undo` knows it whatever happens then. What an earlier run changed stays. */
async function remember(
  { home }: CliContext,
  file: string,
  now: {
    readonly codex: CodexServers;
    readonly created: boolean;
    readonly linkName: string;
    readonly moving: readonly string[];
  },
): Promise<void> {
  const earlier = (await readRecords(home))[file];
  const moved = now.moving.map((name) => ({
    name,
    enabledWritten: now.codex.tables[name]?.['enabled'] !== undefined,
  }));
  const entry = now.codex.tables[now.linkName];
  const record: LinkRecord = {
    createdFile: earlier?.createdFile ?? now.created,
    linkName: now.linkName,
    former: entry === undefined ? null : earlier?.linkName === now.linkName ? earlier.former : linkKeysOf(entry),
    moved: [...(earlier?.moved.filter(({ name }) => !now.moving.includes(name)) ?? []), ...moved],
  };
  await writeRecord(home, file, record);
}

/** What is to be said of them now that they are Plugboard's. */
async function copyInto(
  context: CliContext,
  codex: CodexServers,
  names: readonly string[],
): Promise<readonly string[]> {
  const edit = await editUserConfig(context, (text) =>
    names.reduce((next, name) => addServer(next, name, movedTable(codex.tables[name] ?? {})), text),
  );
  return freshNotes(edit);
}

async function undo(context: CliContext, file: string): Promise<ConnectReport> {
  const text = await readCodex(file);
  const codex = serversIn(context, file, text ?? '');
  const record = (await readRecords(context.home))[file] ?? null;
  const moved = (record?.moved ?? []).filter(({ name }) => codex.tables[name]?.['enabled'] === false);
  const stay = await takeBack(
    context,
    codex,
    moved.map(({ name }) => name),
  );
  const unknown =
    record === null && codex.linkName !== null
      ? [`'${codex.linkName}' starts Plugboard and was not written from this home: it stays`]
      : [];
  const changed =
    text !== null &&
    (await editCodex(context, file, (before) => {
      const unlinked = withoutLink(before, codex, record);
      return moved.reduce((next, { name, enabledWritten }) => {
        const key = ['mcp_servers', name, 'enabled'];
        return enabledWritten ? setKey(next, key, true) : unsetKey(next, key);
      }, unlinked);
    }));
  if (record?.createdFile === true && ((await readCodex(file)) ?? '').trim() === '') await rm(file, { force: true });
  await writeRecord(context.home, file, null);
  return {
    schemaVersion: 1,
    agent: 'codex',
    action: 'undo',
    changed,
    file,
    toml: '',
    servers: [],
    notes: [...stay, ...unknown],
  };
}

/** The entry goes if `connect` made it; one that was there before gets our keys back as they were. */
function withoutLink(text: string, { tables }: CodexServers, record: LinkRecord | null): string {
  if (record === null || tables[record.linkName] === undefined) return text;
  return record.former === null ? removeServer(text, record.linkName) : withLink(text, record.linkName, record.former);
}

/** Takes the moved servers out of Plugboard's file, but for those that were changed there since. */
async function takeBack(
  context: CliContext,
  codex: CodexServers,
  names: readonly string[],
): Promise<readonly string[]> {
  if (names.length === 0) return [];
  let changedSince: readonly string[] = [];
  await editUserConfig(context, (text) => {
    const own = serverTables(parseLayer(text, 'config.toml'));
    changedSince = names.filter((name) => own[name] !== undefined && !isUnchanged(own[name], codex.tables[name]));
    return names.filter((name) => !changedSince.includes(name)).reduce(removeServer, text);
  });
  return changedSince.map((name) => `'${name}' was changed in Plugboard since, and stays there too`);
}

/** null when there is no such file. */
async function readCodex(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null;
    throw untouched(file, 'cannot be read', error);
  }
}

function serversIn({ env }: CliContext, file: string, text: string): CodexServers {
  const layer = parseLayer(text, file);
  const [problem] = layer.issues;
  if (problem !== undefined) {
    throw new AppError('CONNECT_TARGET', `Codex's configuration is ${problem.message}; it is untouched`, {
      where: issueLocation(problem) ?? file,
      hint: 'correct this line, or write by hand what --print shows',
    });
  }
  return readCodexServers(layer, env['HOME'] || env['USERPROFILE'] || null);
}

async function editCodex(context: CliContext, file: string, edit: (text: string) => string): Promise<boolean> {
  try {
    return await editFile(editPlace(context, file), edit);
  } catch (error) {
    throw untouched(file, 'cannot be changed', error);
  }
}

function untouched(file: string, what: string, error: unknown): AppError {
  const why = error instanceof AppError ? `: ${error.message}` : '';
  return new AppError('CONNECT_TARGET', `Codex's configuration ${what}${why}; it is untouched`, {
    where: error instanceof AppError ? (error.where ?? file) : file,
    hint: 'write by hand what --print shows',
    cause: error,
  });
}
