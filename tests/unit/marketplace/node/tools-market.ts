/** A marketplace of one plugin, for tests of the store. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { plugin, writeMarketplace } from '../../../support/marketplace-folder.ts';
import type { Stores } from '../../../support/plugin-stores.ts';

export const ECHO = { echo: { command: 'node', args: ['./echo.js'] } };
export const ID = 'tools@acme';

/** A marketplace with the plugin `tools`, in this version and with these other files. Gives its folder. */
export function market(stores: Stores, version = '1.0.0', files: Readonly<Record<string, string>> = {}): string {
  const more = { version, files: { 'echo.js': 'console.log("echo")\n', ...files } };
  return writeMarketplace(join(stores.folder, 'market'), 'acme', { tools: plugin('tools', ECHO, more) });
}

export function shaOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** What is left in staging: nothing, once everything has ended. */
export function staged({ home }: Stores): readonly string[] {
  return readdirSync(join(home, 'plugins', 'cache', '.staging'));
}
