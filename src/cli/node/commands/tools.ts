import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AppError,
  ERROR_CODES,
  type ErrorCode,
  isErrorCode,
  isJsonObject,
  type JsonObject,
  nearest,
  RPC,
  type RpcError,
} from '../../../kernel/index.ts';
import type { ServerReport } from '../../../status/index.ts';
import { type Input, worstExit } from '../../command.ts';
import { parseArguments } from '../../json-argument.ts';
import {
  listedTool,
  renderResult,
  renderTool,
  renderToolList,
  type ShownTool,
  type ToolList,
} from '../../render-tools.ts';
import { exitOfState } from '../../state-exit.ts';
import type { CliCommand, CliContext } from '../context.ts';
import { type HostView, viewHost } from '../running.ts';
import { brokenFile, noSuchServer, sayBroken, skippedFiles } from '../user-config.ts';

const toolsList: CliCommand<ToolList & { readonly asked: string | null }> = {
  name: 'tools list',
  summary: 'List the tools that agents see',
  examples: ['plugboard tools list', 'plugboard tools list --server memory --json'],
  args: [],
  options: [{ name: 'server', value: 'NAME', help: 'only the tools of this server' }],
  run: async (context, input) => {
    const asked = input.values['server'] ?? null;
    const wanted = (name: string): boolean => asked === null || asked === name;
    return withHost(context, async (host) => {
      const status = await host.status();
      const names = status.servers.map(({ name }) => name);
      const broken = skippedFiles(status.issues);
      const error = names.length === 0 ? brokenFile(broken) : null;
      if (error !== null) throw error;
      if (asked !== null && !names.includes(asked)) throw brokenFile(broken) ?? noSuchServer(asked, names);
      sayBroken(context, broken);
      const servers = await started(host, wanted, asked === null ? LIST_WAIT_MS : Infinity);
      const tools = (await host.tools()).filter(({ server }) => wanted(server)).map(listedTool);
      const missing = servers.filter(({ state }) => exitOfState(state) !== null);
      return { schemaVersion: 1, asked, tools, missing };
    });
  },
  render: (report, { out }) => renderToolList(report, out.isTty ? out.columns : undefined),
  exitCode: ({ asked, missing }) =>
    asked === null ? 0 : worstExit(missing.flatMap(({ state }) => exitOfState(state) ?? [])),
};

const toolsShow: CliCommand<ShownTool> = {
  name: 'tools show',
  summary: 'Show one tool with its schemas',
  args: [{ name: 'TOOL', help: 'name as `tools list` shows it', required: true }],
  options: [],
  run: async (context, input) =>
    withHost(context, async (host) => {
      const name = input.args['TOOL'] ?? '';
      for (;;) {
        const { servers, issues } = await host.status();
        const tools = await host.tools();
        const tool = tools.find((candidate) => candidate.name === name);
        if (tool !== undefined) return { schemaVersion: 1, ...tool };
        if (!servers.some(isStarting)) {
          const names = tools.map((other) => other.name);
          throw brokenFile(skippedFiles(issues)) ?? unknownTool(`no tool is called '${name}'`, name, names);
        }
        await sleep(ASK_EVERY_MS);
      }
    }),
  render: renderTool,
  exitCode: () => 0,
};

