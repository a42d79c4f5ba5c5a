import type { Input } from './command.ts';

/** Of every command that may open the secret store. */
export const PASSPHRASE_OPTION = {
  name: 'passphrase-file',
  value: 'FILE',
  help: 'file with the passphrase of the key (default: PLUGBOARD_SECRETS_PASSPHRASE)',
} as const;

/** The file that the option names; undefined without one. */
export function passphraseFileOf({ values }: Pick<Input, 'values'>): string | undefined {
  return values[PASSPHRASE_OPTION.name];
}
