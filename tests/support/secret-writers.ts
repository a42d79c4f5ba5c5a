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
 * One worker that makes `writes` writes, killed at random and started again where it was.
 *
 * @param onAck Called with the number of each write, once it is acknowledged.
 * @param killAfterMs The most that a process gets to live after its first write; null lets it live.
 */
export async function runWriter(options: {
  readonly home: string;
  readonly worker: number;
  readonly writes: number;
  readonly killAfterMs: number | null;
  readonly onAck: (count: number) => void;
}): Promise<WriterResult> {
  const { home, worker, writes, killAfterMs, onAck } = options;
  const tookMs: number[] = [];
  const progress = { next: 0, kills: 0 };
  const run = async (): Promise<void> => {
    const child = spawn(process.execPath, [WRITER, home, String(worker), String(progress.next), String(writes)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let timer: NodeJS.Timeout | undefined;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [count = '', ms = ''] = line.split(' ');
      progress.next = Number(count) + 1;
      tookMs.push(Number(ms));
      onAck(Number(count));
      if (killAfterMs !== null) timer ??= setTimeout(() => child.kill('SIGKILL'), randomInt(killAfterMs));
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
