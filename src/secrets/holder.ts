import type { KeyHolder, StoreSetting } from './types.ts';

/**
 * Where the key is to be kept, as far as that can be said without asking the keyring. What is stored stays where it is
 * unless the setting or a passphrase says otherwise: with `auto` a value must not be there in one session, and not in
 * the next one that has no keyring.
 *
 * @param current Where the key of the store is; for a home without one, where an identity file lies ready; else null.
 * @returns `any`: the keyring if it works, else a file.
 */
export function planHolder(facts: {
  readonly setting: StoreSetting;
  readonly hasPassphrase: boolean;
  readonly current: KeyHolder | null;
}): KeyHolder | 'any' {
  const { setting, hasPassphrase, current } = facts;
  if (setting === 'keyring') return 'keyring';
  if (setting === 'auto' && current === 'keyring') return 'keyring';
  if (hasPassphrase || current === 'passphrase') return 'passphrase';
  return setting === 'auto' && current === null ? 'any' : 'identity';
}
