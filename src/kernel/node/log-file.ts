import { closeSync, mkdirSync, openSync, renameSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** A file grows to this size, then the next one begins. Bytes. */
const MAX_BYTES = 10 * 1024 * 1024;

/** How many files are kept: `x.log`, `x.log.1` … */
const KEEP = 5;

export type LogFile = {
  /** Appends text as it is. Never throws: a full disk costs log lines, not the host. */
  readonly append: (text: string) => void;
  readonly close: () => void;
};

/** Opens a log file that rotates: 5 files of 10 MB, 0600. */
export function openLogFile(file: string): LogFile {
  let fd: number | null = null;
  let size = 0;

  const open = (): number => {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const opened = openSync(file, 'a', 0o600);
    size = statSync(file).size;
    return opened;
  };

  const rotate = (): void => {
    if (fd !== null) closeSync(fd);
    fd = null;
    for (let index = KEEP - 1; index > 0; index -= 1) {
      quietly(() => renameSync(index === 1 ? file : `${file}.${index - 1}`, `${file}.${index}`));
    }
    quietly(() => unlinkSync(`${file}.${KEEP}`));
  };

  return {
    append: (text) =>
      quietly(() => {
        if (size >= MAX_BYTES) rotate();
        fd ??= open();
        size += writeSync(fd, text);
      }),
    close: () => {
      if (fd !== null) closeSync(fd);
      fd = null;
    },
  };
}

function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // A log that cannot be written must not take anything else down; doctor reports on the folder.
  }
}
