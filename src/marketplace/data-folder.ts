import { join } from 'node:path';

/** What the servers of a plugin may keep, apart from its versions: it stays when the plugin goes. Absolute. */
export function dataFolder(
  home: string,
  { name, marketplace }: { readonly name: string; readonly marketplace: string },
): string {
  return join(home, 'plugins', 'data', marketplace, name);
}
