/**
 * Encodes a conversation as the tokens of the prompt. The texts of control tokens (`<|im_end|>`) become control tokens only where
 * the chat template writes them. In a message they stay plain text, so that a message cannot end itself and forge another one.
 */
import { randomBytes } from 'node:crypto';
import type { ChatMessage } from '@xerotier/public-api/chat-completions';
import { contextLengthExceeded } from '../token-budget.ts';
import type { ChatTemplate, TemplateContext } from './chat-template.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface PromptTokenizer {
  /** @param special whether the texts of control tokens become control tokens. */
  tokenize(text: string, special: boolean, options?: 'trimLeadingSpace'): number[];
  /** The token that every prompt of this model must begin with. */
  readonly firstToken: number | undefined;
}

export class PromptEncoder {
  readonly #template: ChatTemplate;
  readonly #longestToken: number;
  readonly #tokenizer: PromptTokenizer;
  readonly #contextTokens: number;
  readonly #controlText: RegExp | undefined;

  constructor(template: ChatTemplate, vocabulary: Vocabulary, tokenizer: PromptTokenizer, contextTokens: number) {
    this.#template = template;
    this.#longestToken = vocabulary.longestToken;
    this.#tokenizer = tokenizer;
    this.#contextTokens = contextTokens;
    const texts = vocabulary.controlTexts.map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    this.#controlText = texts.length === 0 ? undefined : new RegExp(texts.join('|'), 'g');
  }

  /**
   * @throws {AppError} `inference.upstream_rejected` when the template rejects the conversation;
   * `inference.context_length_exceeded` with a lower bound of the tokens when the text is too long to fit. This is checked before
   * tokenizing, which blocks the event loop for seconds on tens of megabytes.
   */
  encode(messages: readonly ChatMessage[], context: TemplateContext = {}): number[] {
    const literals: string[] = [];
    // Unguessable, so that no message can contain it.
    const mark = `\u{e000}${randomBytes(12).toString('hex')}\u{e001}`;
    const rendered = this.#template.render(messages, context, (text) =>
      this.#controlText === undefined
        ? text
        : text.replace(this.#controlText, (literal) => {
            literals.push(literal);
            return `${mark}${literals.length - 1}${mark}`;
          }),
    );
    const tokensMin = Math.ceil(rendered.length / this.#longestToken);
    if (tokensMin > this.#contextTokens) throw contextLengthExceeded(`at least ${tokensMin}`, this.#contextTokens);
    return this.#withFirstToken(
      literals.length === 0 ? this.#tokenizer.tokenize(rendered, true) : this.#split(rendered, mark, literals),
    );
  }

  /** Every second part between the marks is the index of a literal. */
  #split(rendered: string, mark: string, literals: readonly string[]): number[] {
    return rendered.split(mark).flatMap((part, i) => {
      const text = i % 2 === 0 ? part : (literals[Number(part)] ?? '');
      return this.#tokenizer.tokenize(text, i % 2 === 0, i === 0 ? undefined : 'trimLeadingSpace');
    });
  }

  #withFirstToken(tokens: number[]): number[] {
    const { firstToken } = this.#tokenizer;
    return firstToken === undefined || tokens[0] === firstToken ? tokens : [firstToken, ...tokens];
  }
}
