import type { Readable } from 'node:stream';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { Child, Executor, ProcessExit, ProcessSpec, SpawnFailure } from '../../executors/index.ts';
import type { Redact } from '../../kernel/index.ts';
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
  /** Takes the secrets that the program was given out of what it prints. */
  readonly redact?: Redact;
  /** Gets stderr by whole lines, redacted. */
  readonly onStderr?: (text: string) => void;
  /** Longest message in bytes. Default 64 MiB. */
  readonly limitBytes?: number;
};

/**
 * A road to a server that is a process of ours: one JSON message per line on its stdin and stdout.
 *
 * `start` that throws has not called `onEnd`. After `onEnd` the whole process group is gone, and everything the server
 * had written was handed on before.
 *
 * @see MCP 2025-11-25, basic/transports#stdio
 */
export function createStdioTransport(options: StdioTransportOptions): Transport {
  let starting: Promise<void> | null = null;
  let running: Running | null = null;
  let closeAsked = false;

  const open = async (events: TransportEvents): Promise<void> => {
    if (closeAsked) throw new TransportEnded({ kind: 'closed' });
    const spawned = await options.executor.spawn(options.launch);
    if (spawned.kind !== 'started') throw new TransportEnded(reasonOfFailure(spawned));
    if (closeAsked) {
      await spawned.child.endGroup({ graceMs: 0 });
      throw new TransportEnded({ kind: 'closed' });
    }
    running = run(spawned.child, events, options);
  };

  return {
    start: (events) => {
      starting ??= open(events);
      return starting;
    },
    send: async (message) => {
      if (running === null) throw new TransportEnded({ kind: 'closed' });
      const ended = running.ended();
      if (ended !== null) throw new TransportEnded(await ended);
      await running.writer.write(JSON.stringify(message));
    },
    close: async () => {
      closeAsked = true;
      await starting?.catch(() => {});
      await running?.end({ kind: 'closed' });
    },
    setProtocolVersion: () => {},
    stderrTail: () => running?.tail() ?? '',
  };
}

type Running = {
  readonly writer: LineWriter;
  readonly tail: () => string;
  /** Ends it for this reason, unless it is ending already; resolves to the reason that counts, after `onEnd`. */
  readonly end: (reason: EndReason) => Promise<EndReason>;
  /** Null while it goes on. */
  readonly ended: () => Promise<EndReason> | null;
};

/** Reads a started server until the end, whatever brings it. */
function run(child: Child, events: TransportEvents, options: StdioTransportOptions): Running {
  const { limitBytes = LIMIT_BYTES, onStderr = () => {}, redact = (text) => text } = options;
  const writer = createLineWriter(child.stdin);
  const { tail } = readStderr(child.stderr, { redact, onText: onStderr });
  let ending: Promise<EndReason> | null = null;

  /** `why` is asked when everything has been read, so that stderr is complete. */
  const end = (why: () => EndReason | Promise<EndReason>): Promise<EndReason> => {
    ending ??= (async () => {
      await child.endGroup();
      await Promise.all([drained(child.stdout), drained(child.stderr)]);
      const reason = await why();
      writer.fail(new TransportEnded(reason));
      child.stdin.destroy();
      events.onEnd(reason);
      return reason;
    })();
    return ending;
  };
  const endUnlessExiting = async (exit: string): Promise<void> => {
    if (ending !== null) return;
    await sleep(EXIT_FOLLOWS_MS, undefined, { ref: false });
    await end(() => ({ kind: 'exited', exit, stderr: tail() }));
  };

  const splitter = createLineSplitter({
    limitBytes,
    onLine: createMessageReader({ ...events, redact }),
    onTooLong: () => {
      child.stdout.destroy();
      void end(() => ({ kind: 'too_large', limitBytes }));
    },
  });
  child.stdout.on('data', splitter.push);
  child.stdout.once('end', () => {
    splitter.end();
    void endUnlessExiting('closed its stdout');
  });
  child.stdout.on('error', () => {});
  child.stdin.once('error', () => void endUnlessExiting('closed its stdin'));
  void child.exited.then((exit) => end(() => ({ kind: 'exited', exit: exitText(exit), stderr: tail() })));

  return { writer, tail, end: (reason) => end(() => reason), ended: () => ending };
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
  // Whoever reads it hears only now that there is no more.
  if (!pipe.readableEnded) await Promise.race([closed, sleep(QUIET_MS, undefined, { ref: false })]);
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