const toolsCall: CliCommand<JsonObject> = {
  name: 'tools call',
  summary: 'Call a tool the way an agent does',
  examples: [
    'plugboard tools call memory__read_graph',
    `plugboard tools call files__read_text_file '{"path": "notes.txt"}'`,
    'plugboard tools call files__write_file --args-file arguments.json',
  ],
  args: [
    { name: 'TOOL', help: 'name as `tools list` shows it', required: true },
    { name: 'ARGS', help: 'arguments as a JSON object, or - for standard input', required: false },
  ],
  options: [
    { name: 'args', value: 'JSON', help: 'arguments as a JSON object' },
    { name: 'args-file', value: 'FILE', help: 'file that holds the arguments' },
  ],
  run: async (context, input) => {
    const name = input.args['TOOL'] ?? '';
    const args = await readArguments(input);
    const { connectAgent } = await import('../agent-client.ts');
    const agent = await connectAgent(context);
    try {
      const outcome = await agent.request('tools/call', { name, arguments: args });
      if (outcome.kind === 'result') return isJsonObject(outcome.result) ? outcome.result : {};
      const error = appErrorOf(outcome.error);
      if (error.code !== 'UNKNOWN_TOOL') throw error;
      const tools = await agent.list('tools/list', 'tools');
      throw unknownTool(
        error.message,
        name,
        tools.map((tool) => String(tool['name'])),
      );
    } finally {
      await agent.close();
    }
  },
  render: (result, { out }) => renderResult(result, out.isTty),
  exitCode: (result) => (result['isError'] === true ? 1 : 0),
};

export const toolsCommands = [toolsList, toolsShow, toolsCall] as readonly CliCommand[];

/** How long a list waits for servers that are starting. One that takes longer is named as missing. Milliseconds. */
const LIST_WAIT_MS = 5_000;
const ASK_EVERY_MS = 50;

/** The wanted servers, once none of them is starting, or the time is over. */
async function started(
  host: HostView,
  wanted: (name: string) => boolean,
  limitMs: number,
): Promise<readonly ServerReport[]> {
  for (let waitedMs = 0; ; waitedMs += ASK_EVERY_MS) {
    const servers = (await host.status()).servers.filter(({ name }) => wanted(name));
    if (!servers.some(isStarting) || waitedMs >= limitMs) return servers;
    await sleep(ASK_EVERY_MS);
  }
}

function isStarting({ state }: ServerReport): boolean {
  return state?.kind === 'starting';
}

async function withHost<T>(context: CliContext, use: (host: HostView) => Promise<T>): Promise<T> {
  const host = await viewHost(context);
  try {
    return await use(host);
  } finally {
    await host.close();
  }
}

async function readArguments(input: Input): Promise<JsonObject> {
  const { args: given, 'args-file': file } = input.values;
  const positional = input.args['ARGS'];
  if ([given, file, positional].filter((source) => source !== undefined).length > 1)
    throw new AppError('USAGE', 'the arguments of the tool are given twice', {
      hint: 'use one of ARGS, --args and --args-file',
    });
  if (file !== undefined) return parseArguments(await readInput(file), file);
  if (given === '-' || positional === '-') return parseArguments(await readAll(process.stdin), 'standard input');
  return parseArguments(given ?? positional ?? '', given === undefined ? 'ARGS' : '--args');
}

async function readInput(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new AppError('USAGE', 'the file with the arguments cannot be read', {
      where: file,
      hint: 'check the path of --args-file',
      cause: error,
    });
  }
}

/** Codes for errors that carry none of ours: a server's own. */
const BY_NUMBER: ReadonlyMap<number, ErrorCode> = new Map([
  [RPC.invalidParams, 'INVALID_PARAMS'],
  [RPC.requestTimeout, 'UPSTREAM_TIMEOUT'],
]);

function appErrorOf({ code, message, data }: RpcError): AppError {
  const facts = isJsonObject(data) ? data : {};
  const own = facts['code'];
  const known = isErrorCode(own) ? own : (BY_NUMBER.get(code) ?? 'UPSTREAM_RPC_ERROR');
  const hint = facts['hint'];
  return new AppError(known, message, {
    hint: isErrorCode(own) && typeof hint === 'string' ? hint : ERROR_CODES[known].fix,
    data: { rpcCode: code },
  });
}

function unknownTool(message: string, name: string, known: readonly string[]): AppError {
  const near = nearest(name, known);
  return new AppError('UNKNOWN_TOOL', message, {
    hint: near === null ? 'see: plugboard tools list' : `did you mean '${near}'? See: plugboard tools list`,
  });
}
