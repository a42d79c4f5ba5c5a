import { join } from 'node:path';
import type { Executor } from '../../executors/index.ts';
import type { HostSecrets } from '../../host/node/index.ts';
import type { Log } from '../../kernel/index.ts';
import { SECRETS_FILE } from '../../secrets/index.ts';
import type { CliContext } from './context.ts';

/** The secret store as a host opens it: nobody can be asked, and nothing of it is loaded before a server needs it. */
export function secretsOf(
  context: CliContext,
  how: {
    readonly runProgram: Executor['runProgram'];
    readonly log: Log;
  },
): HostSecrets {
  const { runProgram, log } = how;
  return {
    file: join(context.home, SECRETS_FILE),
    open: async (loaded) => {
      const [{ buildSecretStore, NOBODY_MS }, { eventNote }] = await Promise.all([
        import('./secret-store.ts'),
        import('../render-secrets.ts'),
      ]);
      const store = await buildSecretStore(context, {
        loaded,
        passphrase: await context.passphrase(),
        runProgram,
        waitMs: NOBODY_MS,
        onWait: () => {},
        onEvent: (event) => log('info', eventNote(event)),
      });
      return store.open();
    },
  };
}
