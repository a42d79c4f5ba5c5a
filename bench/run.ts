/**
 * `npm run bench`: Plugboard beside direct connections and other proxies, in one run.
 *
 *   --quick     one short round instead of five
 *   --only TEXT only fronts whose name holds TEXT, and no commands
 *   --json      the report as JSON
 *   --write     puts the table into docs/performance.md
 *
 * Rounds take turns: each front once, then each again, so that a slow minute of the machine hits all alike. Figures are
 * medians over the rounds; a command that fails leaves its round out, with exit 1. The peers are installed on first use into `.bench`.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { installOnDemand } from '../scripts/on-demand.ts';
import { createWorkFolder, PRODUCT, ROOT, type WorkFolder } from '../tests/support/product.ts';
import { timeCommands } from './commands.ts';
import { type Front, fronts, type RunningFront } from './fronts.ts';
import { cpuMs, memory } from './processes.ts';
import {
  type Figures,
  type MemoryFigures,
  median,
  medianFigures,
  percentile,
  type Report,
  renderReport,
} from './report.ts';

const PEERS = { 'mcp-proxy': '6.7.19', '@modelcontextprotocol/sdk': '1.32.2' };
const IN_FLIGHT = [1, 16, 64];
const FULL = { rounds: 5, loadMs: 1500, warmUpMs: 700 };
const QUICK = { rounds: 1, loadMs: 400, warmUpMs: 300 };
const FRONT_LIMIT_MS = 90_000;
const BYTES_PER_MB = 1_000_000;
const DOCUMENT = join(ROOT, 'docs/performance.md');

type Round = { readonly levels: readonly Figures[]; readonly memory: MemoryFigures | undefined };

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    only: { type: 'string' },
    json: { type: 'boolean' },
    write: { type: 'boolean' },
  },
});
const plan = options.quick === true ? QUICK : FULL;
const modules = installOnDemand('.bench', PEERS);
const folder = createWorkFolder('bench');
const report = await measure(folder);
folder.remove();
const table = renderReport(report);
if (options.json === true) process.stdout.write(`${JSON.stringify(report)}\n`);
else process.stdout.write(`${table}\n${describeRun()}\n`);
if (options.write === true) writeResults(table);

async function measure(work: WorkFolder): Promise<Report> {
  const measured = fronts(work, modules).filter(({ name }) => name.includes(options.only ?? ''));
  const rounds = new Map<string, Round[]>(measured.map(({ name }) => [name, []]));
  const commandRounds: Readonly<Record<string, number>>[] = [];
  const hasCommands = options.only === undefined && existsSync(PRODUCT);
  for (let round = 1; round <= plan.rounds; round++) {
    for (const front of measured) {
      process.stderr.write(`round ${round} of ${plan.rounds}: ${front.name}\n`);
      rounds.get(front.name)?.push(await measureFront(front));
    }
    if (hasCommands) {
      process.stderr.write(`round ${round} of ${plan.rounds}: commands\n`);
      await timeCommands(work).then(
        (times) => commandRounds.push(times),
        (cause: unknown) => {
          process.exitCode = 1;
          process.stderr.write(`  ${String(cause)}\n`);
        },
      );
    }
  }
  const names = Object.keys(commandRounds[0] ?? {});
  return {
    fronts: measured.map(({ name }) => summarize(name, rounds.get(name) ?? [])),
    commands: names.map((name) => ({
      name,
      medianMs: median(commandRounds.map((times) => times[name] ?? Number.NaN)),
    })),
  };
}

async function measureFront(front: Front): Promise<Round> {
  const running = await front.start();
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${front.name} hangs under load`)), FRONT_LIMIT_MS);
  try {
    return await Promise.race([loadFront(running), tooLate]);
  } finally {
    clearTimeout(timer);
    await running.close();
  }
}

async function loadFront({ connection, tool, cpuPids, memoryPids }: RunningFront): Promise<Round> {
  await connection.load({ tool, inFlight: 16, durationMs: plan.warmUpMs });
  const levels: Figures[] = [];
  for (const inFlight of IN_FLIGHT) {
    const pids = cpuPids();
    const cpuBefore = cpuMs(pids);
    const sample = await connection.load({ tool, inFlight, durationMs: plan.loadMs });
    const calls = sample.latenciesMs.length;
    levels.push({
      p50Ms: percentile(sample.latenciesMs, 0.5),
      p99Ms: percentile(sample.latenciesMs, 0.99),
      callsPerSecond: (calls / sample.durationMs) * 1000,
      cpuMsPerCall: pids.length === 0 ? undefined : (cpuMs(pids) - cpuBefore) / calls,
      failed: sample.failed,
    });
  }
  const pids = memoryPids();
  if (pids.length === 0) return { levels, memory: undefined };
  const { rssBytes, pssBytes } = memory(pids);
  const pssMb = pssBytes === undefined ? undefined : pssBytes / BYTES_PER_MB;
  return { levels, memory: { rssMb: rssBytes / BYTES_PER_MB, pssMb } };
}

function summarize(name: string, rounds: readonly Round[]): Report['fronts'][number] {
  const levels = IN_FLIGHT.map((inFlight, index) => ({
    inFlight,
    figures: medianFigures(rounds.map((round) => round.levels[index]).filter((one) => one !== undefined)),
  }));
  const memories = rounds.map((round) => round.memory).filter((one) => one !== undefined);
  const pss = memories.map((one) => one.pssMb).filter((one) => one !== undefined);
  if (memories.length === 0) return { name, levels, memory: undefined };
  return {
    name,
    levels,
    memory: { rssMb: median(memories.map((one) => one.rssMb)), pssMb: pss.length === 0 ? undefined : median(pss) },
  };
}

function describeRun(): string {
  const rounds = plan.rounds === 1 ? 'one round' : `medians of ${plan.rounds} rounds`;
  return `${rounds}, ${plan.loadMs} ms per load, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}`;
}

/** Replaces what stands between the two markers of the document. */
function writeResults(text: string): void {
  const [start, end] = ['<!-- results -->', '<!-- /results -->'];
  const document = readFileSync(DOCUMENT, 'utf8');
  const [before, rest] = document.split(start);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${DOCUMENT} has no ${start} … ${end}`);
  writeFileSync(DOCUMENT, `${before}${start}\n\n${text}\n${describeRun()}.\n\n${end}${after}`);
}
