/**
 * Who may run now on one server: read-only calls together, any other call alone, all in the order they came.
 * A writer waits for the readers before it and holds back the readers after it, so neither side starves.
 */
export type Turns = {
  /** Runs `start` when its turn comes. The returned function gives the place back, or leaves the queue. Idempotent. */
  readonly take: (mode: 'shared' | 'exclusive', start: () => void) => () => void;
  readonly waiting: () => number;
};

type Ticket = {
  readonly mode: 'shared' | 'exclusive';
  readonly start: () => void;
  state: 'waiting' | 'running' | 'done';
};

export function createTurns(): Turns {
  const queue: Ticket[] = [];
  let shared = 0;
  let exclusive = false;

  const admitNext = (): void => {
    for (;;) {
      const next = queue[0];
      if (next === undefined || exclusive) return;
      if (next.mode === 'exclusive' && shared > 0) return;
      queue.shift();
      if (next.mode === 'exclusive') exclusive = true;
      else shared += 1;
      next.state = 'running';
      next.start();
    }
  };

  const release = (ticket: Ticket): void => {
    if (ticket.state === 'waiting') queue.splice(queue.indexOf(ticket), 1);
    else if (ticket.state === 'running' && ticket.mode === 'exclusive') exclusive = false;
    else if (ticket.state === 'running') shared -= 1;
    else return;
    ticket.state = 'done';
    admitNext();
  };

  return {
    take: (mode, start) => {
      const ticket: Ticket = { mode, start, state: 'waiting' };
      queue.push(ticket);
      admitNext();
      return () => release(ticket);
    },
    waiting: () => queue.length,
  };
}
