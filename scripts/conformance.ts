/**
 * `npm run conformance`: the official MCP conformance suite against the real product.
 *
 *   --json       prints on standard output only {"server":{REVISION:{passed,total}},"serverLegacyUpstream":…,"client":…}
 *   --repeat N   runs everything N times and counts the worst
 *   --direct     tries the fixture server itself, without Plugboard: what can be reached at all
 *
 * `server` has a fixture upstream that speaks both eras of the protocol, `serverLegacyUpstream` one that knows only
 * 2025-11-25; each is tried over stdio and over HTTP and the worse of the two counts. `passed` and `total` count required
 * scenarios. Exit 1 when one fails that is not in EXPECTED_FAILURES.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  createWorkFolder,
  endProgram,
  ROOT,
  serveProduct,
  serverTable,
  startProgram,
  type WorkFolder,
} from '../tests/support/product.ts';
import { requiredScenarios, type ScenarioResult, testClient, testServer } from './conformance-suite.ts';

/** The revisions asked for. Adding one line here is all it takes to ask for another. */
const REVISIONS = ['2025-11-25'] as const;

/** Required client scenarios that are asked for: all but those that need a login. */
const CLIENT_SCENARIOS = (scenario: string): boolean => !scenario.startsWith('auth/');

/** `GROUP REVISION SCENARIO` → why it can't pass. Shown in the table; not counted as passed. */
const EXPECTED_FAILURES: Readonly<Record<string, string>> = {};

const GROUPS = ['server', 'serverLegacyUpstream', 'client'] as const;
type Group = (typeof GROUPS)[number];

/** One column of the table: a group, reached one way, at one revision. */
type Run = {
  readonly group: Group;
  readonly via: string;
  readonly revision: string;
  readonly results: ScenarioResult[];
};

const FIXTURE = join(ROOT, 'tests/fixtures/conformance/server.ts');
const DRIVER = join(ROOT, 'tests/fixtures/conformance/client-driver.ts');

const { values: options } = parseArgs({
  options: { json: { type: 'boolean' }, repeat: { type: 'string', default: '1' }, direct: { type: 'boolean' } },
});
const startedAt = Date.now();
const folder = createWorkFolder('conformance');
const runs: Run[] = [];
for (let round = 1; round <= Number(options.repeat); round++) {
  const outputDir = join(folder.path, `round-${round}`);
  runs.push(...(options.direct === true ? await tryFixture(outputDir) : await tryProduct(folder, outputDir)));
}
const failures = runs.flatMap(failuresOf);
const unexpected = failures.filter((failure) => EXPECTED_FAILURES[failure.key] === undefined);
const print = (line: string): void => void (options.json ? process.stderr : process.stdout).write(`${line}\n`);
for (const failure of failures) {
  print(
    `FAILED ${failure.key} over ${failure.via}: ${EXPECTED_FAILURES[failure.key] ?? shorten(failure.problems.join('; '))}`,
  );
}
if (options.json === true) process.stdout.write(`${JSON.stringify(summary())}\n`);
else for (const line of renderTable()) print(line);
if (failures.length > 0) print(`What the suite wrote is in ${folder.path}`);
else folder.remove();
process.exitCode = unexpected.length > 0 ? 1 : 0;

function shorten(text: string): string {
  return text.length > 400 ? `${text.slice(0, 400)} …` : text;
}

/** Both fixtures, both ways, behind one Plugboard; then Plugboard as the client. */
async function tryProduct(work: WorkFolder, outputDir: string): Promise<Run[]> {
  const upstreams = await startFixtures(work);
  const stdio = (...extra: string[]) => ({ command: process.execPath, args: [FIXTURE, ...extra] });
  const toml = [
    serverTable('fixture', stdio()),
    serverTable('fixture-http', { url: upstreams.both }),
    serverTable('legacy', stdio('--legacy-only')),
    serverTable('legacy-http', { url: upstreams.legacy }),
  ].join('\n');
  const product = await serveProduct(work, toml);
  try {
    const at = (server: string): string => `${product.endpoint}/${server}`;
    return [
      ...(await serverRuns('server', { stdio: at('fixture'), http: at('fixture-http') }, outputDir)),
      ...(await serverRuns('serverLegacyUpstream', { stdio: at('legacy'), http: at('legacy-http') }, outputDir)),
      ...(await clientRuns(outputDir)),
    ];
  } finally {
    await product.close();
    await upstreams.close();
  }
}

async function tryFixture(outputDir: string): Promise<Run[]> {
  const upstreams = await startFixtures(folder);
  try {
    return await serverRuns('server', { direct: upstreams.both }, outputDir);
  } finally {
    await upstreams.close();
  }
}

async function startFixtures(work: WorkFolder) {
  const start = (...extra: string[]) => startProgram(process.execPath, [FIXTURE, '--http', '0', ...extra], work.env);
  const [both, legacy] = await Promise.all([start(), start('--legacy-only')]);
  const urlOf = (line: string): string => (JSON.parse(line) as { url: string }).url;
  const close = async (): Promise<void> => void (await Promise.all([endProgram(both.child), endProgram(legacy.child)]));
  return { both: urlOf(both.line), legacy: urlOf(legacy.line), close };
}

async function serverRuns(group: Group, urls: Readonly<Record<string, string>>, outputDir: string): Promise<Run[]> {
  const made: Run[] = [];
  for (const revision of REVISIONS) {
    for (const [via, url] of Object.entries(urls)) {
      const results = await testServer(url, revision, join(outputDir, group, revision, via));
      made.push({ group, via, revision, results });
    }
  }
  return made;
}

async function clientRuns(outputDir: string): Promise<Run[]> {
  const made: Run[] = [];
  for (const revision of REVISIONS) {
    const scenarios = requiredScenarios(revision, 'client').filter(CLIENT_SCENARIOS);
    const command = `"${process.execPath}" "${DRIVER}"`;
    const results = await testClient(command, scenarios, { revision, outputDir: join(outputDir, 'client', revision) });
    made.push({ group: 'client', via: 'stdio', revision, results });
  }
  return made;
}

function failuresOf(run: Run) {
  return run.results
    .filter((result) => !result.passed)
    .map((result) => ({
      key: `${run.group} ${run.revision} ${result.scenario}`,
      via: run.via,
      problems: result.problems,
    }));
}

/** The worst run of each group and revision. A group that was not tried is left out. */
function summary() {
  const counts = (group: Group, revision: string) => {
    const ofGroup = runs.filter((run) => run.group === group && run.revision === revision);
    const passed = Math.min(...ofGroup.map((run) => run.results.filter((result) => result.passed).length));
    return { passed, total: ofGroup[0]?.results.length ?? 0 };
  };
  const tried = GROUPS.filter((group) => runs.some((run) => run.group === group));
  const ofRevisions = (group: Group) => REVISIONS.map((revision) => [revision, counts(group, revision)] as const);
  return Object.fromEntries(tried.map((group) => [group, Object.fromEntries(ofRevisions(group))]));
}

function renderTable(): string[] {
  const row = (cells: readonly string[]): string =>
    [cells[0]?.padEnd(22), cells[1]?.padEnd(12), cells[2]?.padEnd(8), cells[3]?.padStart(8)].join(' ').trimEnd();
  const rows = runs.map((run) => {
    const passed = run.results.filter((result) => result.passed).length;
    return row([run.group, run.revision, run.via, `${passed}/${run.results.length}`]);
  });
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  return [
    row(['as', 'revision', 'over', 'required']),
    ...rows,
    `${seconds} s, ${unexpected.length} unexpected failures`,
  ];
}
