/**
 * Selects the grammar for the next token: that of the whole output until its end or until the first tool call is complete, and
 * that of a tool call between its opening and closing tags.
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

  /** The state of the current grammar, which the sampler reads before each token. */
  get state(): LlamaGrammarEvaluationState | undefined {
    return this.#state;
  }

  /** The opening tag of a tool call is complete, and no text has followed it yet. */
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
