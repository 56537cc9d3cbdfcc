const problemsMax = 5;

/** Counts errors and keeps the first few distinct messages: a thousand streams can fail for one reason. */
export class ProblemList {
  count = 0;
  readonly #texts = new Set<string>();

  add(text: string): void {
    this.count += 1;
    if (this.#texts.size < problemsMax) this.#texts.add(text.slice(0, 300));
  }

  get texts(): string[] {
    return [...this.#texts];
  }
}
