import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach } from 'vitest';
import type { PluginStoreOptions } from '../../src/marketplace/node/index.ts';
import { closeExecutor, openStores, type Stores } from './plugin-stores.ts';

/** Makes homes with their stores, and removes them after each test. */
export function useStores(): (more?: Partial<PluginStoreOptions>) => Stores {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });
  afterAll(closeExecutor);
  return (more = {}) => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'plugboard-store-')));
    folders.push(folder);
    return openStores(folder, more);
  };
}
