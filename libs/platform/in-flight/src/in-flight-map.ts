/**
 * A map whose entries live as long as a request.
 *
 * V8 rebuilds the table of a `Map` when enough entries have been deleted; the old table keeps its entries, and a
 * reference to the new table. A full collection moves the current table to the old generation. Once that one is
 * replaced, it is garbage that the collections of the young generation take for alive, with all that it refers to:
 * what was in flight, the next table, and so on. From then on every request is copied twice and promoted, although it
 * ended long ago. Here the tables contain only keys and numbers. The values are in an array, whose elements are
 * overwritten.
 *
 * Its memory is that of the greatest number of entries at once.
 */
export class InFlightMap<K extends number | string, V> implements Iterable<[K, V]> {
  readonly #slots = new Map<K, number>();
  readonly #values: (V | undefined)[] = [];
  readonly #free: number[] = [];

  constructor(entries: Iterable<readonly [K, V]> = []) {
    for (const [key, value] of entries) this.set(key, value);
  }

  get size(): number {
    return this.#slots.size;
  }

  get(key: K): V | undefined {
    const slot = this.#slots.get(key);
    return slot === undefined ? undefined : this.#values[slot];
  }

  has(key: K): boolean {
    return this.#slots.has(key);
  }

  set(key: K, value: V): this {
    const slot = this.#slots.get(key) ?? this.#free.pop() ?? this.#values.length;
    this.#values[slot] = value;
    this.#slots.set(key, slot);
    return this;
  }

  /** @returns whether it was there. */
  delete(key: K): boolean {
    const slot = this.#slots.get(key);
    if (slot === undefined) return false;
    this.#slots.delete(key);
    this.#values[slot] = undefined;
    this.#free.push(slot);
    return true;
  }

  clear(): void {
    this.#slots.clear();
    this.#values.length = 0;
    this.#free.length = 0;
  }

  keys(): IterableIterator<K> {
    return this.#slots.keys();
  }

  *values(): Generator<V> {
    for (const slot of this.#slots.values()) yield this.#values[slot] as V;
  }

  /** In the order of insertion; entries may be deleted meanwhile, as of a `Map`. */
  *[Symbol.iterator](): Generator<[K, V]> {
    for (const [key, slot] of this.#slots) yield [key, this.#values[slot] as V];
  }
}
