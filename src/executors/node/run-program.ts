import type { Readable } from 'node:stream';
import type { Executor, RunOptions, RunResult } from '../executor.ts';

type Program = string | readonly [string, ...string[]];

/** Program and arguments for a command line in the words of the platform's shell. */
function argvOf(program: Program, platform: NodeJS.Platform, env: RunOptions['env']): readonly [string, ...string[]] {
  if (typeof program !== 'string') return program;
  if (platform === 'win32') return [shellOf(env), '/d', '/s', '/c', program];
  return ['/bin/sh', '-c', program];
}

function shellOf(env: RunOptions['env']): string {
  const named = env['COMSPEC'] ?? env['ComSpec'];
  return typeof named === 'string' ? named : 'cmd.exe';
}

/** Collects at most `maxBytes`; what is over is read and dropped. */
function collect(stream: Readable, maxBytes: number, onTooLarge: () => void): () => string {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  stream.on('data', (chunk: Buffer) => {
    const room = maxBytes - sizeBytes;
    if (room > 0) chunks.push(chunk.subarray(0, room));
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) onTooLarge();
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

/** @see Executor.runProgram */
export async function runProgram(
  spawn: Executor['spawn'],
  platform: NodeJS.Platform,
  options: RunOptions & { readonly program: Program },
): Promise<RunResult> {
  const { signal } = options;
  const cancelled = (): boolean => signal?.aborted === true;
  if (cancelled()) return { kind: 'failed', code: 'ECANCELED' };
  const [command, ...args] = argvOf(options.program, platform, options.env);
  const spawned = await spawn({ command, args, cwd: options.cwd, env: options.env });
  if (spawned.kind !== 'started') return spawned;
  const { child } = spawned;

  let timedOut = false;
  let tooLarge = false;
  const end = (): void => void child.endGroup({ graceMs: 0, termMs: 500 });
  const stdout = collect(child.stdout, options.maxBytes, () => {
    tooLarge = true;
    end();
  });
  const stderr = collect(child.stderr, options.maxBytes, () => {});
  const outputEnded = new Promise<void>((resolve) => child.stdout.once('close', () => resolve()));
  child.stdin.end();
  const timer = setTimeout(() => {
    timedOut = true;
    end();
  }, options.timeoutMs);
  signal?.addEventListener('abort', end);
  if (cancelled()) end();

  const exit = await child.exited;
  clearTimeout(timer);
  signal?.removeEventListener('abort', end);
  // Grandchildren that hold the pipes open are ended here; what was printed before is still read to its end.
  await child.endGroup({ graceMs: 0, termMs: 500 });
  await Promise.race([outputEnded, new Promise((resolve) => setTimeout(resolve, 500).unref())]);
  child.stdout.destroy();
  child.stderr.destroy();
  if (cancelled()) return { kind: 'failed', code: 'ECANCELED' };
  return { kind: 'ran', exit, stdout: stdout(), stderr: stderr(), timedOut, tooLarge };
}
