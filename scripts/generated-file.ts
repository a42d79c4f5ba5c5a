/** Files in `docs/` that are made from the source: written, or with `--check` only compared. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * Writes `text` to `path` (relative to the repository). With `--check` on the command line nothing is written, and a file
 * that differs ends the program with exit status 1.
 */
export function writeGenerated(path: string, text: string): void {
  const file = `${ROOT}/${path}`;
  const current = existsSync(file) ? readFileSync(file, 'utf8') : null;
  if (!process.argv.includes('--check')) {
    if (current !== text) writeFileSync(file, text);
    return;
  }
  if (current === text) return;
  const script = relative(ROOT, process.argv[1] ?? '');
  process.stderr.write(`${path} is out of date; run: npm run docs (${script})\n`);
  process.exitCode = 1;
}
