import { relative } from 'node:path';
import { watchBundle } from '../../../authoring/node/index.ts';
import { printableLine } from '../../../kernel/index.ts';
import { diffConsent } from '../../../marketplace/index.ts';
import { renderChanges, renderConsent } from '../../render-consent.ts';
import type { CliCommand, CliContext } from '../context.ts';
import { createDevPlugin, type DevPlugin, devFolder } from '../dev-plugin.ts';
import { address, addressOptions, announce, announceChanges, localToken, stopSignal } from '../foreground.ts';
import { type HostProcess, startStandalone } from '../host-process.ts';

/** Serves a plugin from its folder. Goes on until a signal, so it prints by itself. */
export const pluginDev: CliCommand<number> = {
  name: 'plugin dev',
  summary: 'Run a plugin from its folder, alone, and again after each change',
  examples: ['plugboard plugin dev ./my-plugin', 'plugboard plugin dev ./my-plugin --port 7451'],
  args: [{ name: 'DIR', help: 'the folder of the plugin', required: true }],
  options: addressOptions({ host: '127.0.0.1', port: 'any that is free' }),
  run: async (context, input) => {
    const dir = devFolder(context, input.args['DIR'] ?? '.');
    const at = address(input, { host: '127.0.0.1', port: 0 });
    const stop = stopSignal();
    const plugin = createDevPlugin(context, dir);
    const running = await startStandalone(context, { serving: plugin.serving });
    try {
      const { endpoint } = await running.listen(at);
      sayWhatRuns(context, plugin);
      const changes = announceChanges(context, running);
      await announce(context, {
        endpoint,
        servedBy: null,
        status: async () => running.status(),
        settled: running.host.settled(),
        stopped: stop.asked,
        token: () => localToken(context, running),
        beside: 'The plugin has no servers yet.',
      });
      changes.begin();
      const unwatch = follow(context, { running, plugin, dir });
      await stop.asked;
      await unwatch();
    } finally {
      await running.close();
    }
    return 0;
  },
  render: () => '',
  exitCode: (status) => status,
};

function sayWhatRuns({ out, globals }: CliContext, plugin: DevPlugin): void {
  const facts = plugin.facts();
  if (facts === null || globals.json) return;
  out.write(
    `What users are asked to agree to:\n\n${renderConsent(facts, { requestsAccepted: false, invalid: plugin.invalid() })}\n\n`,
  );
}

type Followed = { readonly running: HostProcess; readonly plugin: DevPlugin; readonly dir: string };

/** Reads the plugin again after each change, and starts its programs again when one of theirs was changed. */
function follow(context: CliContext, { running, plugin, dir }: Followed): () => Promise<void> {
  const { out, globals } = context;
  const say = (line: string): void => {
    if (!globals.json) out.write(`${printableLine(line)}\n`);
  };
  let agreed = plugin.facts();
  let tools = '';
  const sayTools = (): void => {
    const { host } = running;
    if (host.servers().some(({ report }) => report.state?.kind === 'starting')) return;
    const names = host
      .catalogue(null)
      .tools.map((tool) => String(tool['name']))
      .join(', ');
    if (names !== tools) say(names === '' ? 'no tools' : `tools: ${names}`);
    tools = names;
  };
  const onChange = async (paths: readonly string[]): Promise<void> => {
    if (paths.length > 0) say(`changed: ${paths.join(', ')}`);
    await running.host.reload();
    const facts = plugin.facts();
    const changes = agreed === null || facts === null ? [] : diffConsent(agreed, facts);
    if (changes.length > 0 && !globals.json) {
      const asked = changes.some(({ widens }) => widens);
      const head = asked ? 'users would be asked again about what has a !:' : 'users would not be asked again about:';
      out.write(`${head}\n${renderChanges(changes)}\n`);
    }
    agreed = facts ?? agreed;
    const declared = plugin.declarations();
    if (paths.some((path) => !declared.has(path))) await restart(running);
  };
  sayTools();
  const unsubscribe = running.host.onChange(sayTools);
  let last: Promise<void> = Promise.resolve();
  const unwatch = watchBundle(dir, (paths) => {
    last = last
      .then(() => onChange(paths))
      .catch((error: unknown) => say(`${relative(context.cwd, dir)}: ${String(error)}`));
  });
  return async () => {
    unsubscribe();
    await unwatch();
    await last;
  };
}

/** Those that are programs; what is reached over HTTP runs elsewhere. */
async function restart({ host }: HostProcess): Promise<void> {
  const programs = host
    .servers()
    .filter(({ server }) => server.verdict.kind === 'startable' && server.verdict.launch.kind === 'stdio');
  await Promise.all(programs.map(({ server }) => host.restart(server.name)));
}
