import { InFlightMap } from './in-flight-map.ts';

/** Identifies an element of an `InFlightSet`; never used twice. */
export type Handle = number;

/** The set that belongs to `InFlightMap`: elements are deleted by the handle that `add` has returned. */
export class InFlightSet<T> implements Iterable<T> {
  readonly #elements = new InFlightMap<Handle, T>();
  #next = 0;

  get size(): number {
    return this.#elements.size;
  }

  add(element: T): Handle {
    const handle = this.#next++;
    this.#elements.set(handle, element);
    return handle;
  }

  /** @returns whether it was there. */
  delete(handle: Handle): boolean {
    return this.#elements.delete(handle);
  }

  /** In the order of insertion; elements may be deleted meanwhile, as of a `Set`. */
  [Symbol.iterator](): Iterator<T> {
    return this.#elements.values();
  }
}
