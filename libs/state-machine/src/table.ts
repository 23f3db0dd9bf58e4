/** A map from names to values that can be laid over another one without touching it. */
export class Table<V> {
  readonly #own = new Map<string, V | undefined>();
  readonly #base: Table<V> | undefined;
  #size: number;

  constructor(base?: Table<V>) {
    this.#base = base;
    this.#size = base?.size ?? 0;
  }

  /** How many names have a value. */
  get size(): number {
    return this.#size;
  }

  get(name: string): V | undefined {
    if (this.#base === undefined || this.#own.has(name)) return this.#own.get(name);
    return this.#base.get(name);
  }

  /** Sets or, with undefined, removes a name's value. A name that is set anew after its removal comes last. */
  set(name: string, value: V | undefined): void {
    const had = this.get(name) !== undefined;
    const has = value !== undefined;
    if (had !== has) {
      this.#size += has ? 1 : -1;
      this.#own.delete(name);
    }
    if (has || this.#base !== undefined) this.#own.set(name, value);
  }

  /** The names that have a value: the base's first, then one's own, each in the order in which they were set. */
  *names(): IterableIterator<string> {
    if (this.#base !== undefined) {
      for (const name of this.#base.names()) if (!this.#own.has(name)) yield name;
    }
    for (const [name, value] of this.#own) if (value !== undefined) yield name;
  }

  /** What was set here, over the base; undefined for what was removed. */
  own(): IterableIterator<[string, V | undefined]> {
    return this.#own.entries();
  }

  /** Whether a name was set here, over the base. */
  hasOwn(name: string): boolean {
    return this.#own.has(name);
  }

  /** Takes over what was set in a table laid over this one. */
  absorb(overlay: Table<V>): void {
    for (const [name, value] of overlay.own()) this.set(name, value);
  }
}
