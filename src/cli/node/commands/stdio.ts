import { randomUUID } from 'node:crypto';
import { localCaller, silentLog } from '../../../kernel/index.ts';
import type { Input } from '../../command.ts';
import type { CliCommand, CliContext } from '../context.ts';
import { type PipeOptions, runPipe } from '../pipe.ts';

/** The endpoint over standard streams, for agents that start a command. Reports its own exit status. */
export const stdioCommand: CliCommand<number> = {
  name: 'stdio',
  summary: 'Serve MCP over standard input and output, for agents that start a command',
  examples: ['plugboard stdio --agent codex', 'plugboard stdio --standalone --server memory'],
  args: [],
  options: [
    { name: 'agent', value: 'NAME', help: 'name of the agent that starts this' },
    { name: 'human', help: 'questions to this agent reach a person' },
    { name: 'server', value: 'NAME', help: 'serve this one server, with its own names' },
    { name: 'standalone', help: 'keep everything in this process, without the host of the home' },
  ],
  run: async (context, input) =>
    input.flags.has('standalone') ? await runStandalone(context, input) : await runPipe(pipeOptions(context, input)),
  render: () => '',
  exitCode: (status) => status,
};

function pipeOptions(context: CliContext, input: Input): PipeOptions {
  return {
    ...context,
    config: context.configArgs,
    passphraseFile: context.globals.passphraseFile,
    want: {
      kind: 'agent',
      agent: input.values['agent'] ?? null,
      human: input.flags.has('human'),
      workspace: context.cwd,
      server: input.values['server'] ?? null,
    },
  };
}

async function runStandalone(context: CliContext, input: Input): Promise<number> {
  const [{ startStandalone }, { serveStream }] = await Promise.all([
    import('../host-process.ts'),
    import('../../../gateway/node/index.ts'),
  ]);
  const running = await startStandalone(context);
  const caller = localCaller({
    workspace: context.cwd,
    agent: input.values['agent'] ?? null,
    human: input.flags.has('human'),
  });
  const server = input.values['server'] ?? null;
  const stop = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  try {
    running.host.requireServer(server);
    const served = serveStream({
      id: randomUUID(),
      host: running.host,
      caller,
      server,
      env: null,
      log: silentLog,
      input: process.stdin,
      output: process.stdout,
    });
    await Promise.race([served, stop]);
  } finally {
    await running.close();
  }
  return 0;
}
