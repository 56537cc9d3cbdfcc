/** The value of a label beyond the bound of {@link LabelValues}. */
export const OTHER = 'other';

const VALUES_MAX = 200;

/** Bounds the values of a label that are known only at run time, such as models. */
export class LabelValues {
  readonly #known = new Set<string>();
  readonly #max: number;

  /** @param max maximum number of distinct values. Default 200. */
  constructor(max = VALUES_MAX) {
    this.#max = max;
  }

  /** Returns the value, or `other` beyond the bound. The first values keep their label while the process runs. */
  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.#max) return OTHER;
    this.#known.add(value);
    return value;
  }
}
