import type { Readable } from 'node:stream';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { Child, Executor, ProcessExit, ProcessSpec, SpawnFailure } from '../../executors/index.ts';
import { createLineSplitter } from '../framing.ts';
import { type EndReason, type Transport, TransportEnded, type TransportEvents } from '../transport.ts';
import { createMessageReader } from './stdio-messages.ts';
import { readStderr } from './stdio-stderr.ts';
import { createLineWriter, type LineWriter } from './stdio-writer.ts';

/** Longest message of a server. */
const LIMIT_BYTES = 64 * 1024 * 1024;
/** A server that closes a pipe is usually about to exit, and then its exit is the better reason. */
const EXIT_FOLLOWS_MS = 250;
/** Output is at its end when nothing has come for this long, though someone who left the group holds the pipe open. */
const QUIET_MS = 100;
const DRAIN_MS = 5000;

export type StdioTransportOptions = {
  readonly executor: Pick<Executor, 'spawn'>;
  readonly launch: ProcessSpec;
  /** Gets the text of stderr as it comes. May hold secrets of the server. */
  readonly onStderr?: (chunk: string) => void;
  /** Longest message in bytes. Default 64 MiB. */
  readonly limitBytes?: number;
};

type Running = { readonly child: Child; readonly writer: LineWriter; readonly tail: () => string };

/**
 * A road to a server that is a process of ours: one JSON message per line on its stdin and stdout.
 *
 * `start` that throws has not called `onEnd`. After `onEnd` the whole process group is gone, and everything the server
 * had written was handed on before.
 *
 * @see MCP 2025-11-25, basic/transports#stdio
 */
export function createStdioTransport(options: StdioTransportOptions): Transport {
  const { executor, launch, onStderr = () => {}, limitBytes = LIMIT_BYTES } = options;
  let starting: Promise<void> | null = null;
  let running: Running | null = null;
  let ending: Promise<EndReason> | null = null;
  let closeAsked = false;

  const open = async (events: TransportEvents): Promise<void> => {
    const spawned = closeAsked ? null : await executor.spawn(launch);
    if (spawned === null) throw new TransportEnded({ kind: 'closed' });
    if (spawned.kind !== 'started') throw new TransportEnded(reasonOfFailure(spawned));
    const { child } = spawned;
    if (closeAsked) {
      child.stdout.destroy();
      child.stderr.destroy();
      await child.endGroup({ graceMs: 0 });
      throw new TransportEnded({ kind: 'closed' });
    }
    running = { child, writer: createLineWriter(child.stdin), tail: readStderr(child.stderr, onStderr).tail };
    readMessages(running, events);
  };

  /** Reads until the end, whatever brings it: the first reason counts, `null` stands for the exit of the process. */
  const readMessages = (now: Running, events: TransportEvents): void => {
    const { child } = now;
    const end = (reason: EndReason | null): void => {
      ending ??= finish(now, reason).then((known) => {
        events.onEnd(known);
        return known;
      });
    };
    const endUnlessExiting = async (exit: string): Promise<void> => {
      if (ending !== null) return;
      await sleep(EXIT_FOLLOWS_MS, undefined, { ref: false });
      end({ kind: 'exited', exit, stderr: now.tail() });
    };
    const splitter = createLineSplitter({
      limitBytes,
      onLine: createMessageReader(events),
      onTooLong: () => {
        child.stdout.destroy();
        end({ kind: 'too_large', limitBytes });
      },
    });
    child.stdout.on('data', splitter.push);
    child.stdout.once('end', () => {
      splitter.end();
      void endUnlessExiting('closed its stdout');
    });
    child.stdout.on('error', () => {});
    child.stdin.once('error', () => void endUnlessExiting('closed its stdin'));
    void child.exited.then(() => end(null));
    endNow = end;
  };
  let endNow: (reason: EndReason) => void = () => {};

  return {
    start: (events) => {
      starting ??= open(events);
      return starting;
    },
    send: async (message) => {
      if (running === null) throw new TransportEnded({ kind: 'closed' });
      if (ending !== null) throw new TransportEnded(await ending);
      await running.writer.write(JSON.stringify(message));
    },
    close: async () => {
      closeAsked = true;
      await starting?.catch(() => {});
      endNow({ kind: 'closed' });
      await ending;
    },
    setProtocolVersion: () => {},
    stderrTail: () => running?.tail() ?? '',
  };
}

/** Ends the group, reads what is left, and says why it ended. */
async function finish({ child, writer, tail }: Running, reason: EndReason | null): Promise<EndReason> {
  await child.endGroup();
  await Promise.all([drained(child.stdout), drained(child.stderr)]);
  const known = reason ?? { kind: 'exited', exit: exitText(await child.exited), stderr: tail() };
  writer.fail(new TransportEnded(known));
  child.stdin.destroy();
  return known;
}

/** Waits until a pipe whose writers have been ended is read to its end, then closes it. */
async function drained(pipe: Readable): Promise<void> {
  const until = performance.now() + DRAIN_MS;
  let heard = true;
  const hear = (): void => {
    heard = true;
  };
  const closed = new Promise<void>((resolve) => pipe.once('close', resolve));
  pipe.on('data', hear);
  while (!pipe.closed && heard && performance.now() < until) {
    heard = false;
    await Promise.race([closed, sleep(QUIET_MS, undefined, { ref: false })]);
    // A timer that is late fires before the pipe is looked at: give the pipe its turn.
    if (!pipe.closed) await turn();
  }
  pipe.off('data', hear);
  pipe.destroy();
}

function exitText(exit: ProcessExit): string {
  return exit.signal === null ? `code ${exit.code ?? 0}` : `signal ${exit.signal}`;
}

function reasonOfFailure(failure: SpawnFailure): EndReason {
  switch (failure.kind) {
    case 'command_not_found':
      return { kind: 'command_not_found', command: failure.command };
    case 'cwd_not_found':
      return { kind: 'cwd_not_found', cwd: failure.cwd };
    case 'failed':
      return { kind: 'exited', exit: `not started: ${failure.code}`, stderr: '' };
    default:
      return failure satisfies never;
  }
}
