/** Who reads along with the stderr of which server. Nothing is kept here; each transport keeps its own last lines. */
export class StderrFeeds {
  readonly #readers = new Map<string, Set<(text: string) => void>>();

  push(server: string, text: string): void {
    for (const read of this.#readers.get(server) ?? []) read(text);
  }

  /** @returns A function that ends it. */
  follow(server: string, read: (text: string) => void): () => void {
    const readers = this.#readers.get(server) ?? new Set();
    readers.add(read);
    this.#readers.set(server, readers);
    return () => readers.delete(read);
  }
}
