import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { privateFolder } from '../../api/node/index.ts';
import type { EditPlace } from '../../config/node/index.ts';
import { takeLock } from '../../storage/node/index.ts';
import type { CliContext } from './context.ts';

/** How a file is edited: under a lock that is one for all homes of this user, since two homes may share a file. */
export function editPlace({ home }: CliContext, file: string): EditPlace {
  const folder = lockFolder(home);
  const digest = (target: string): string => createHash('sha256').update(target).digest('hex').slice(0, 16);
  return { file, lockFor: (target) => join(folder, `edit-${digest(target)}.lock`), takeLock };
}

/** That of the home only where the common one cannot be used: then editing a shared file from two homes is not safe. */
function lockFolder(home: string): string {
  const own = join(home, 'run');
  if (process.platform === 'win32') return own;
  // Not TMPDIR: it differs between callers.
  const common = join('/tmp', `plugboard-${process.getuid?.()}`);
  try {
    privateFolder(common);
    return common;
  } catch {
    return own;
  }
}
