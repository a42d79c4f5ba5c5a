import { join } from 'node:path';
import type { HostSecrets } from '../../src/host/node/index.ts';

/** The secret store of a home where nothing was ever stored. */
export function noSecrets(home: string): HostSecrets {
  return {
    file: join(home, 'secrets.age'),
    open: () => Promise.reject(new Error('a store that is not there was opened')),
  };
}
