import { AppError } from '../../../kernel/index.ts';
import { pluginId as idOf, type Offer } from '../../../marketplace/index.ts';
import type { Input } from '../../command.ts';
import type { AddedPlugin, PlacedPlugin } from '../../plugin-reports.ts';
import { renderAddedPlugin } from '../../render-plugin-change.ts';
import type { CliCommand } from '../context.ts';
import { laidNotes } from '../given-values.ts';
import { untrustedFolder } from '../known-marketplaces.ts';
import { type Placed, placePlugin } from '../place-plugin.ts';
import {
  atPluginDesk,
  findInstalled,
  idParts,
  MARKETPLACE_OPTION,
  notInstalled,
  PLUGIN_ARGUMENT,
  type PluginDesk,
  parseSelector,
  type Selector,
} from '../plugin-desk.ts';
import { findOffer } from '../plugin-offers.ts';
import { pluginNow } from '../plugin-states.ts';
import { isEnabled, refuseWhileOff, switchPlugin } from '../plugin-switch.ts';
import { reloadRunning } from '../running.ts';
import { askOnInstall, missingNow } from '../settings/settings-now.ts';
import {
  consentFlags,
  consentRequired,
  evidenceOf,
  newTally,
  REQUESTS_OPTION,
  recordFailure,
  takeAwayHint,
  YES_OPTION,
} from '../upgrade-plugins.ts';

export const pluginAdd: CliCommand<AddedPlugin> = {
  name: 'plugin add',
  summary: 'Install a plugin from a marketplace and enable it, after showing what it runs and contacts',
  examples: [
    'plugboard plugin add sample@debug',
    'plugboard plugin add sample --marketplace debug',
    'plugboard plugin add sample@debug --version 1.2.0',
  ],
  args: [PLUGIN_ARGUMENT],
  options: [
    MARKETPLACE_OPTION,
    { name: 'version', value: 'VERSION', help: 'go back to a version that was installed before' },
    YES_OPTION,
    REQUESTS_OPTION,
  ],
  run: (context, input) => atPluginDesk(context, { changes: true }, (desk) => addPlugin(desk, input)),
  render: renderAddedPlugin,
  exitCode: () => 0,
};

async function addPlugin(desk: PluginDesk, input: Input): Promise<AddedPlugin> {
  const selector = parseSelector(input);
  const version = input.values['version'];
  const offer = version === undefined ? findOffer(desk, selector) : null;
  const pluginId = offer === null ? installedId(desk, selector) : idOf(offer.entry.name, offer.marketplace.name);
  refuseWhileOff(desk.loaded.config, pluginId);
  const { report, given } = await place(desk, input, { pluginId, offer });
  if (report.outcome === 'declined') {
    const what = report.previousVersion === null ? 'nothing was installed' : `${report.previousVersion} stays`;
    const [hint] = takeAwayHint(pluginId, given);
    throw new AppError(
      'PLUGIN_DECLINED',
      `you did not agree to '${pluginId}'; ${what}`,
      hint === undefined ? {} : { hint },
    );
  }
  return enable(desk, report);
}

/** @throws AppError `PLUGIN_*`, also `PLUGIN_CONSENT_REQUIRED`; a failure is written down among the receipts of the plugin */
async function place(
  desk: PluginDesk,
  input: Input,
  { pluginId, offer }: { readonly pluginId: string; readonly offer: Offer | null },
): Promise<Extract<Placed, { kind: 'placed' }>> {
  const tally = newTally([idParts(pluginId).marketplaceName]);
  try {
    const prepared = await desk.fetching((how) =>
      offer === null
        ? desk.plugins.prepareCached(pluginId, input.values['version'] ?? '')
        : desk.plugins.prepare(offer, how),
    );
    const evidence = evidenceOf(tally);
    const untrusted = offer === null ? null : await untrustedFolder(offer.marketplace, desk.loaded);
    const options = { ...consentFlags(input), named: untrusted === null, required: false, evidence };
    const placed = await placePlugin(desk, prepared, options);
    if (placed.kind === 'refused') {
      const { version } = input.values;
      const what = version === undefined ? pluginId : `${pluginId} --version ${version}`;
      throw consentRequired(prepared, `plugboard plugin add ${what}`, { untrusted, given: placed.given });
    }
    return placed;
  } catch (error) {
    if (error instanceof AppError) {
      const isThere = desk.plugins.installed().plugins.some((plugin) => plugin.pluginId === pluginId);
      const action = offer === null ? 'rollback' : isThere ? 'upgrade' : 'add';
      await recordFailure(desk, tally, { pluginId, action, offer, error });
    }
    throw error;
  }
}

/** Which plugin `--version` is about: its marketplace may be gone. */
function installedId({ plugins }: PluginDesk, selector: Selector): string {
  if (selector.marketplace !== null) return idOf(selector.name, selector.marketplace);
  const installed = plugins.installed().plugins;
  const found = findInstalled(installed, selector);
  if (found === null) throw notInstalled(selector, installed);
  return found.pluginId;
}

async function enable(desk: PluginDesk, placed: PlacedPlugin): Promise<AddedPlugin> {
  const { context, plugins } = desk;
  const { pluginId, outcome } = placed;
  const edit = await switchPlugin(context, pluginId, true).catch((error: unknown) => {
    throw notEnabled(pluginId, error);
  });
  if (!edit.changed && outcome !== 'unchanged') await reloadRunning(context);
  const installed = plugins.installed().plugins.find((plugin) => plugin.pluginId === pluginId);
  const consent = installed?.filed.receipt.consent ?? null;
  if (installed === undefined || consent === null || outcome === 'declined')
    throw new Error(`${pluginId} was placed and is not there`);
  const { root, version, filed } = installed;
  // What is installed for the first time was shown with this before it was agreed to.
  if (edit.changed && placed.previousVersion !== null && !context.globals.json)
    for (const note of laidNotes(installed, { config: edit.after.config, installed: plugins.installed().plugins }))
      context.err.write(`note: ${note}\n`);
  const asks = filed.receipt.authPolicy === 'ON_INSTALL' && context.interactive && !context.globals.json;
  const missingSettings = await (asks ? askOnInstall(context, pluginId) : missingNow(context, pluginId));
  return {
    schemaVersion: 1,
    ...idParts(pluginId),
    version,
    installedPath: root,
    authPolicy: filed.receipt.authPolicy,
    outcome,
    previousVersion: placed.previousVersion,
    enabled: isEnabled(edit.after.config, pluginId),
    changes: placed.changes,
    receipt: { file: filed.file, digest: filed.digest },
    consent: { digest: consent.digest, how: consent.how, requestsAccepted: consent.requestsAccepted },
    missingSettings,
    ...(await pluginNow(context, pluginId, missingSettings)),
  };
}

/** It is installed all the same, which the receipt says. */
function notEnabled(pluginId: string, error: unknown): unknown {
  if (!(error instanceof AppError)) return error;
  return new AppError(error.code, `'${pluginId}' is installed now, and could not be enabled: ${error.message}`, {
    ...(error.where === undefined ? {} : { where: error.where }),
    hint: error.hint,
    cause: error,
  });
}
