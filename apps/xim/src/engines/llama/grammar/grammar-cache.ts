/** LRU cache of parsed grammars by their text: agents send the same tools with every turn. */
import type { LlamaGrammar } from 'node-llama-cpp';

const GRAMMARS_MAX = 64;

export class GrammarCache {
  readonly #create: (text: string) => Promise<LlamaGrammar>;
  readonly #known = new Map<string, Promise<LlamaGrammar>>();

  constructor(create: (text: string) => Promise<LlamaGrammar>) {
    this.#create = create;
  }

  /** @throws an Error when the grammar is invalid. */
  get(text: string): Promise<LlamaGrammar> {
    const known = this.#known.get(text);
    // Reinserted as the most recently used one.
    this.#known.delete(text);
    const grammar = known ?? this.#create(text);
    this.#known.set(text, grammar);
    for (const [oldest] of this.#known) {
      if (this.#known.size <= GRAMMARS_MAX) break;
      this.#known.delete(oldest);
    }
    return grammar;
  }
}
