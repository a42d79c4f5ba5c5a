import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const WRITER = fileURLToPath(new URL('../fixtures/secrets/writer.mjs', import.meta.url));

export type WriterResult = {
  /** How long each acknowledged write took, waiting included. Milliseconds. */
  readonly tookMs: readonly number[];
  readonly kills: number;
};

/**
 * One worker that makes `writes` writes, killed again and again in the middle of one, and started again where it was.
 *
 * @param onAck Called with the number of each write, once it is acknowledged.
 * @param killAfter How many writes a process gets to acknowledge; it is killed at a random moment of the next one. null lets
 *   it live.
 */
export async function runWriter(options: {
  readonly home: string;
  readonly worker: number;
  readonly writes: number;
  readonly killAfter: number | null;
  readonly onAck: (count: number) => void;
}): Promise<WriterResult> {
  const { home, worker, writes, killAfter, onAck } = options;
  const tookMs: number[] = [];
  const progress = { next: 0, kills: 0 };
  const run = async (): Promise<void> => {
    const child = spawn(process.execPath, [WRITER, home, String(worker), String(progress.next), String(writes)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let timer: NodeJS.Timeout | undefined;
    let acknowledged = 0;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [count = '', ms = ''] = line.split(' ');
      progress.next = Number(count) + 1;
      tookMs.push(Number(ms));
      onAck(Number(count));
      acknowledged += 1;
      if (acknowledged === killAfter)
        timer = setTimeout(() => child.kill('SIGKILL'), randomInt(Math.max(2, Math.ceil(Number(ms)))));
    });
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
      child.once('close', (exit, by) => resolve([exit, by])),
    );
    clearTimeout(timer);
    if (signal === 'SIGKILL') progress.kills += 1;
    else if (code !== 0) throw new Error(`worker ${worker} ended with ${code}`);
  };
  while (progress.next < writes) await run();
  return { tookMs, kills: progress.kills };
}
