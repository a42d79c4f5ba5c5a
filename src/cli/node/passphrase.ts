import { resolve } from 'node:path';
import { AppError, Secret } from '../../kernel/index.ts';
import { PASSPHRASE_VARIABLE } from '../../secrets/index.ts';

/** More than anybody's passphrase. */
const MAX_BYTES = 64 * 1024;

/** The passphrase of the key to the secrets. */
export type Passphrase = {
  /** Reads it once, whoever asks: the file may be a pipe. @throws AppError `SECRET_PASSPHRASE_REQUIRED` */
  readonly read: () => Promise<Secret>;
  readonly wasRead: () => boolean;
};

/** That of `--passphrase-file`, else of the environment; null where neither gives one. */
export function passphraseOf(
  env: Readonly<Record<string, string | undefined>>,
  { file, cwd }: { readonly file: string | null; readonly cwd: string },
): Passphrase | null {
  const text = env[PASSPHRASE_VARIABLE] ?? '';
  if (file === null && text === '') return null;
  let known: Promise<Secret> | null = null;
  const read = async (): Promise<Secret> =>
    file === null ? new Secret('passphrase', text) : readPassphrase(resolve(cwd, file));
  return { read: () => (known ??= read()), wasRead: () => known !== null };
}

/** The text of a file without the line break at its end. @throws AppError `SECRET_PASSPHRASE_REQUIRED` */
export async function readPassphrase(file: string): Promise<Secret> {
  const { readUpTo } = await import('../../secrets/node/index.ts');
  const read = await readUpTo(file, MAX_BYTES).catch((cause: unknown) => {
    throw unreadable(file, cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason');
  });
  if (read === null) throw unreadable(file, 'ENOENT');
  const passphrase = Buffer.from(read.bytes)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (passphrase !== '') return new Secret('passphrase', passphrase);
  throw new AppError('SECRET_PASSPHRASE_REQUIRED', 'the file with the passphrase is empty', {
    where: file,
    hint: 'put the passphrase into its first line',
  });
}

function unreadable(where: string, why: string): AppError {
  const isLarge = why === 'EFBIG';
  return new AppError(
    'SECRET_PASSPHRASE_REQUIRED',
    isLarge
      ? `the file with the passphrase is larger than ${MAX_BYTES / 1024} KiB`
      : `the file with the passphrase cannot be read (${why})`,
    { where, hint: isLarge ? 'name the file of the passphrase' : 'check the name and the rights of the file' },
  );
}
