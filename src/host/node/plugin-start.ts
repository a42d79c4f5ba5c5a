import { AppError } from '../../kernel/index.ts';
import type { Integrity } from '../../marketplace/index.ts';
import type { ServerOwner } from '../../servers/index.ts';
import type { StartBlock } from '../../upstreams/node/index.ts';
import type { LoadedPlugins } from '../types.ts';
import { issueOf } from './kept-config.ts';

export type PluginStart = {
  /** What the look at its files found; null when that, or its folder for data, failed. */
  readonly found: Integrity | null;
  /** What keeps its servers from starting; null when they may. */
  readonly block: StartBlock | null;
};

/** Whether a server of a plugin may start now: its files are as they were installed, and its folder for data is there. */
export async function checkPluginStart(
  owner: ServerOwner,
  { beforeStart }: Pick<LoadedPlugins, 'beforeStart'>,
): Promise<PluginStart> {
  const { pluginId } = owner;
  try {
    const found = await beforeStart(owner);
    if (found.kind === 'intact') return { found, block: null };
    const command = `run: plugboard plugin add ${pluginId}`;
    return { found, block: { kind: 'blocked', reason: 'tampered', detail: found.path, command } };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const issue = issueOf(error);
    const message = `the plugin has no folder for its data: ${issue.message}`;
    return { found: null, block: { kind: 'invalid', issues: [{ ...issue, message, plugin: pluginId }] } };
  }
}
