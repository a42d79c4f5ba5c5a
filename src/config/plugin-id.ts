/** The most that a name of a plugin or marketplace may have: it becomes the name of a folder. */
const MAX_NAME_LENGTH = 128;

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** True for what a plugin or marketplace may be called: letters, digits, `-`, `_` and `.`, a letter or digit first. */
export function isPluginName(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && NAME.test(name);
}

/** The parts of `name@marketplace`; null for anything else. */
export function parsePluginId(id: string): { readonly name: string; readonly marketplace: string } | null {
  const [name, marketplace, ...rest] = id.split('@');
  if (name === undefined || marketplace === undefined || rest.length > 0) return null;
  return isPluginName(name) && isPluginName(marketplace) ? { name, marketplace } : null;
}
