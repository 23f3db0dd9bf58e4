import sortedBtree from 'sorted-btree';

// Node gives this CommonJS module as it is; bundlers and test runners unwrap its default export.
const BTree = 'default' in sortedBtree ? sortedBtree.default : sortedBtree;

/** A map in the order of its keys (by code unit), of which a copy costs nothing until one of the two is changed. */
export class SortedMap<V> {
  readonly #tree;

  constructor(tree = new BTree<string, V>(undefined, compare)) {
    this.#tree = tree;
  }

  get size(): number {
    return this.#tree.size;
  }

  get(key: string): V | undefined {
    return this.#tree.get(key);
  }

  /** Sets a key's value; undefined removes it. */
  put(key: string, value: V | undefined): void {
    if (value === undefined) this.#tree.delete(key);
    else this.#tree.set(key, value);
  }

  /** The entries after a key, or all of them, in order. The map must not be changed meanwhile. */
  entriesAfter(key: string | undefined): IterableIterator<[string, V]> {
    const entries = this.#tree.entries(key);
    return key === undefined || !this.#tree.has(key) ? entries : skipOne(entries);
  }

  /** The map as it is now. */
  copy(): SortedMap<V> {
    return new SortedMap(this.#tree.clone());
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function* skipOne<T>(items: IterableIterator<T>): IterableIterator<T> {
  items.next();
  yield* items;
}
