/** What happens next: a binary heap by time. Events of the same time come in the order in which they were added. */
export class EventQueue<T> {
  readonly #heap: { readonly at: number; readonly order: number; readonly event: T }[] = [];
  #added = 0;

  get size(): number {
    return this.#heap.length;
  }

  add(at: number, event: T): void {
    const heap = this.#heap;
    heap.push({ at, order: (this.#added += 1), event });
    for (let child = heap.length - 1; child > 0;) {
      const parent = (child - 1) >>> 1;
      if (!this.#isBefore(child, parent)) return;
      this.#swap(child, parent);
      child = parent;
    }
  }

  take(): { readonly at: number; readonly event: T } | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let parent = 0; ;) {
      const [left, right] = [2 * parent + 1, 2 * parent + 2];
      let next = parent;
      if (left < heap.length && this.#isBefore(left, next)) next = left;
      if (right < heap.length && this.#isBefore(right, next)) next = right;
      if (next === parent) return first;
      this.#swap(next, parent);
      parent = next;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [x, y] = [this.#heap[a], this.#heap[b]];
    if (x === undefined || y === undefined) return false;
    return x.at < y.at || (x.at === y.at && x.order < y.order);
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap;
    const kept = heap[a];
    heap[a] = heap[b] as (typeof heap)[number];
    heap[b] = kept as (typeof heap)[number];
  }
}
