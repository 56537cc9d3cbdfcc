/** A statement that is seldom used is not worth the memory that its plan takes in the server. */
const USES_UNTIL_PREPARED = 3;
const STATEMENTS_MAX = 200;
const TEXT_LENGTH_MAX = 16_384;

interface Known {
  readonly name: string;
  uses: number;
}

/**
 * The statements of one connection, and which of them are worth to be prepared: the server then parses and plans them once. Bounded,
 * since the text of some statements depends on how many rows they write.
 */
export class StatementNames {
  readonly #known = new Map<string, Known>();
  #last = 0;

  /** @returns the name of a statement that is used often, else undefined. */
  use(text: string): string | undefined {
    if (text.length > TEXT_LENGTH_MAX) return undefined;
    const known = this.#known.get(text) ?? this.#add(text);
    if (known === undefined) return undefined;
    known.uses += 1;
    return known.uses < USES_UNTIL_PREPARED ? undefined : known.name;
  }

  #add(text: string): Known | undefined {
    if (this.#known.size >= STATEMENTS_MAX && !this.#forgetOne()) return undefined;
    const added = { name: `s${(this.#last += 1)}`, uses: 0 };
    this.#known.set(text, added);
    return added;
  }

  /** The server keeps those that are prepared for as long as the connection lasts. */
  #forgetOne(): boolean {
    for (const [text, { uses }] of this.#known) {
      if (uses < USES_UNTIL_PREPARED) return this.#known.delete(text);
    }
    return false;
  }
}
