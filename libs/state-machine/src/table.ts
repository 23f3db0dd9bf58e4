/** Stands for a value that was removed over the base. Told from a name that is not there by one look instead of two. */
const REMOVED = Symbol('removed');

/** A map from names to values that can be laid over another one without touching it. */
export class Table<V> {
  readonly #own = new Map<string, V | typeof REMOVED>();
  /** Names that had no value, seen from here, when they were given one. Kept only where there is a base. */
  #added: Set<string> | undefined;
  #base: Table<V> | undefined;
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
    // Most tables of an overlay are empty, and asking for a size costs less than asking for a name.
    const own = this.#own.size === 0 ? undefined : this.#own.get(name);
    if (own === undefined) return this.#base?.get(name);
    return own === REMOVED ? undefined : own;
  }

  /**
   * Sets or, with undefined, removes a name's value. A name that is set anew after its removal comes last. Whoever has
   * just asked what the value was may say so, which saves asking again; saying anything else makes the size wrong.
   */
  set(name: string, value: V | undefined, before = this.get(name)): void {
    const had = before !== undefined;
    const has = value !== undefined;
    if (had !== has) {
      this.#size += has ? 1 : -1;
      this.#own.delete(name);
      if (has && this.#base !== undefined) (this.#added ??= new Set()).add(name);
    }
    if (has) this.#own.set(name, value);
    else if (this.#base !== undefined) this.#own.set(name, REMOVED);
  }

  /** The names that have a value: the base's first, then one's own, each in the order in which they were set. */
  *names(): IterableIterator<string> {
    if (this.#base !== undefined) {
      for (const name of this.#base.names()) if (!this.#own.has(name)) yield name;
    }
    for (const [name, value] of this.#own) if (value !== REMOVED) yield name;
  }

  /** What was set here, over the base; undefined for what was removed. */
  *own(): IterableIterator<[string, V | undefined]> {
    for (const [name, value] of this.#own) yield [name, value === REMOVED ? undefined : value];
  }

  /** Whether a name was set here, over the base. */
  hasOwn(name: string): boolean {
    return this.#own.has(name);
  }

  /** Reads through to another table from now on, which has to say what the base says. */
  rebase(base: Table<V>): void {
    this.#base = base;
  }

  /** Takes over what was set in a table laid over this one. */
  absorb(overlay: Table<V>): void {
    for (const [name, value] of overlay.#own) {
      const isAdded = overlay.#added?.has(name) ?? false;
      if (value !== REMOVED && !isAdded && overlay.#base === this) {
        // It had a value before and has one now: where it stands and how many there are does not change.
        this.#own.set(name, value);
        continue;
      }
      // What went away and came back does not come back to where it was.
      if (isAdded) this.set(name, undefined);
      this.set(name, value === REMOVED ? undefined : value);
    }
  }
}
