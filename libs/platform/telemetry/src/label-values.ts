/** Values of a metric's label that only the running platform knows, such as its models. Past a bound they all count as one. */
export const OTHER = 'other';

const VALUES_MAX = 200;

export class LabelValues {
  readonly #known = new Set<string>();
  readonly #max: number;

  /** @param max distinct values; default 200. */
  constructor(max = VALUES_MAX) {
    this.#max = max;
  }

  /** The value, or `other` when there are too many. A value keeps its label for as long as the process runs. */
  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.#max) return OTHER;
    this.#known.add(value);
    return value;
  }
}
