import { statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, isAbsolute, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { planFixes, unfixable, type Validation, validatePlugin } from '../../../authoring/index.ts';
import { extractZip, writeFixes } from '../../../authoring/node/index.ts';
import { AppError, type Issue, type JsonObject } from '../../../kernel/index.ts';
import { MANIFEST_PATHS, type Marketplace, parseMarketplace } from '../../../marketplace/index.ts';
import { type EntryFacts } from '../../../plugins/index.ts';
import { openBundle } from '../../../plugins/node/index.ts';
import {
  allFindings,
  countFindings,
  type FixLine,
  renderValidation,
  sarifOf,
  type ValidatedPlugin,
  type ValidateReport,
} from '../../render-validate.ts';
import type { CliCommand, CliContext } from '../context.ts';
import { issueOf } from '../known-marketplaces.ts';
import { interruptible } from '../progress.ts';

/** The report, or with `--sarif` what it is in that format. */
type Report = ValidateReport | (Pick<ValidateReport, 'summary'> & { readonly sarif: JsonObject });

export const pluginValidate: CliCommand<Report> = {
  name: 'plugin validate',
  summary: 'Say what is wrong with a plugin, and what each client makes of it',
  examples: [
    'plugboard plugin validate ./my-plugin',
    'plugboard plugin validate my-plugin.zip --strict',
    'plugboard plugin validate . --sarif > findings.sarif',
  ],
  args: [{ name: 'PATH', help: 'the folder or zip file of a plugin, or the folder of a marketplace', required: true }],
  options: [
    { name: 'strict', help: 'breaks of the rules of stores are errors' },
    { name: 'fix', help: 'correct what leaves no choice, and say what was changed; not in a zip file' },
    { name: 'sarif', help: 'print the findings as SARIF 2.1.0' },
  ],
  run: async (context, input) => {
    const sarif = input.flags.has('sarif');
    if (sarif && context.globals.json) throw new AppError('USAGE', '--sarif and --json are two formats: give one');
    const path = resolve(context.cwd, input.args['PATH'] ?? '.');
    const how = { strict: input.flags.has('strict'), fix: input.flags.has('fix') };
    const facts = statSync(path, { throwIfNoEntry: false });
    if (facts === undefined)
      throw new AppError('NOT_FOUND', 'there is no such folder or file', { where: path, hint: 'check the path' });
    const report = facts.isDirectory()
      ? await validateFolder(context, { root: path, shown: path }, how)
      : await validateArchive(context, path, how);
    return sarif ? { summary: report.summary, sarif: asSarif(context, report) } : report;
  },
  render: (report, { out }) =>
    'sarif' in report
      ? JSON.stringify(report.sarif, null, 2)
      : renderValidation(report, out.isTty ? out.columns : undefined),
  exitCode: ({ summary }) => (summary.error > 0 ? 1 : 0),
};

/** One correction may be the way to the next; there are fewer kinds than this. */
const MOST_ROUNDS = 5;

type How = { readonly strict: boolean; readonly fix: boolean };

/** A folder to look at, and what it is called to people: the archive it was unpacked from. Both absolute. */
type Place = { readonly root: string; readonly shown: string };

/** Unpacks it into a folder that is gone afterwards, whatever happens. */
async function validateArchive(context: CliContext, file: string, how: How): Promise<ValidateReport> {
  if (how.fix)
    throw new AppError('USAGE', '--fix goes with a folder, not with a zip file', {
      where: file,
      hint: 'unpack it first',
    });
  return interruptible(async (signal) => {
    const into = await mkdtemp(join(tmpdir(), 'plugboard-validate-'));
    try {
      const root = await extractZip(file, into, { signal });
      return await validateFolder(context, { root, shown: join(file, relative(into, root)) }, how);
    } finally {
      await rm(into, { recursive: true, force: true });
    }
  });
}

async function validateFolder(context: CliContext, place: Place, how: How): Promise<ValidateReport> {
  const view: View = { context, place: { ...place, root: openBundle(place.root).root }, how, fixed: [], unfixed: [] };
  const marketplace = readMarketplace(view);
  const plugins =
    marketplace === null ? [await validateOne(view, place.root, null)] : await validateEntries(view, marketplace);
  const found = { marketplace: marketplace === null ? null : marketplace.report, plugins };
  return {
    schemaVersion: 1,
    path: place.shown,
    strict: how.strict,
    ...found,
    fixed: how.fix ? view.fixed : null,
    unfixed: how.fix ? view.unfixed : null,
    summary: countFindings(allFindings(found)),
  };
}

type View = {
  readonly context: CliContext;
  /** `root` without symbolic links. */
  readonly place: Place;
  readonly how: How;
  readonly fixed: FixLine[];
  readonly unfixed: FixLine[];
};

type Found = { readonly entries: Marketplace['entries']; readonly report: NonNullable<ValidateReport['marketplace']> };

/** null when the folder holds no marketplace. One that cannot be used is a finding. */
function readMarketplace(view: View): Found | null {
  const { root } = view.place;
  const bundle = openBundle(root);
  const path = MANIFEST_PATHS.find((candidate) => bundle.look(candidate).kind !== 'absent');
  if (path === undefined) return null;
  const file = join(root, path);
  const unusable = (issue: Issue): Found => ({
    entries: [],
    report: { name: basename(view.place.shown), findings: [shownIssue(view, issue)], elsewhere: [] },
  });
  const text = bundle.read(path);
  if (text.kind !== 'text') {
    const message = `the manifest of the marketplace cannot be read: ${text.kind === 'absent' ? 'it is no file' : text.reason}`;
    return unusable({ code: 'PLUGIN_UNREADABLE', severity: 'error', message, file });
  }
  try {
    const source = { kind: 'local', path: root } as const;
    const { name, entries, issues } = parseMarketplace(text.text, {
      file,
      root,
      kind: 'configured',
      source,
      revision: null,
    });
    const elsewhere = entries.filter((entry) => entry.source.source !== 'local').map((entry) => entry.name);
    return { entries, report: { name, findings: issues.map((issue) => shownIssue(view, issue)), elsewhere } };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return unusable(issueOf(error));
  }
}

/** The plugins in the folder of the marketplace, and one at its top that it does not list. */
async function validateEntries(view: View, { entries }: Found): Promise<readonly ValidatedPlugin[]> {
  const { root } = view.place;
  const listed = entries.flatMap(({ source, facts }) =>
    source.source === 'local' ? [{ path: source.path, facts }] : [],
  );
  const bundle = openBundle(root);
  const own = ['.codex-plugin', '.claude-plugin', '.cursor-plugin', '.'].some(
    (folder) => bundle.look(join(folder, 'plugin.json')).kind === 'file',
  );
  const unlisted = own && !listed.some(({ path }) => path === root) ? [{ path: root, facts: null }] : [];
  const plugins: ValidatedPlugin[] = [];
  for (const { path, facts } of [...listed, ...unlisted]) plugins.push(await validateOne(view, path, facts));
  return plugins;
}

async function validateOne(view: View, root: string, entry: EntryFacts | null): Promise<ValidatedPlugin> {
  const bundle = openBundle(root);
  const dataDir = join(view.context.home, 'plugins', 'data', basename(root));
  const look = (): Validation => validatePlugin({ bundle, entry, dataDir, strict: view.how.strict });
  let { plugin, findings, clients } = look();
  for (let round = 0; view.how.fix && plugin !== null && round < MOST_ROUNDS; round += 1) {
    const files = planFixes(bundle, plugin);
    if (files.length === 0) break;
    await writeFixes(bundle, files);
    view.fixed.push(
      ...files.flatMap(({ path, fixes }) =>
        fixes.map((fix) => ({ file: shownPath(view, join(bundle.root, path)), ...fix })),
      ),
    );
    ({ plugin, findings, clients } = look());
  }
  if (view.how.fix && plugin !== null)
    view.unfixed.push(...unfixable(bundle, plugin).map((issue) => unfixed(view, issue)));
  return {
    path: shownPath(view, bundle.root),
    name: plugin?.name ?? null,
    entry: entry?.name ?? null,
    version: plugin?.version ?? null,
    family: plugin?.family ?? null,
    findings: findings.map((issue) => shownIssue(view, issue)),
    clients,
  };
}

function unfixed(view: View, { file = '', line = 1, message }: Issue): FixLine {
  return { file: shownPath(view, file), line, message };
}

function shownIssue(view: View, issue: Issue): Issue {
  return issue.file === undefined ? issue : { ...issue, file: shownPath(view, issue.file) };
}

/** A file as a person in the working folder would name it; outside of that folder the whole path. */
function shownPath({ context, place }: View, file: string): string {
  const inside = relative(place.root, file);
  const absolute = inside.startsWith('..') || isAbsolute(inside) ? file : join(place.shown, inside);
  const short = relative(context.cwd, absolute);
  return short.startsWith('..') || isAbsolute(short) ? absolute : short || '.';
}

function asSarif({ cwd, version }: CliContext, report: ValidateReport): JsonObject {
  return sarifOf(report, { version, base: pathToFileURL(`${cwd}/`).href });
}
