/** Lets so many pieces of work run at a time; others wait for their turn, in their order. Whoever starts work bounds how many wait. */
export class Turnstile {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** @param atOnce how many pieces of work run at a time. */
  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
