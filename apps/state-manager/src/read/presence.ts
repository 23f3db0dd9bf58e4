/** When nodes were last heard. It is in memory only: a process that takes over has heard nobody yet. */
export class Presence {
  readonly #heardAt = new Map<string, number>();

  /** Notes that a node was heard. Returns whether that confirms it: it was the first time. */
  heard(node: string, at: number): boolean {
    const first = !this.#heardAt.has(node);
    this.#heardAt.set(node, at);
    return first;
  }

  /** In milliseconds since 1970; undefined if it was not heard since this process took over. */
  heardAt(node: string): number | undefined {
    return this.#heardAt.get(node);
  }

  isConfirmed(node: string): boolean {
    return this.#heardAt.has(node);
  }

  /** The nodes that were heard, and when. */
  all(): IterableIterator<[string, number]> {
    return this.#heardAt.entries();
  }

  forget(node: string): void {
    this.#heardAt.delete(node);
  }

  clear(): void {
    this.#heardAt.clear();
  }
}
