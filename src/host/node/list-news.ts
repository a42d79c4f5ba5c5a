import type { Clock } from '../../kernel/index.ts';
import type { ListKind } from '../../upstreams/index.ts';
import type { Session } from './session.ts';

/** Changes of a list are told at most this often. Milliseconds. */
const TELL_AFTER_MS = 30;

/** Tells sessions which of their lists changed, several changes at a time. */
export class ListNews {
  readonly #sessions: ReadonlySet<Session>;
  readonly #clock: Clock;
  readonly #changed = new Map<string, Set<ListKind>>();

  constructor(sessions: ReadonlySet<Session>, clock: Clock) {
    this.#sessions = sessions;
    this.#clock = clock;
  }

  add(server: string, kind: ListKind): void {
    if (this.#changed.size === 0) this.#clock.after(TELL_AFTER_MS, () => this.#tell());
    const kinds = this.#changed.get(server) ?? new Set();
    this.#changed.set(server, kinds.add(kind));
  }

  #tell(): void {
    const changes = [...this.#changed];
    this.#changed.clear();
    for (const session of this.#sessions) {
      const kinds = new Set(
        changes
          .filter(([server]) => session.server === null || session.server === server)
          .flatMap(([, listed]) => [...listed]),
      );
      if (kinds.has('tools')) session.listChanged('tools');
      if (kinds.has('resources') || kinds.has('templates')) session.listChanged('resources');
      if (kinds.has('prompts')) session.listChanged('prompts');
    }
  }
}
