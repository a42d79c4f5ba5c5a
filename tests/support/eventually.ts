import { setTimeout as sleep } from 'node:timers/promises';

/** Tries until `attempt` does not throw, and gives what it gave. @throws what it threw last, after `limitMs` */
export async function eventually<T>(attempt: () => T | Promise<T>, limitMs = 15_000): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await sleep(10);
  }
}
