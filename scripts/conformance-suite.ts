/** Runs the official conformance suite and reads what it wrote. Knows nothing of the product. */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGE = dirname(fileURLToPath(import.meta.resolve('@modelcontextprotocol/conformance/package.json')));
const SUITE = join(PACKAGE, 'dist', 'index.js');
const RUN_LIMIT_MS = 120_000;
/** Scenarios of clients run side by side; each is a process tree of its own. */
const CLIENTS_AT_ONCE = 2;

export type Leg = 'server' | 'client';

/** How one scenario ended. `problems` says what failed, one line per check. */
export type ScenarioResult = { readonly scenario: string; readonly passed: boolean; readonly problems: string[] };

type Check = { readonly id: string; readonly status: string; readonly errorMessage?: string };

/** The scenarios that `revision` requires, in the order of the suite's own list. */
export function requiredScenarios(revision: string, leg: Leg): string[] {
  const yaml = readFileSync(join(PACKAGE, 'requirements', `${revision}.yaml`), 'utf8');
  const names: string[] = [];
  let section = '';
  for (const line of yaml.split('\n')) {
    section = /^(\w+):/.exec(line)?.[1] ?? section;
    const name = /^ {2}- ([\w./-]+)$/.exec(line)?.[1];
    if (section === leg && name !== undefined) names.push(name);
  }
  if (names.length === 0) throw new Error(`no required ${leg} scenarios found for ${revision}`);
  return names;
}

/** Runs every scenario of a revision against the server at `url`. The result holds the required ones only. */
export async function testServer(url: string, revision: string, outputDir: string): Promise<ScenarioResult[]> {
  mkdirSync(outputDir, { recursive: true });
  await runSuite(['server', '--url', url, '--requirements', revision, '-o', outputDir]);
  const folders = readdirSync(outputDir);
  return requiredScenarios(revision, 'server').map((scenario) => {
    const name = `server-${scenario.replaceAll('/', '-')}-`;
    return judge(
      scenario,
      outputDir,
      folders.filter((folder) => isResultOf(folder, name)),
    );
  });
}

/** Runs these scenarios with `command` as the client: the suite appends the URL of its own server. */
export async function testClient(
  command: string,
  scenarios: readonly string[],
  run: { readonly revision: string; readonly outputDir: string },
): Promise<ScenarioResult[]> {
  const results = new Map<string, ScenarioResult>();
  const queue = [...scenarios];
  async function work(): Promise<void> {
    for (let scenario = queue.shift(); scenario !== undefined; scenario = queue.shift()) {
      const outputDir = join(run.outputDir, scenario);
      mkdirSync(outputDir, { recursive: true });
      const args = ['--scenario', scenario, '--spec-version', run.revision, '-o', outputDir];
      const output = await runSuite(['client', '--command', command, ...args]);
      const judged = judge(scenario, outputDir, readdirSync(outputDir));
      // The scenario's checks may all pass although the client itself failed; the suite says that only in words.
      const broken = /CLIENT (TIMED OUT|EXITED WITH ERROR)/.test(output);
      const problems = broken ? [...judged.problems, `the client failed: ${outputOfClient(output)}`] : judged.problems;
      results.set(scenario, { scenario, passed: judged.passed && !broken, problems });
    }
  }
  await Promise.all(Array.from({ length: CLIENTS_AT_ONCE }, work));
  return scenarios.map((scenario) => results.get(scenario) ?? missing(scenario));
}

/** `NAME-2026-01-01T…`: the folder of one scenario, and not of one whose name only starts alike. */
function isResultOf(folder: string, name: string): boolean {
  return folder.startsWith(name) && /^\d{4}-\d\d-\d\dT/.test(folder.slice(name.length));
}

function judge(scenario: string, outputDir: string, folders: readonly string[]): ScenarioResult {
  const files = folders.flatMap((folder) => findChecks(join(outputDir, folder)));
  const file = files[0];
  if (file === undefined) return missing(scenario);
  const checks: Check[] = JSON.parse(readFileSync(file, 'utf8'));
  const problems = checks
    .filter((check) => check.status === 'FAILURE')
    .map((check) => `${check.id}: ${check.errorMessage ?? 'failed'}`);
  return { scenario, passed: problems.length === 0 && checks.some((check) => check.status === 'SUCCESS'), problems };
}

function findChecks(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('checks.json'))
    .map((path) => join(folder, path));
}

const missing = (scenario: string): ScenarioResult => ({
  scenario,
  passed: false,
  problems: ['no result was written'],
});

const outputOfClient = (output: string): string =>
  /\nStderr:\n([\s\S]*?)\n\n/.exec(output)?.[1]?.trim().split('\n').slice(0, 5).join(' | ') ?? 'no output';

/** Gives everything it wrote. Its exit code says less than its files: it is 1 for a mere warning too. */
function runSuite(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [SUITE, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: RUN_LIMIT_MS,
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', reject);
    child.once('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
  });
}
