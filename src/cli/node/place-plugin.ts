import { printableLine } from '../../kernel/index.ts';
import {
  type Agreement,
  type ConsentChange,
  diffConsent,
  type Evidence,
  type FiledReceipt,
  type InstalledPlugin,
  type Prepared,
} from '../../marketplace/index.ts';
import { invalidServers, issuesInForce } from '../../plugins/index.ts';
import { type Given, givenLines, handsOver } from '../consent-given.ts';
import { type ConsentCase, planConsent, requestsOf } from '../consent-plan.ts';
import type { PlacedOutcome, PlacedPlugin } from '../plugin-reports.ts';
import { renderChanges, renderConsent, renderInvalid } from '../render-consent.ts';
import { askYesNo } from './ask.ts';
import type { CliContext } from './context.ts';
import { givenTo } from './given-values.ts';
import { idParts, type PluginDesk } from './plugin-desk.ts';

/** What the command line says of consent, and what it does not say. */
export type PlaceOptions = Pick<ConsentCase, 'named' | 'yes' | 'acceptRequests'> & {
  /** A requirements file wants it. */
  readonly required: boolean;
  readonly evidence: Evidence;
};

/**
 * `refused`: it would be more than was agreed to, and nobody is there to ask. `stopped`: the person who was asked has gone,
 * and is not to be asked about anything else.
 */
export type Placed =
  | { readonly kind: 'placed'; readonly report: PlacedPlugin; readonly stopped: boolean; readonly given: Given }
  | { readonly kind: 'refused'; readonly changes: readonly ConsentChange[]; readonly given: Given };

/**
 * Shows what a prepared plugin is and does, asks what has to be asked, and puts it in place. Whatever happens, the
 * prepared one has ended after this.
 *
 * @throws AppError `PLUGIN_INSTALL_FAILED`, `PLUGIN_BUSY`
 */
export async function placePlugin(desk: PluginDesk, prepared: Prepared, options: PlaceOptions): Promise<Placed> {
  try {
    return await decide(desk, prepared, options);
  } finally {
    await prepared.discard();
  }
}

async function decide(desk: PluginDesk, prepared: Prepared, options: PlaceOptions): Promise<Placed> {
  const { context, plugins } = desk;
  const { before, facts } = prepared;
  const agreed = before === null ? null : agreedBefore(before, prepared.agreed);
  const changes = agreed === null ? [] : diffConsent(agreed.facts, facts);
  const given = await givenTo(desk, prepared);
  const plan = planConsent({
    ...options,
    handsOver: handsOver(given),
    widens: agreed === null || changes.some(({ widens }) => widens),
    facts,
    before: agreed,
    interactive: context.interactive,
  });
  const nothingNew = prepared.unchanged && plan.requests === agreed?.requestsAccepted;
  if (nothingNew && before !== null)
    return { ...placed(prepared, { outcome: 'unchanged', changes, filed: before.filed }), given };
  const standing = { requestsAccepted: plan.requests === true, invalid: invalidServers(prepared.plugin) };
  const text = agreed === null ? renderConsent(facts, standing) : changesText(prepared, changes);
  show(context, [text, givenLines(prepared.pluginId, given).join('\n')].filter((part) => part !== '').join('\n\n'));
  if (plan.consent === 'refuse') return { kind: 'refused', changes, given };
  const agreement = await ask(context, plan, prepared);
  if (agreement === 'no' || agreement === 'stopped') {
    const declined = placed(prepared, { outcome: 'declined', changes, filed: before?.filed ?? null });
    return { ...declined, given, stopped: agreement === 'stopped' };
  }
  const spoilt = before !== null && changes.length === 0 && (await plugins.verify(before)).kind === 'tampered';
  const filed = await prepared.commit(agreement, options.evidence);
  return { ...placed(prepared, { outcome: spoilt ? 'repaired' : outcomeOf(prepared), changes, filed }), given };
}

const OUTCOMES: Readonly<Record<Prepared['action'], PlacedOutcome>> = {
  add: 'added',
  upgrade: 'upgraded',
  rollback: 'rolled_back',
};

function outcomeOf({ action, before }: Prepared): PlacedOutcome {
  return action === 'add' && before !== null ? 'reinstalled' : OUTCOMES[action];
}

function agreedBefore({ filed }: InstalledPlugin, facts: Prepared['agreed']): ConsentCase['before'] {
  const { consent } = filed.receipt;
  return consent === null || facts === null ? null : { facts, requestsAccepted: consent.requestsAccepted };
}

function changesText(
  { pluginId, version, before, facts, plugin }: Prepared,
  changes: readonly ConsentChange[],
): string {
  const title = printableLine(`${pluginId} ${before?.version ?? ''} → ${version}`);
  const invalid = renderInvalid(facts, { invalid: invalidServers(plugin) });
  const end = invalid === '' ? '' : `\n${invalid}`;
  if (changes.length === 0) return `${title}\n  nothing that you agreed to is different${end}`;
  const legend = changes.some(({ widens }) => widens) ? ', ! is more than you agreed to' : '';
  return `${title}: what is different${legend}\n${renderChanges(changes)}${end}`;
}

/** Where a person who is asked sees it. With `--json` standard output is for the report alone. */
function show({ globals, interactive, out, err }: CliContext, text: string): void {
  (globals.json || (interactive && !out.isTty) ? err : out).write(`${text}\n\n`);
}

/** What was agreed to, or that a person said no or went away. */
async function ask(
  context: CliContext,
  { consent, requests }: ReturnType<typeof planConsent>,
  { before, facts }: Prepared,
): Promise<Agreement | 'no' | 'stopped'> {
  if (consent === 'refuse') throw new Error('what is refused is not asked');
  if (consent === 'ask') {
    const question = before === null ? 'Install and enable?' : 'Agree and go on?';
    const answer = await askYesNo(question);
    if (answer !== 'yes') return answer;
  }
  const how = consent === 'ask' ? 'asked' : consent;
  if (requests !== 'ask') return { how, requestsAccepted: requests };
  show(context, ['', 'It asks:', ...requestsOf(facts).map((request) => printableLine(`  ${request}`))].join('\n'));
  const answer = await askYesNo('Grant what it asks for?');
  return answer === 'stopped' ? answer : { how, requestsAccepted: answer === 'yes' };
}

type Result = {
  readonly outcome: PlacedOutcome;
  readonly changes: readonly ConsentChange[];
  readonly filed: FiledReceipt | null;
};

function placed(
  { pluginId, version, before, issues, issuesIn }: Prepared,
  { outcome, changes, filed }: Result,
): Omit<Extract<Placed, { kind: 'placed' }>, 'given'> {
  const consent = filed?.receipt.consent ?? null;
  const root = outcome === 'declined' ? null : (filed?.receipt.installedPath ?? null);
  const report: PlacedPlugin = {
    ...idParts(pluginId),
    outcome,
    version: filed?.receipt.version ?? version,
    previousVersion: before?.version ?? null,
    changes,
    receipt: filed === null ? null : { file: filed.file, digest: filed.digest },
    consent:
      consent === null
        ? null
        : { digest: consent.digest, how: consent.how, requestsAccepted: consent.requestsAccepted },
    issues: root === null ? issues : issuesInForce(issuesIn(root), consent?.requestsAccepted === true),
  };
  return { kind: 'placed', report, stopped: false };
}
