import { privateFolder } from '../../api/node/index.ts';
import type { Executor } from '../../executors/index.ts';
import { silentLog } from '../../kernel/index.ts';
import { accountName, systemClock } from '../../kernel/node/index.ts';
import type { MarketplaceStore, PluginStore } from '../../marketplace/index.ts';
import { createMarketplaceStore, createPluginStore, type RunProgram } from '../../marketplace/node/index.ts';
import { openBundle } from '../../plugins/node/index.ts';
import { takeLock } from '../../storage/node/index.ts';
import type { CliContext } from './context.ts';

/** The plugins and marketplaces of a home, for a command. */
export type Stores = {
  readonly plugins: PluginStore;
  readonly marketplaces: MarketplaceStore;
  /** Ends what git and npm left behind. */
  readonly close: () => Promise<void>;
};

/** Reads nothing yet, and loads what runs programs only when one runs. */
export function openStores({ home, env, version }: Pick<CliContext, 'home' | 'env' | 'version'>): Stores {
  let executor: Promise<Executor> | null = null;
  const start = async (): Promise<Executor> => {
    const { createLocalExecutor } = await import('../../executors/node/index.ts');
    return createLocalExecutor({ log: silentLog });
  };
  const runProgram: RunProgram = async (program, options) => {
    executor ??= start();
    return (await executor).runProgram(program, options);
  };
  const options = { home, env, runProgram, takeLock, privateFolder, openBundle, log: silentLog };
  return {
    plugins: createPluginStore({ ...options, now: systemClock.now, account: accountName(), version }),
    marketplaces: createMarketplaceStore(options),
    close: async () => {
      if (executor !== null) await (await executor).close();
    },
  };
}
