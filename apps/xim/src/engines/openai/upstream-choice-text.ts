/** Separates the content, the reasoning and the `refusal` of a choice, however a server splits and names them. */
import type { Json } from './upstream-json.ts';
import { readReasoning, ThinkTagReader } from './upstream-reasoning.ts';
import { readParts, TextJoiner } from './upstream-text.ts';
import type { PartTexts } from './upstream-text.ts';

/** Reads the texts of a delta or message. */
export function readTexts(message: Json): PartTexts {
  const { content, refusal } = message;
  const texts: PartTexts =
    typeof content === 'object' && content !== null
      ? readParts(content)
      : { content: typeof content === 'string' ? content : '', reasoning: '', refusal: '' };
  texts.reasoning += readReasoning(message);
  if (typeof refusal === 'string') texts.refusal += refusal;
  return texts;
}

export class ChoiceText {
  readonly #joiners = { content: new TextJoiner(), reasoning: new TextJoiner(), refusal: new TextJoiner() };
  readonly #tags = new ThinkTagReader();

  /** Whether content is held back that may be the beginning of a tag. */
  get isHolding(): boolean {
    return this.#tags.isHolding;
  }

  /**
   * Adds the texts of a piece. @returns the texts to emit.
   * @param isLast whether no text follows, so that nothing may be held back.
   */
  push(piece: PartTexts, isLast: boolean): PartTexts {
    const { content, reasoning } = this.#tags.isDone ? piece : this.#withoutTags(piece, isLast);
    return {
      content: this.#joiners.content.push(content),
      reasoning: this.#joiners.reasoning.push(reasoning),
      refusal: this.#joiners.refusal.push(piece.refusal),
    };
  }

  /** Returns the held texts at the end of the choice. */
  end(): PartTexts {
    const { content, reasoning } = this.#withoutTags({ content: '', reasoning: '' }, true);
    return {
      content: this.#joiners.content.push(content) + this.#joiners.content.end(),
      reasoning: this.#joiners.reasoning.push(reasoning) + this.#joiners.reasoning.end(),
      refusal: this.#joiners.refusal.end(),
    };
  }

  #withoutTags({ content, reasoning }: Omit<PartTexts, 'refusal'>, isLast: boolean): Omit<PartTexts, 'refusal'> {
    const read = { content: '', reasoning };
    const take = (): void => {
      read.content += this.#tags.content;
      read.reasoning += this.#tags.reasoning;
    };
    // A server that returns reasoning separately has none in the content.
    if (reasoning !== '') this.#end(take);
    if (content !== '') {
      this.#tags.push(content);
      take();
    }
    if (isLast) this.#end(take);
    return read;
  }

  #end(take: () => void): void {
    this.#tags.end();
    take();
  }
}
