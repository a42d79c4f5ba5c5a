import { statSync } from 'node:fs';

/** The same for a file as long as nobody has written it or changed who may read it. One that is not there has a stamp, too. */
export function fileStamp(file: string): string {
  try {
    const { ino, size, mode, mtimeNs } = statSync(file, { bigint: true });
    return `${ino} ${size} ${mode} ${mtimeNs}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}
