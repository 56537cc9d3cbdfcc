/**
 * Says which grammar holds for the next token of one reply: the one of the whole reply until its end or until the first call
 * is complete, and the one of a call between the mark that opens it and the mark that closes it.
 */
import { LlamaGrammarEvaluationState } from 'node-llama-cpp';
import type { LlamaGrammar, LlamaModel } from 'node-llama-cpp';

export interface GuideGrammars {
  readonly reply: LlamaGrammar | undefined;
  readonly call: LlamaGrammar | undefined;
}

export class GrammarGuide {
  readonly #model: LlamaModel;
  readonly #grammars: GuideGrammars;
  #state: LlamaGrammarEvaluationState | undefined;
  #ofReply: boolean;

  constructor(model: LlamaModel, grammars: GuideGrammars) {
    this.#model = model;
    this.#grammars = grammars;
    this.#ofReply = grammars.reply !== undefined;
    this.#state = this.#begun(grammars.reply);
  }

  /** For the sampler, which asks before each token. */
  get state(): LlamaGrammarEvaluationState | undefined {
    return this.#state;
  }

  /** The mark that opens a call is complete, and nothing has followed it yet. */
  callOpened(): void {
    if (!this.#ofReply) this.#state = this.#begun(this.#grammars.call);
  }

  callClosed(): void {
    this.#ofReply = false;
    this.#state = undefined;
  }

  #begun(grammar: LlamaGrammar | undefined): LlamaGrammarEvaluationState | undefined {
    return grammar && new LlamaGrammarEvaluationState({ model: this.#model, grammar });
  }
}
